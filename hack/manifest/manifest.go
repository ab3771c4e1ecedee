// SPDX-License-Identifier: Apache-2.0

// Package manifest renders the operator's chart with its defaults, for programs that apply
// manifests without Helm. The objects are in the order in which they can be applied.
package manifest

import (
	"errors"
	"slices"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
)

// Namespace is where the operator is installed. The chart has no object for it, because
// helm creates it by --create-namespace.
const Namespace = "gloo-operator"

// withPolicies is the oldest version of Kubernetes that has all that the chart can use.
const withPolicies = "v1.30.0"

// WithoutPolicies is a version of Kubernetes without admission policies. The operator then has no
// permission that only a policy limits.
const WithoutPolicies = "v1.29.0"

// crd is the kind that comes first.
const crd = "CustomResourceDefinition"

// render renders the templates in the order in which they are applied.
func render(loaded *chart.Chart, kubernetes string) ([]releaseutil.Manifest, error) {
	capabilities := chartutil.DefaultCapabilities.Copy()
	version, err := chartutil.ParseKubeVersion(kubernetes)
	if err != nil {
		return nil, err
	}
	capabilities.KubeVersion = *version
	values, err := chartutil.ToRenderValues(loaded, nil, chartutil.ReleaseOptions{
		Name: loaded.Name(), Namespace: Namespace, Revision: 1, IsInstall: true,
	}, capabilities)
	if err != nil {
		return nil, err
	}
	rendered, err := engine.Render(loaded, values)
	if err != nil {
		return nil, err
	}
	delete(rendered, loaded.Name()+"/templates/NOTES.txt")
	_, manifests, err := releaseutil.SortManifests(rendered, nil, applyOrder())
	if err == nil && (len(manifests) < 2 || manifests[0].Head.Kind != crd) {
		err = errors.New("the chart renders no CRD, or nothing else")
	}
	return manifests, err
}

// applyOrder is helm's order of installation, but CRDs and namespaces come first.
func applyOrder() releaseutil.KindSortOrder {
	first := releaseutil.KindSortOrder{crd, "Namespace"}
	rest := slices.DeleteFunc(slices.Clone(releaseutil.InstallOrder), func(kind string) bool { return slices.Contains(first, kind) })
	return append(first, rest...)
}

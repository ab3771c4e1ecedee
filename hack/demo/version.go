// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/images"
)

// versionsFor are those of Istio that the demo's nodes can run, the oldest first.
func versionsFor(o options) ([]string, error) {
	if o.real > 0 {
		return images.Versions()
	}
	return istio.Versions(), nil
}

// versionFor is the version to put into the sample; empty leaves the sample's own. On
// simulated nodes any will do: the operator answers for what it does not know.
func versionFor(o options, versions []string) (string, error) {
	if o.real == 0 {
		return o.version, nil
	}
	if o.version == "" {
		return versions[0], nil
	}
	if !slices.Contains(versions, o.version) {
		return "", fmt.Errorf("there are no images of Istio %s for real nodes: take VERSION=%s", o.version, strings.Join(versions, " or "))
	}
	return o.version, nil
}

// keepVersion puts the version of the mesh that is there already into the manifest, for
// no mesh goes back to an older one.
func keepVersion(ctx context.Context, kube client.Client, manifest *object) error {
	there := &v1.ServiceMeshController{}
	err := kube.Get(ctx, client.ObjectKeyFromObject(manifest), there)
	if err != nil || there.Spec.Version == "" {
		return client.IgnoreNotFound(err)
	}
	return unstructured.SetNestedField(manifest.Object, there.Spec.Version, "spec", "version")
}

// nextVersion is the next newer of the versions; or, for the newest, none.
func nextVersion(version string, versions []string) string {
	i := slices.Index(versions, version)
	if i < 0 || i == len(versions)-1 {
		return ""
	}
	return versions[i+1]
}

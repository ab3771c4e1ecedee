// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// chartNames are the names by which the components' charts are published.
var chartNames = map[string]string{
	v1.ComponentBase:    "base",
	v1.ComponentIstiod:  "istiod",
	v1.ComponentCNI:     "cni",
	v1.ComponentZtunnel: "ztunnel",
}

// releaseOf finds the release that the input asks for: compiled in, or else that of
// the archives.
func releaseOf(input Input) (istio.Release, error) {
	release, err := istio.Find(input.Spec.Version)
	if err == nil || input.Archives == nil {
		return release, err
	}
	return istio.Resembling(input.Spec.Version), nil
}

// chartOf tells how to load a component's chart, and what tells it from others.
func chartOf(component string, release istio.Release, archives map[string][]byte) (load func() (*helm.Chart, error), key string) {
	if release.Charts != nil {
		return func() (*helm.Chart, error) {
			return helm.Load(release.Charts, chartFolders[component], release.Version)
		}, release.Version
	}
	name := chartNames[component]
	archive, ok := archives[name]
	return func() (*helm.Chart, error) {
		if !ok {
			return nil, fmt.Errorf("no chart %s of Istio %s was fetched", name, release.Version)
		}
		return helm.LoadArchive(name, archive)
	}, release.Version + " " + hash(archive)
}

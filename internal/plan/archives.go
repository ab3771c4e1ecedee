// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// releaseOf returns the release of spec.version: the bundled one, or else that of the
// archives.
func releaseOf(input Input) (istio.Release, error) {
	release, err := istio.Find(input.Spec.Version)
	if err == nil || input.Archives == nil {
		return release, err
	}
	return istio.NearestRelease(input.Spec.Version), nil
}

// chartOf returns how to load a component's chart, and its identity in the cache.
func chartOf(name string, release istio.Release, archives map[string][]byte) (load func() (*helm.Chart, error), key string) {
	c := component.Find(name)
	if release.Charts != nil {
		return func() (*helm.Chart, error) {
			return helm.Load(release.Charts, c.Directory, release.Version)
		}, release.Version
	}
	archive, ok := archives[c.Chart]
	return func() (*helm.Chart, error) {
		if !ok {
			return nil, fmt.Errorf("chart %s of Istio %s was not fetched", c.Chart, release.Version)
		}
		return helm.LoadArchive(c.Chart, archive)
	}, release.Version + " " + hash(archive)
}

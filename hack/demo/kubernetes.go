// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// kubernetesFor returns the newest minor version of Kubernetes that a version of Istio supports,
// among those that a cluster can have. Empty is the newest of all: so it is for a version of
// Istio that is not bundled, and for one that supports none of them.
func kubernetesFor(version string) (string, error) {
	release, err := istio.Find(version)
	if unknown := (*istio.UnknownVersionError)(nil); errors.As(err, &unknown) {
		return "", nil
	}
	older, olderErr := toolchain.OlderKubernetes()
	newest, newestErr := toolchain.Kubernetes("").Version()
	if err := errors.Join(err, olderErr, newestErr); err != nil {
		return "", err
	}
	supported := func(kubernetes string) bool {
		return semver.MustParse(kubernetes).Minor() <= uint64(release.Kubernetes.Max)
	}
	i := slices.IndexFunc(older, supported)
	if i < 0 || supported(newest) {
		return "", nil
	}
	return older[i], nil
}

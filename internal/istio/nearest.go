// SPDX-License-Identifier: Apache-2.0

package istio

import "github.com/Masterminds/semver/v3"

// NearestRelease describes a version that is not bundled, without charts. It has the
// properties of the nearest bundled release: the newest of the same minor version, else the
// newest older one, else the oldest.
func NearestRelease(version string) Release {
	like := releases[0]
	wanted, err := semver.NewVersion(version)
	if err != nil {
		return Release{Version: version, Kubernetes: like.Kubernetes, GatewayAPI: like.GatewayAPI, Hub: hub}
	}
	for _, release := range releases {
		has := semver.MustParse(release.Version)
		if !has.GreaterThan(wanted) || has.Major() == wanted.Major() && has.Minor() == wanted.Minor() {
			like = release
		}
	}
	return Release{Version: version, Kubernetes: like.Kubernetes, GatewayAPI: like.GatewayAPI, Hub: hub}
}

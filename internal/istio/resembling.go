// SPDX-License-Identifier: Apache-2.0

package istio

import "github.com/Masterminds/semver/v3"

// Resembling describes a release that is not compiled in after the one that is
// nearest: the newest of the same minor version, else the newest that is older, else
// the oldest. It has no charts.
func Resembling(version string) Release {
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

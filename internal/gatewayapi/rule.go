// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"

	"github.com/Masterminds/semver/v3"
)

const (
	// Group is the API group of the Gateway API.
	Group = "gateway.networking.k8s.io"
	// VersionAnnotation is on each of its CRDs and tells the bundle's version:
	// https://gateway-api.sigs.k8s.io/concepts/versioning/.
	VersionAnnotation = Group + "/bundle-version"
	// ChannelAnnotation tells the bundle's channel, standard or experimental.
	ChannelAnnotation = Group + "/channel"
)

// Installed is one Gateway API CRD that the cluster has.
type Installed struct {
	// Name of the CRD.
	Name string
	// Version and Channel of its bundle, empty where the CRD does not tell.
	Version, Channel string
	// Owned by this operator.
	Owned bool
}

// Decide tells whether the bundle of that version is to be installed where the
// cluster has those CRDs.
//
// A bundle belongs to one owner: where anybody else's Gateway API CRD exists, all
// of them are left as they are, whatever their version, since the users' routes
// hang on them. Our own are never replaced by an older bundle, as the versioning
// policy of the Gateway API asks:
// https://gateway-api.sigs.k8s.io/concepts/crd-management/.
func Decide(wanted string, installed []Installed) bool {
	return !slices.ContainsFunc(installed, func(i Installed) bool { return !i.Owned || newer(i.Version, wanted) })
}

func newer(a, b string) bool {
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	return errA == nil && errB == nil && va.GreaterThan(vb)
}

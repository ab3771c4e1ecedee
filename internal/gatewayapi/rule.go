// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"

	"github.com/Masterminds/semver/v3"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

const (
	// Group is the API group of the Gateway API.
	Group = "gateway.networking.k8s.io"
	// VersionAnnotation on each of its CRDs is the bundle's version:
	// https://gateway-api.sigs.k8s.io/concepts/versioning/.
	VersionAnnotation = Group + "/bundle-version"
	// ChannelAnnotation is the bundle's channel, standard or experimental.
	ChannelAnnotation = Group + "/channel"
	// Experimental is the channel whose kinds and fields may change with any release.
	Experimental = "experimental"
)

// Installed is a Gateway API CRD in the cluster.
type Installed struct {
	// Name of the CRD.
	Name string
	// Version and Channel are those of its bundle. Empty: it has no such annotation.
	Version, Channel string
	// Owned reports whether this operator manages it, and no Helm release does.
	Owned bool
}

// Decide reports whether to install the bundle of that version in a cluster with those
// CRDs.
//
// A bundle has one owner: with Auto, if any of the cluster's Gateway API CRDs is not managed
// by this operator, all stay unchanged, since users' routes depend on them. With Manage, the
// operator takes them over unless they are newer, experimental or of unknown version. CRDs
// are never downgraded, as the Gateway API's versioning policy requires:
// https://gateway-api.sigs.k8s.io/concepts/crd-management/.
func Decide(mode v1.GatewayAPIMode, wanted string, installed []Installed) bool {
	if mode == v1.GatewayAPIIgnore {
		return false
	}
	return !slices.ContainsFunc(installed, func(i Installed) bool {
		return newer(i.Version, wanted) || !i.Owned && (mode != v1.GatewayAPIManage || !Replaceable(i.Version, i.Channel))
	})
}

// Replaceable reports whether a CRD with these annotations, which this operator does not
// manage, may be replaced by one of the standard channel that is not older. One of the
// experimental channel may have fields in use that the standard channel lacks. Without a
// version it is unknown which of the two is older.
func Replaceable(version, channel string) bool {
	_, err := semver.NewVersion(version)
	return err == nil && channel != Experimental
}

func newer(a, b string) bool {
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	return errA == nil && errB == nil && va.GreaterThan(vb)
}

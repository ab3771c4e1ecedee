// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"slices"
	"strings"

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

// Decision tells whether a bundle is to be installed.
type Decision struct {
	// Install the bundle.
	Install bool
	// Message says why it is not installed, and what that means. Empty otherwise.
	Message string
}

// Decide tells whether the bundle of that version is to be installed where the
// cluster has those CRDs.
//
// A bundle belongs to one owner: where anybody else's Gateway API CRD exists, all
// of them are left as they are, whatever their version, since the users' routes
// hang on them. Our own are never replaced by an older bundle, as the versioning
// policy of the Gateway API asks:
// https://gateway-api.sigs.k8s.io/concepts/crd-management/.
func Decide(wanted string, installed []Installed) Decision {
	foreign := slices.DeleteFunc(slices.Clone(installed), func(i Installed) bool { return i.Owned })
	if len(foreign) > 0 {
		return Decision{Message: fmt.Sprintf(
			"the cluster's own Gateway API CRDs (%s) are left as they are; this Istio was made for %s", describe(foreign), wanted)}
	}
	for _, i := range installed {
		if newer(i.Version, wanted) {
			return Decision{Message: fmt.Sprintf("Gateway API %s is installed and newer than %s, for which this Istio was made: kept", i.Version, wanted)}
		}
	}
	return Decision{Install: true}
}

func newer(a, b string) bool {
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	return errA == nil && errB == nil && va.GreaterThan(vb)
}

// describe names the versions and channels that occur, such as "v1.2.0 standard".
func describe(installed []Installed) string {
	var kinds []string
	for _, i := range installed {
		kind := strings.TrimSpace(i.Version + " " + i.Channel)
		if kind == "" {
			kind = "unknown version"
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return strings.Join(kinds, ", ")
}

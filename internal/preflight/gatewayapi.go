// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

const (
	crdManagement = "https://gateway-api.sigs.k8s.io/guides/crd-management/"
	applyBundle   = "kubectl apply --server-side -f https://github.com/kubernetes-sigs/gateway-api/releases/download/<gateway-api>/standard-install.yaml"
	// GuardPolicy is the name of the policy by which the Gateway API, since v1.5,
	// refuses older and experimental bundles.
	GuardPolicy = "safe-upgrades.gateway.networking.k8s.io"
	// GatewayClassCRD is the name of the CRD of GatewayClasses.
	GatewayClassCRD = "gatewayclasses.gateway.networking.k8s.io"
)

var gatewayAPIChecks = []Check{
	{
		Reason: v1.ReasonGatewayAPIOlder,
		Title:  "The cluster's Gateway API CRDs are older than this Istio was made for",
		Why:    "they are somebody else's and left as they are; kinds and fields that they lack cannot be used",
		Mend:   "upgrade them: " + applyBundle,
		Source: crdManagement,
		Find: func(f Facts, m Mesh) string {
			return foreignBundle(f, "older", func(crd GatewayCRD) bool { return compare(crd.Version, m.GatewayAPI) < 0 })
		},
	},
	{
		Reason: v1.ReasonGatewayAPINewer,
		Title:  "The cluster's Gateway API CRDs are newer than this Istio was made for",
		Why:    "they are left as they are, since a CRD never goes back; this Istio was not tested with them",
		Mend:   "nothing has to be done; a newer Istio in spec.version may have been made for them",
		Source: crdManagement,
		Find: func(f Facts, m Mesh) string {
			newer := func(crd GatewayCRD) bool { return compare(crd.Version, m.GatewayAPI) > 0 }
			if i := slices.IndexFunc(f.GatewayAPI, func(crd GatewayCRD) bool { return crd.Owned && newer(crd) }); i >= 0 {
				return fmt.Sprintf("the Gateway API CRDs are %s, newer than %s", f.GatewayAPI[i].Version, m.GatewayAPI)
			}
			return foreignBundle(f, "newer", newer)
		},
	},
	{
		Reason: v1.ReasonGatewayAPIExperimental,
		Title:  "The cluster's Gateway API CRDs are of the experimental channel",
		Why:    "they are somebody else's and left as they are; experimental kinds and fields can change or go with any release",
		Mend:   "nothing has to be done; to go back to the standard channel later, delete what uses experimental fields first",
		Source: "https://gateway-api.sigs.k8s.io/concepts/versioning/#release-channels",
		Find: func(f Facts, _ Mesh) string {
			return foreignBundle(f, "experimental", func(crd GatewayCRD) bool { return crd.Channel == "experimental" })
		},
	},
	{
		Reason: v1.ReasonGatewayAPIGuarded, Blocking: true,
		Title: "A policy refuses the Gateway API CRDs that this Istio was made for",
		Why:   "the API server would refuse every one of them",
		Mend: "install newer ones yourself, as the policy asks, or remove it: kubectl delete validatingadmissionpolicybinding,validatingadmissionpolicy " +
			GuardPolicy,
		Source: "config/crd/standard/gateway.networking.k8s.io_vap_safeupgrades.yaml of the Gateway API",
		Find: func(f Facts, m Mesh) string {
			guard, errGuard := semver.NewVersion(f.GatewayGuard)
			wanted, errWanted := semver.NewVersion(m.GatewayAPI)
			if errGuard != nil || errWanted != nil || !m.GatewayAPIInstalled || wanted.Major() == guard.Major() && wanted.Minor() >= guard.Minor() {
				return ""
			}
			return fmt.Sprintf("the ValidatingAdmissionPolicy %s, of %s, refuses the Gateway API %s", GuardPolicy, f.GatewayGuard, m.GatewayAPI)
		},
	},
	{
		Reason: v1.ReasonGatewayClassTaken,
		Title:  "A GatewayClass of Istio's name belongs to another controller",
		Why:    "istiod leaves Gateways and waypoints of that class to the other controller",
		Mend:   "delete the GatewayClass: istiod makes it anew",
		Source: "pilot/pkg/config/kube/gateway/gatewayclass.go of Istio",
		Find: func(f Facts, _ Mesh) string {
			for _, name := range istioClasses {
				if controller, found := f.GatewayClasses[name]; found && !strings.HasPrefix(controller, "istio.io/") {
					return fmt.Sprintf("GatewayClass %s belongs to the controller %s", name, controller)
				}
			}
			return ""
		},
	},
}

// istioClasses are the GatewayClasses that istiod makes.
var istioClasses = []string{"istio", "istio-remote", "istio-waypoint", "istio-east-west"}

// foreignBundle says that Gateway API CRDs of somebody else are as the test asks.
func foreignBundle(f Facts, what string, is func(GatewayCRD) bool) string {
	for _, crd := range f.GatewayAPI {
		if !crd.Owned && is(crd) {
			return fmt.Sprintf("the cluster's own Gateway API CRDs are %s: %s", what, strings.TrimSpace(crd.Version+" "+crd.Channel))
		}
	}
	return ""
}

// compare compares two versions; versions that cannot be read are equal to any.
func compare(a, b string) int {
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	if errA != nil || errB != nil {
		return 0
	}
	return va.Compare(vb)
}

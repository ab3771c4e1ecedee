// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

const (
	crdManagement = "https://gateway-api.sigs.k8s.io/guides/crd-management/"
	applyBundle   = "kubectl apply --server-side -f https://github.com/kubernetes-sigs/gateway-api/releases/download/<gateway-api>/standard-install.yaml"
	// SafeUpgradePolicy is the name of the ValidatingAdmissionPolicy with which the Gateway
	// API, since v1.5, refuses older and experimental bundles.
	SafeUpgradePolicy = "safe-upgrades.gateway.networking.k8s.io"
	// GatewayClassCRD is the name of the CRD of GatewayClasses.
	GatewayClassCRD = "gatewayclasses.gateway.networking.k8s.io"
	// experimental is the channel of CRDs that may change with any release.
	experimental = "experimental"
)

var gatewayAPIChecks = []Check{
	{
		Reason: v1.ReasonGatewayAPIOlder,
		Title:  "The cluster's Gateway API CRDs are older than this Istio was built for",
		Why:    "they are not managed by this operator and stay unchanged; kinds and fields that they lack cannot be used",
		Fix:    "set spec.gatewayAPI to Manage, or upgrade them: " + applyBundle,
		Source: crdManagement,
		Find: func(f Facts, m Mesh) string {
			if m.GatewayAPIInstalled {
				return ""
			}
			return foreignBundle(f, "older", func(crd GatewayCRD) bool { return compare(crd.Version, m.GatewayAPI) < 0 })
		},
	},
	{
		Reason: v1.ReasonGatewayAPINewer,
		Title:  "The cluster's Gateway API CRDs are newer than this Istio was built for",
		Why:    "they stay unchanged, since CRDs are never downgraded; this Istio was not tested with them",
		Fix:    "no action is needed; a newer Istio in spec.version may be built for them",
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
		Why:    "they are not managed by this operator and stay unchanged; experimental kinds and fields can change or disappear with any release",
		Fix:    "no action is needed; before a return to the standard channel, delete the objects that use experimental fields",
		Source: "https://gateway-api.sigs.k8s.io/concepts/versioning/#release-channels",
		Find: func(f Facts, _ Mesh) string {
			return foreignBundle(f, experimental, func(crd GatewayCRD) bool { return crd.Channel == experimental })
		},
	},
	{
		Reason: v1.ReasonGatewayAPIUnversioned,
		Title:  "spec.gatewayAPI is Manage, and the version of the cluster's Gateway API CRDs is unknown",
		Why:    "they may be newer, so they are not taken over",
		Fix:    "upgrade them to a bundle with a version: " + applyBundle,
		Source: "https://gateway-api.sigs.k8s.io/concepts/versioning/",
		Find: func(f Facts, m Mesh) string {
			for _, crd := range f.GatewayAPI {
				_, err := semver.NewVersion(crd.Version)
				if m.GatewayAPIMode == v1.GatewayAPIManage && !crd.Owned && crd.Channel != experimental && err != nil {
					return fmt.Sprintf("the CRD %s has no valid version in the annotation %s", crd.Name, bundleVersion)
				}
			}
			return ""
		},
	},
	{
		Reason: v1.ReasonGatewayAPIMissing,
		Title:  "spec.gatewayAPI is Ignore, and the cluster has no Gateway API CRDs",
		Why:    "waypoints, gateways and their routes cannot be created",
		Fix:    "set spec.gatewayAPI to Auto, or install them: " + applyBundle,
		Source: "https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#setup",
		Find: func(f Facts, m Mesh) string {
			if m.GatewayAPIMode != v1.GatewayAPIIgnore {
				return ""
			}
			missing := slices.DeleteFunc(slices.Clone(requiredCRDs), func(name string) bool {
				return slices.ContainsFunc(f.GatewayAPI, func(crd GatewayCRD) bool { return crd.Name == name })
			})
			if len(missing) == 0 {
				return ""
			}
			return "the cluster has no CRD " + wording.List(missing)
		},
	},
	{
		Reason: v1.ReasonGatewayAPIGuarded, Blocking: true,
		Title: "A policy refuses the Gateway API CRDs that this Istio was built for",
		Why:   "the API server would reject all of them",
		Fix: "install newer CRDs yourself, or remove the policy: kubectl delete validatingadmissionpolicybinding,validatingadmissionpolicy " +
			SafeUpgradePolicy,
		Source: "config/crd/standard/gateway.networking.k8s.io_vap_safeupgrades.yaml of the Gateway API",
		Find: func(f Facts, m Mesh) string {
			guard, errGuard := semver.NewVersion(f.SafeUpgradeVersion)
			wanted, errWanted := semver.NewVersion(m.GatewayAPI)
			if errGuard != nil || errWanted != nil || !m.GatewayAPIInstalled || wanted.Major() == guard.Major() && wanted.Minor() >= guard.Minor() {
				return ""
			}
			return fmt.Sprintf("the ValidatingAdmissionPolicy %s, of %s, refuses the Gateway API %s", SafeUpgradePolicy, f.SafeUpgradeVersion, m.GatewayAPI)
		},
	},
	{
		Reason: v1.ReasonGatewayClassTaken,
		Title:  "A GatewayClass of Istio's name belongs to another controller",
		Why:    "istiod leaves Gateways and waypoints of that class to the other controller",
		Fix:    "delete the GatewayClass: istiod creates it again",
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

// requiredCRDs are those without which istiod serves no Gateway, and so no waypoint.
var requiredCRDs = []string{GatewayClassCRD, "gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io"}

// istioClasses are the GatewayClasses that istiod creates.
var istioClasses = []string{"istio", "istio-remote", "istio-waypoint", "istio-east-west"}

// foreignBundle reports the first Gateway API CRD that this operator does not manage and
// for which is returns true.
func foreignBundle(f Facts, what string, is func(GatewayCRD) bool) string {
	for _, crd := range f.GatewayAPI {
		if !crd.Owned && is(crd) {
			return fmt.Sprintf("the cluster's own Gateway API CRDs are %s: %s", what, strings.TrimSpace(crd.Version+" "+crd.Channel))
		}
	}
	return ""
}

// compare compares two versions. A version that is not valid equals any other.
func compare(a, b string) int {
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	if errA != nil || errB != nil {
		return 0
	}
	return va.Compare(vb)
}

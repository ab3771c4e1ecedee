// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"slices"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

const (
	ciliumIstio   = "https://docs.cilium.io/en/stable/network/servicemesh/istio/"
	prerequisites = "https://istio.io/latest/docs/ambient/install/platform-prerequisites/#cilium"
)

// The keys of Cilium's ConfigMap that matter.
const (
	keyExclusive   = "cni-exclusive"
	keyKubeProxy   = "kube-proxy-replacement"
	keyHostOnly    = "bpf-lb-sock-hostns-only"
	keyMasquerade  = "enable-bpf-masquerade"
	keyZtunnel     = "enable-ztunnel"
	keyPolicy      = "enable-policy"
	upgradeCilium  = "helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set "
	restartsCilium = " && kubectl -n kube-system rollout restart daemonset cilium"
)

var ciliumChecks = []Check{
	{
		Reason: v1.ReasonCiliumExclusive, Blocking: true,
		Title:  "Cilium removes other CNI plugins",
		Why:    "Cilium would remove istio-cni's configuration, and no pod would be captured",
		Fix:    "run: " + upgradeCilium + "cni.exclusive=false" + restartsCilium,
		Source: prerequisites,
		Find: func(f Facts, m Mesh) string {
			if f.Cilium == nil || !m.CNI || f.Cilium[keyExclusive] == "false" {
				return ""
			}
			return `cni-exclusive is not "false" in ConfigMap kube-system/cilium-config`
		},
	},
	{
		Reason: v1.ReasonCiliumZtunnel, Blocking: true,
		Title:  "Cilium runs a ztunnel of its own",
		Why:    "both redirect the traffic of pods to a ztunnel through the same ports, and only one of them can",
		Fix:    "use Sidecar as spec.dataplaneMode, or run: " + upgradeCilium + "encryption.enabled=false" + restartsCilium,
		Source: "https://docs.cilium.io/en/latest/security/network/encryption-ztunnel/, and https://github.com/cilium/cilium/issues/42819",
		Find: func(f Facts, m Mesh) string {
			if !m.Ztunnel || f.Cilium[keyZtunnel] != "true" {
				return ""
			}
			return `enable-ztunnel is "true" in ConfigMap kube-system/cilium-config`
		},
	},
	{
		Reason: v1.ReasonCiliumDefaultDeny,
		Title:  "Cilium denies the kubelet's probes of ambient pods",
		Why:    "ambient sends the probes from the link-local address 169.254.7.127, so pods of the mesh become unready",
		Fix:    "create a CiliumClusterwideNetworkPolicy that allows ingress from 169.254.7.127/32 to all pods, as in docs/preflight.md",
		Source: prerequisites + ", and https://github.com/istio/istio/issues/49277",
		Find: func(f Facts, m Mesh) string {
			if !m.Ztunnel || slices.ContainsFunc(f.CiliumPolicies, func(p CiliumPolicy) bool { return p.AllowsProbes }) {
				return ""
			}
			if f.Cilium[keyPolicy] == "always" {
				return `enable-policy is "always" in ConfigMap kube-system/cilium-config`
			}
			for _, policy := range f.CiliumPolicies {
				if policy.DeniesIngress {
					return fmt.Sprintf("CiliumClusterwideNetworkPolicy %s denies ingress by default", policy.Name)
				}
			}
			return ""
		},
	},
	{
		Reason: v1.ReasonCiliumSocketLB,
		Title:  "Cilium's kube-proxy replacement balances inside pods",
		Why:    "connections go to a pod's address before ztunnel or a sidecar sees the service, and bypass waypoints and policies",
		Fix:    "run: " + upgradeCilium + "socketLB.hostNamespaceOnly=true" + restartsCilium,
		Source: ciliumIstio,
		Find: func(f Facts, _ Mesh) string {
			replaces := slices.Contains([]string{"true", "strict", "partial", "probe"}, f.Cilium[keyKubeProxy])
			if !replaces || f.Cilium[keyHostOnly] == "true" {
				return ""
			}
			return `kube-proxy-replacement is on and bpf-lb-sock-hostns-only is not "true" in ConfigMap kube-system/cilium-config`
		},
	},
	{
		Reason: v1.ReasonCiliumMasquerade,
		Title:  "Cilium masquerades by BPF",
		Why:    "replies to the kubelet's probes, which ambient sends from the link-local address 169.254.7.127, are lost, and pods of the mesh become unready",
		Fix:    "run: " + upgradeCilium + "bpf.masquerade=false" + restartsCilium,
		Source: prerequisites,
		Find: func(f Facts, m Mesh) string {
			if !m.Ztunnel || f.Cilium[keyMasquerade] != "true" {
				return ""
			}
			return `enable-bpf-masquerade is "true" in ConfigMap kube-system/cilium-config`
		},
	},
}

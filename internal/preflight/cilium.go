// SPDX-License-Identifier: Apache-2.0

package preflight

import (
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
	upgradeCilium  = "helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set "
	restartsCilium = " && kubectl -n kube-system rollout restart daemonset cilium"
)

var ciliumChecks = []Check{
	{
		Reason: v1.ReasonCiliumExclusive, Blocking: true,
		Title:  "Cilium removes other CNI plugins",
		Why:    "Cilium would take istio-cni's configuration away again, and no pod would be captured",
		Mend:   "run: " + upgradeCilium + "cni.exclusive=false" + restartsCilium,
		Source: prerequisites,
		Find: func(f Facts, m Mesh) string {
			if f.Cilium == nil || !m.CNI || f.Cilium[keyExclusive] == "false" {
				return ""
			}
			return `cni-exclusive is not "false" in ConfigMap kube-system/cilium-config`
		},
	},
	{
		Reason: v1.ReasonCiliumSocketLB,
		Title:  "Cilium's kube-proxy replacement balances inside pods",
		Why:    "connections go to a pod's address before ztunnel or a sidecar sees the service, and go past waypoints and policies",
		Mend:   "run: " + upgradeCilium + "socketLB.hostNamespaceOnly=true" + restartsCilium,
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
		Why:    "the answers to the kubelet's probes, which ambient sends from the link-local address 169.254.7.127, get lost, and pods of the mesh turn unready",
		Mend:   "run: " + upgradeCilium + "bpf.masquerade=false" + restartsCilium,
		Source: prerequisites,
		Find: func(f Facts, m Mesh) string {
			if !m.Ztunnel || f.Cilium[keyMasquerade] != "true" {
				return ""
			}
			return `enable-bpf-masquerade is "true" in ConfigMap kube-system/cilium-config`
		},
	},
}

// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// nodeCritical is the priority class of istio-cni's and ztunnel's pods.
const nodeCritical = "system-node-critical"

var namespaceChecks = []Check{
	{
		Reason: v1.ReasonNamespaceRestricted, Blocking: true,
		Title:  "The install namespace forbids privileged pods",
		Why:    "istio-cni and ztunnel mount host directories and change network namespaces, so none of their pods could be created",
		Fix:    "run: kubectl label namespace <namespace> pod-security.kubernetes.io/enforce=privileged --overwrite",
		Source: "https://kubernetes.io/docs/concepts/security/pod-security-standards/, and the DaemonSets of Istio's charts",
		Find: func(f Facts, m Mesh) string {
			if f.PodSecurity == "" || f.PodSecurity == "privileged" || !m.CNI && !m.Ztunnel {
				return ""
			}
			return fmt.Sprintf("namespace %s enforces the Pod Security level %s", m.Namespace, f.PodSecurity)
		},
	},
	{
		Reason: v1.ReasonQuotaTooSmall, Blocking: true,
		Title:  "A quota leaves no room for istio-cni and ztunnel",
		Why:    "each node needs one pod of each of them, with the priority class " + nodeCritical,
		Fix:    "raise or delete the quota: kubectl -n <namespace> edit resourcequota",
		Source: "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
		Find: func(f Facts, m Mesh) string {
			needed := podsNeeded(f, m)
			for _, quota := range f.Quotas {
				if most, limited := podLimit(quota); limited && most < needed {
					return fmt.Sprintf("ResourceQuota %s/%s allows %d pods, and the nodes need %d", m.Namespace, quota.Name, most, needed)
				}
			}
			return ""
		},
	},
	{
		Reason: v1.ReasonIstiodUnreachable,
		Title:  "NetworkPolicies of the install namespace cut istiod off",
		Why:    "proxies in other namespaces get no configuration, or the API server cannot ask istiod's webhooks",
		Fix:    "allow ingress from all sources to istiod on ports 15012 and 15017; newer releases of Istio add such a policy with global.networkPolicy.enabled in the values",
		Source: "https://istio.io/latest/docs/setup/additional-setup/network-policy/",
		Find:   refusals,
	},
	{
		Reason: v1.ReasonPullSecretMissing,
		Title:  "A pull secret does not exist",
		Why:    "images that need it cannot be pulled",
		Fix:    "create it: kubectl -n <namespace> create secret docker-registry NAME --docker-server=… --docker-username=… --docker-password=…",
		Source: "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/",
		Find: func(f Facts, m Mesh) string {
			missing := slices.DeleteFunc(slices.Clone(m.PullSecrets), func(name string) bool { return slices.Contains(f.PullSecrets, name) })
			if len(missing) == 0 {
				return ""
			}
			return fmt.Sprintf("namespace %s has no secret %s, which spec.image.secrets names", m.Namespace, wording.List(missing))
		},
	},
}

// podsNeeded returns the number of the mesh's pods with priority class
// system-node-critical.
func podsNeeded(f Facts, m Mesh) int64 {
	linux, kinds := 0, 0
	for _, node := range f.Nodes {
		if node.OS == "" || node.OS == "linux" {
			linux++
		}
	}
	for _, part := range []bool{m.CNI, m.Ztunnel} {
		if part {
			kinds++
		}
	}
	return int64(linux * kinds)
}

// podLimit returns how many pods with priority class system-node-critical the quota allows.
// It is not limited if the quota counts none of them.
func podLimit(quota corev1.ResourceQuota) (most int64, limited bool) {
	if !countsNodeCritical(quota.Spec) {
		return 0, false
	}
	most = math.MaxInt64
	for _, name := range []corev1.ResourceName{corev1.ResourcePods, "count/pods"} {
		if hard, ok := quota.Spec.Hard[name]; ok {
			most, limited = min(most, hard.Value()), true
		}
	}
	return most, limited
}

// countsNodeCritical reports whether every scope of the quota matches long-running pods of
// that priority class with requests, as those of istio-cni and ztunnel:
// https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes.
func countsNodeCritical(spec corev1.ResourceQuotaSpec) bool {
	outside := []corev1.ResourceQuotaScope{
		corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeBestEffort, corev1.ResourceQuotaScopeCrossNamespacePodAffinity,
	}
	if slices.ContainsFunc(spec.Scopes, func(s corev1.ResourceQuotaScope) bool { return slices.Contains(outside, s) }) {
		return false
	}
	if spec.ScopeSelector == nil {
		return true
	}
	return !slices.ContainsFunc(spec.ScopeSelector.MatchExpressions, func(r corev1.ScopedResourceSelectorRequirement) bool {
		if r.ScopeName != corev1.ResourceQuotaScopePriorityClass {
			return slices.Contains(outside, r.ScopeName)
		}
		named := slices.Contains(r.Values, nodeCritical)
		return r.Operator == corev1.ScopeSelectorOpIn && !named || r.Operator == corev1.ScopeSelectorOpNotIn && named ||
			r.Operator == corev1.ScopeSelectorOpDoesNotExist
	})
}

// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// CiliumPolicyCRD is the name of the CRD of Cilium's cluster-wide network policies.
const CiliumPolicyCRD = "ciliumclusterwidenetworkpolicies.cilium.io"

// probeSource is the address from which ambient sends the kubelet's probes to pods:
// cni/pkg/config of Istio, HOST_PROBE_SNAT_IP.
var probeSource = netip.MustParseAddr("169.254.7.127")

// CiliumPolicy is what the checks ask about a CiliumClusterwideNetworkPolicy.
type CiliumPolicy struct {
	Name string
	// DeniesIngress reports whether it denies ingress that no policy allows, to pods that
	// it does not choose by labels of their own.
	DeniesIngress bool
	// AllowsProbes reports whether it allows ambient's probes to such pods.
	AllowsProbes bool
}

// The fields in which trimCiliumPolicy keeps these two.
const (
	deniesIngress = "deniesIngress"
	allowsProbes  = "allowsProbes"
)

// trimCiliumPolicy keeps what the checks ask: policies can be large.
func trimCiliumPolicy(object any) (any, error) {
	full, ok := object.(*unstructured.Unstructured)
	if !ok {
		return object, nil
	}
	kept := named(full)
	for _, rule := range ciliumRules(full.Object) {
		if !selectsWidely(rule) {
			continue
		}
		if deniesByDefault(rule) {
			kept.Object[deniesIngress] = true
		}
		if slices.ContainsFunc(entriesOf(rule["ingress"]), admitsProbes) {
			kept.Object[allowsProbes] = true
		}
	}
	return kept, nil
}

func ciliumPolicyOf(kept *unstructured.Unstructured) CiliumPolicy {
	return CiliumPolicy{
		Name:          kept.GetName(),
		DeniesIngress: kept.Object[deniesIngress] == true,
		AllowsProbes:  kept.Object[allowsProbes] == true,
	}
}

// ciliumRules lists the rules of a policy: https://docs.cilium.io/en/stable/network/kubernetes/policy/.
func ciliumRules(policy map[string]any) []map[string]any {
	rules := entriesOf(policy["specs"])
	if spec, ok := policy["spec"].(map[string]any); ok {
		rules = append(rules, spec)
	}
	return rules
}

// selectsWidely reports whether the endpoint selector requires no label of a certain value,
// as that of all pods, or of all but those in kube-system.
func selectsWidely(rule map[string]any) bool {
	selector, ok := rule["endpointSelector"].(map[string]any)
	if !ok {
		return false // It selects nodes.
	}
	labels, _ := selector["matchLabels"].(map[string]any)
	return len(labels) == 0 && !slices.ContainsFunc(entriesOf(selector["matchExpressions"]), func(e map[string]any) bool { return e["operator"] == "In" })
}

// deniesByDefault follows Cilium: a rule with a section for ingress denies all other ingress,
// unless it says otherwise: https://docs.cilium.io/en/stable/security/policy/intro/#policy-enforcement-modes.
func deniesByDefault(rule map[string]any) bool {
	if explicit, found, err := unstructured.NestedBool(rule, "enableDefaultDeny", "ingress"); found && err == nil {
		return explicit
	}
	return len(entriesOf(rule["ingress"]))+len(entriesOf(rule["ingressDeny"])) > 0
}

// admitsProbes reports whether an entry for ingress admits ambient's probes on all ports.
// To Cilium, they come from outside of the cluster.
func admitsProbes(entry map[string]any) bool {
	if _, limited := entry["toPorts"]; limited {
		return false
	}
	entities, _, _ := unstructured.NestedStringSlice(entry, "fromEntities")
	cidrs, _, _ := unstructured.NestedStringSlice(entry, "fromCIDR")
	return slices.Contains(entities, "all") || slices.Contains(entities, "world") || slices.ContainsFunc(cidrs, containsProbeSource) ||
		slices.ContainsFunc(entriesOf(entry["fromCIDRSet"]), func(set map[string]any) bool {
			cidr, _, _ := unstructured.NestedString(set, "cidr")
			except, _, _ := unstructured.NestedStringSlice(set, "except")
			return containsProbeSource(cidr) && !slices.ContainsFunc(except, containsProbeSource)
		})
}

func containsProbeSource(cidr string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	return err == nil && prefix.Contains(probeSource)
}

// entriesOf lists those items of a list that are maps.
func entriesOf(list any) []map[string]any {
	items, _ := list.([]any)
	var found []map[string]any
	for _, item := range items {
		if entry, ok := item.(map[string]any); ok {
			found = append(found, entry)
		}
	}
	return found
}

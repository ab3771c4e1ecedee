// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"

	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// istiodPorts are those that clients in all namespaces need: proxies get their configuration
// and certificates from the first, and the API server asks istiod's webhooks on the second.
// Policies see these, not the Service's port 443, which is translated before:
// deployment.yaml and service.yaml of istio-control/istio-discovery.
var istiodPorts = []struct {
	number int32
	name   string
}{{15012, "tls-xds"}, {15017, "https-webhooks"}}

// refusedPorts lists those of istiod's ports on which the policies refuse ingress from other
// namespaces, and the policies that select istiod.
func refusedPorts(policies []networkingv1.NetworkPolicy, istiod map[string]string) (ports, by []string) {
	var rules []networkingv1.NetworkPolicyIngressRule
	for _, policy := range policies {
		if limitsIngress(policy.Spec, istiod) {
			by = append(by, policy.Name)
			rules = append(rules, policy.Spec.Ingress...)
		}
	}
	if len(by) == 0 {
		return nil, nil
	}
	for _, port := range istiodPorts {
		if !slices.ContainsFunc(rules, func(r networkingv1.NetworkPolicyIngressRule) bool {
			return fromOtherNamespaces(r.From) && opens(r.Ports, port.number, port.name)
		}) {
			ports = append(ports, fmt.Sprint(port.number))
		}
	}
	return ports, by
}

// limitsIngress reports whether a policy selects pods with these labels, and limits their
// ingress.
func limitsIngress(spec networkingv1.NetworkPolicySpec, pod map[string]string) bool {
	selector, err := metav1.LabelSelectorAsSelector(&spec.PodSelector)
	limits := len(spec.PolicyTypes) == 0 || slices.Contains(spec.PolicyTypes, networkingv1.PolicyTypeIngress)
	return err == nil && limits && selector.Matches(labels.Set(pod))
}

// fromOtherNamespaces reports whether the peers include any outside the namespace of the
// policy. Which of the others they are is not asked.
func fromOtherNamespaces(peers []networkingv1.NetworkPolicyPeer) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		return p.NamespaceSelector != nil || p.IPBlock != nil
	})
}

// opens reports whether a rule with these ports is about that one.
func opens(ports []networkingv1.NetworkPolicyPort, number int32, name string) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		switch {
		case p.Protocol != nil && *p.Protocol != corev1.ProtocolTCP:
			return false
		case p.Port == nil:
			return true
		case p.Port.StrVal != "":
			return p.Port.StrVal == name
		default:
			return p.Port.IntVal <= number && number <= ptr.Deref(p.EndPort, p.Port.IntVal)
		}
	})
}

// refusals says what refusedPorts finds. Empty: nothing.
func refusals(f Facts, m Mesh) string {
	ports, by := refusedPorts(f.NetworkPolicies, m.IstiodLabels)
	if len(ports) == 0 {
		return ""
	}
	return fmt.Sprintf("NetworkPolicies of namespace %s that select istiod (%s) refuse ingress from other namespaces on port %s",
		m.Namespace, wording.List(by), strings.Join(ports, " and "))
}

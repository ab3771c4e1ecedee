// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// seenNetworkPolicies are what the gatherer finds of NetworkPolicies with these specs.
func seenNetworkPolicies(specs ...string) Facts {
	GinkgoHelper()
	var seen []any
	for i, spec := range specs {
		full := &networkingv1.NetworkPolicy{}
		full.Name = string(rune('a' + i))
		Expect(yaml.Unmarshal([]byte(spec), &full.Spec)).To(Succeed())
		kept, err := trimNetworkPolicy(full)
		Expect(err).NotTo(HaveOccurred())
		Expect(kept.(*networkingv1.NetworkPolicy).Spec.Egress).To(BeNil())
		seen = append(seen, kept)
	}
	return factsFrom(map[string][]any{sourceNetwork: seen}, Query{})
}

const denyAll = `{podSelector: {}, policyTypes: [Ingress, Egress], egress: [{}]}`

var _ = DescribeTable("NetworkPolicies of the install namespace", func(expected string, specs ...string) {
	mesh := Mesh{Namespace: "istio-system", IstiodLabels: map[string]string{"app": "istiod", "istio": "pilot"}}
	Expect(refusals(seenNetworkPolicies(specs...), mesh)).To(Equal(expected))
},
	Entry("cut istiod off where they deny all ingress",
		"NetworkPolicies of namespace istio-system that select istiod (a) refuse ingress from other namespaces on port 15012 and 15017", denyAll),
	Entry("cut istiod off where they allow its own namespace",
		"NetworkPolicies of namespace istio-system that select istiod (a) refuse ingress from other namespaces on port 15012 and 15017",
		`{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}`),
	Entry("cut istiod off where none of them opens a port",
		"NetworkPolicies of namespace istio-system that select istiod (a, b) refuse ingress from other namespaces on port 15017",
		denyAll, `{podSelector: {matchLabels: {istio: pilot}}, ingress: [{ports: [{port: 15012}]}]}`),
	Entry("cut istiod off by the port of its Service, which policies do not see",
		"NetworkPolicies of namespace istio-system that select istiod (a) refuse ingress from other namespaces on port 15012 and 15017",
		`{podSelector: {}, ingress: [{ports: [{port: 443}]}]}`),
	Entry("cut istiod off by another protocol",
		"NetworkPolicies of namespace istio-system that select istiod (a) refuse ingress from other namespaces on port 15012 and 15017",
		`{podSelector: {}, ingress: [{ports: [{protocol: UDP, port: 15012}, {protocol: UDP, port: 15017}]}]}`),
	Entry("do not, where there are none", ""),
	Entry("do not, where they select other pods", "", `{podSelector: {matchLabels: {app: gateway}}}`),
	Entry("do not, where they limit egress", "", `{podSelector: {}, policyTypes: [Egress]}`),
	Entry("do not, where one of them opens both ports", "", denyAll, `{podSelector: {matchLabels: {app: istiod}}, ingress: [{ports: [{protocol: TCP, port: 15012}, {port: 15017}]}]}`),
	Entry("do not, where two of them open a port each", "", `{podSelector: {}, ingress: [{ports: [{port: 15012}]}]}`, `{podSelector: {}, ingress: [{ports: [{port: 15017}]}]}`),
	Entry("do not, where they open the range from the first to the last of them", "", `{podSelector: {}, ingress: [{ports: [{port: 15012, endPort: 15017}]}]}`),
	Entry("do not, where they open a range", "", `{podSelector: {}, ingress: [{ports: [{port: 15000, endPort: 15099}]}]}`),
	Entry("do not, where they open ports by name", "", `{podSelector: {}, ingress: [{ports: [{port: tls-xds}, {port: https-webhooks}]}]}`),
	Entry("do not, where they open all ports of a protocol", "", `{podSelector: {}, ingress: [{ports: [{protocol: TCP}]}]}`),
	Entry("do not, where they allow other namespaces", "", `{podSelector: {}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]}`),
	Entry("do not, where they allow addresses", "", `{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}`),
)

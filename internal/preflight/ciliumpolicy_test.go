// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// seenPolicy is what the gatherer finds of a CiliumClusterwideNetworkPolicy with these fields.
func seenPolicy(fields string) CiliumPolicy {
	GinkgoHelper()
	full := &unstructured.Unstructured{}
	Expect(yaml.Unmarshal([]byte(fields), &full.Object)).To(Succeed())
	full.SetAPIVersion("cilium.io/v2")
	full.SetKind("CiliumClusterwideNetworkPolicy")
	full.SetName("policy")
	kept, err := trimCiliumPolicy(full)
	Expect(err).NotTo(HaveOccurred())
	Expect(kept.(*unstructured.Unstructured).Object).NotTo(HaveKey("spec"), "policies can be large")
	facts := factsFrom(map[string][]any{sourceCiliumNet: {kept}}, Query{})
	Expect(facts.CiliumPolicies).To(HaveLen(1))
	Expect(facts.CiliumPolicies[0].Name).To(Equal("policy"))
	return facts.CiliumPolicies[0]
}

var _ = DescribeTable("A CiliumClusterwideNetworkPolicy", func(denies, allows bool, fields string) {
	seen := seenPolicy(fields)
	Expect(seen.DeniesIngress).To(Equal(denies), "denies by default")
	Expect(seen.AllowsProbes).To(Equal(allows), "allows probes")
},
	Entry("denies where it has rules for ingress", true, false, `spec: {endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}`),
	Entry("denies where it denies some ingress", true, false, `spec: {endpointSelector: {}, ingressDeny: [{fromEntities: [world]}]}`),
	Entry("denies by an empty rule", true, false, `spec: {endpointSelector: {}, ingress: [{}]}`),
	Entry("denies where it says so, without rules", true, false, `spec: {endpointSelector: {}, enableDefaultDeny: {ingress: true}}`),
	Entry("denies to all but one namespace", true, false,
		`spec: {endpointSelector: {matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [kube-system]}]}, ingress: [{}]}`),
	Entry("denies by one of several rules", true, false, `specs: [{endpointSelector: {matchLabels: {a: b}}}, {endpointSelector: {}, ingress: [{}]}]`),
	Entry("denies nothing where it limits egress", false, false, `spec: {endpointSelector: {}, egress: [{}]}`),
	Entry("denies nothing where it says so", false, false, `spec: {endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [{}]}]}`),
	Entry("says nothing of most pods where it selects some", false, false, `spec: {endpointSelector: {matchLabels: {app: a}}, ingress: [{fromCIDR: [0.0.0.0/0]}]}`),
	Entry("says nothing of most pods where it selects some by an expression", false, false,
		`spec: {endpointSelector: {matchExpressions: [{key: app, operator: In, values: [a]}]}, ingress: [{}]}`),
	Entry("says nothing of pods where it selects nodes", false, false, `spec: {nodeSelector: {}, ingress: [{fromEntities: [all]}]}`),
	Entry("says nothing where it is empty", false, false, `{}`),
	Entry("says nothing where it is malformed", false, false, `{spec: {endpointSelector: [], ingress: {}}, specs: [a]}`),

	Entry("allows probes from their address", true, true, `spec: {endpointSelector: {}, ingress: [{fromCIDR: [169.254.7.127/32]}]}`),
	Entry("allows probes only, as Istio's documentation has it", false, true,
		`spec: {endpointSelector: {}, enableDefaultDeny: {ingress: false, egress: false}, ingress: [{fromCIDR: [169.254.7.127/32]}]}`),
	Entry("allows probes from a range", true, true, `spec: {endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 169.254.0.0/16}]}]}`),
	Entry("allows probes from everywhere", true, true, `spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}`),
	Entry("allows probes from outside of the cluster, as which Cilium sees them", true, true, `spec: {endpointSelector: {}, ingress: [{fromEntities: [cluster, world]}]}`),
	Entry("allows no probes from within the cluster", true, false, `spec: {endpointSelector: {}, ingress: [{fromEntities: [cluster]}]}`),
	Entry("allows no probes from a range without their address", true, false,
		`spec: {endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 169.254.0.0/16, except: [169.254.7.0/24]}]}]}`),
	Entry("allows no probes from another address", true, false, `spec: {endpointSelector: {}, ingress: [{fromCIDR: [169.254.7.1/32, not-an-address]}]}`),
	Entry("allows no probes where it allows one port", true, false,
		`spec: {endpointSelector: {}, ingress: [{fromEntities: [all], toPorts: [{ports: [{port: "80"}]}]}]}`),
)

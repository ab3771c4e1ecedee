// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"encoding/json"
	"fmt"
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// healthy is what they see, with two nodes.
const healthy = `^SUCCEEDED \| Pods:
(istio-cni-node-\w+: 1/1 Running
){2}(istiod-\w+-\w+: 1/1 Running
){2}(ztunnel-\w+: 1/1 Running
){2}\| CNI Status:
2/2 \| Ztunnel Status:
2/2$`

var _ = Describe("A mesh", Ordered, func() {
	var configured map[string]networks // before

	BeforeAll(func() {
		configured = conflists()
		env.Helm("install", "gloo-operator", Repository("charts/gloo-operator"), "--namespace", OperatorNamespace, "--create-namespace",
			"--wait", "--timeout", "5m")
		newNamespace(outside, nil)
		newNamespace(ambient, map[string]string{"istio.io/dataplane-mode": "ambient"})
		talking = askServer()
	})

	It("is installed from the first users' manifest, and looks to them as it should", func() {
		mark := env.Cluster.Audit().Mark()
		env.Install(Sample("k3s-cilium.yaml", Version(before)))
		Expect(env.MeshWrites(mark)).NotTo(BeEmpty()) // So others can be told to be missing.
		Expect(env.Shell(HealthCheck)).To(MatchRegexp(healthy))
	})

	It("has its CNI plugin behind the primary one on each node", func() {
		for node := range configured {
			Expect(chainOf(node)).To(HaveExactElements("bridge", "portmap", "istio-cni"), node)
		}
	})

	It("has istiods that each serve xDS", func() {
		for _, istiod := range pods("app=istiod") {
			asked := asker("asks-"+istiod.Name, only(istiod))
			Eventually(func(g Gomega) {
				k := knownTo(g, asked)
				g.Expect(k.Connected).To(ContainElement("xds"))
				g.Expect(k.Resources["Address"]).To(BeNumerically(">", 0))
			}).Should(Succeed(), istiod.Name)
		}
	})

	It("has a webhook that refuses what Istio cannot mean", func() {
		invalid := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
			"metadata": map[string]any{"namespace": "default", "name": "invalid"},
			"spec":     map[string]any{"hosts": []any{"a.example.com"}},
		}}
		Expect(env.API.Create(GinkgoT().Context(), invalid)).To(MatchError(And(
			ContainSubstring("validation.istio.io"), ContainSubstring("http, tcp or tls must be provided"))))
	})

	It("announces a pod of an ambient namespace to ztunnel, and gets its certificate", func() {
		pod := runPod(workload(ambient, "workload", nodes[1]))
		Eventually(func(g Gomega) {
			z := ztunnelOn(g, nodes[1])
			g.Expect(z.WorkloadState).To(HaveKeyWithValue(string(pod.UID), HaveField("Info.Name", pod.Name)))
			g.Expect(z.Certificates).To(ContainElement(And(
				HaveField("Identity", "spiffe://cluster.local/ns/ambient/sa/default"),
				HaveField("State", "Available"), HaveField("CertChain", Not(BeEmpty())))))
		}).Should(Succeed())
	})

	It("serves the classes of the Gateway API", func() {
		for _, class := range []string{"istio", "istio-waypoint"} {
			Eventually(func() error { _, err := env.TryKubectl("get", "gatewayclass", class); return err }).Should(Succeed(), class)
		}
	})

	// Otherwise istio-cni leaves its rules in the pods once it has restarted: see docs/upgrades.md.
	It("keeps istio-cni to the iptables backend that it has chosen", func() {
		env.Patch(`{"spec":{"values":{"cni":{"env":{"FORCE_IPTABLES_BINARY":"nft"}},` + upstreamEnvoy + `}}}`)
		Eventually(func() string { return env.CNINode().Spec.Template.String() }).Should(ContainSubstring("FORCE_IPTABLES_BINARY"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	Context("whose pods communicate", carriesTraffic)

	Context("with a waypoint", throughWaypoint)

	Context("whose pods start past it", func() { bootedPast(func() map[string]networks { return configured }) })

	Context("with probes", proven)

	Context("complete", settledMesh)

	Context("under load", underLoad)

	It("has a waypoint of its new version, which istiod has upgraded", upgradedWaypoint)

	Context("a part of whose cluster dies", dying)

	Context("whose data plane fails on a node", failingDataPlane)

	It("looks as it did at first, after all that", func() {
		Eventually(func() string { return env.Shell(HealthCheck) }).Should(MatchRegexp(healthy))
	})

	Context("with pods that leave it", func() { leaving(func() map[string]networks { return configured }) })
})

// networks is a configuration of the primary CNI.
type networks struct {
	CNIVersion, Name string
	Plugins          []map[string]any
}

// conflists are those of the nodes, whatever the order of their keys.
func conflists() map[string]networks {
	GinkgoHelper()
	all := map[string]networks{}
	for _, node := range nodes {
		list, err := conflistOf(node)
		Expect(err).NotTo(HaveOccurred())
		all[node] = list
	}
	return all
}

func conflistOf(node string) (networks, error) {
	var list networks
	content, err := os.ReadFile(env.Cluster.NodePath(node, conflist))
	if err != nil {
		return list, err
	}
	return list, json.Unmarshal(content, &list)
}

// chainOf are the types of the plugins of a node, in their order.
func chainOf(node string) ([]string, error) {
	list, err := conflistOf(node)
	var types []string
	for _, plugin := range list.Plugins {
		types = append(types, fmt.Sprint(plugin["type"]))
	}
	return types, err
}

// pods are those of the install namespace with that label.
func pods(selector string) []corev1.Pod {
	GinkgoHelper()
	labels, err := metav1.ParseToLabelSelector(selector)
	Expect(err).NotTo(HaveOccurred())
	list := &corev1.PodList{}
	Expect(env.API.List(GinkgoT().Context(), list, client.InNamespace(Namespace), client.MatchingLabels(labels.MatchLabels))).To(Succeed())
	Expect(list.Items).NotTo(BeEmpty(), selector)
	return list.Items
}

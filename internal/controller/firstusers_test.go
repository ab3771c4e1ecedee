// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"os"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

var _ = Describe("The first users' manifest on K3s with Cilium", func() {
	var smc v1.ServiceMeshController
	var settings corev1.ConfigMap
	// The Istio project supported the manifest's version then.
	r := &Reconciler{clock: testingclock.NewFakePassiveClock(time.Date(2025, time.August, 1, 0, 0, 0, 0, time.UTC))}

	BeforeEach(func() {
		manifest, err := os.ReadFile("../../config/samples/k3s-cilium.yaml")
		Expect(err).NotTo(HaveOccurred())
		Expect(yaml.Unmarshal(manifest, &smc)).To(Succeed())
		cilium, err := os.ReadFile("../../test/cluster/cilium.yaml")
		Expect(err).NotTo(HaveOccurred())
		first, _, _ := strings.Cut(string(cilium), "\n---\n")
		Expect(yaml.Unmarshal([]byte(first), &settings)).To(Succeed())
	})

	It("shows one warning while Istio and Kubernetes are of one time: a value that no chart reads", func() {
		node := preflight.Node{Name: "a", Kubelet: "v1.32.5+k3s1", OS: "linux"}
		facts := preflight.Facts{KubernetesVersion: "v1.32.5+k3s1", Nodes: []preflight.Node{node, node}, CNIs: []string{"Cilium"}, Cilium: settings.Data}
		built, err := new(plan.Builder).Build(plan.Input{Owner: smc.Name, Spec: smc.Spec, Facts: plan.Facts{
			KubernetesVersion: facts.KubernetesVersion, Platform: facts.HelmPlatform(), StandardCNIDirs: facts.StandardCNIDirectories(),
		}})
		Expect(err).NotTo(HaveOccurred())
		Expect(preflight.Run(facts, r.meshOf(&smc, built))).To(BeEmpty())
		Expect(built.Notices).To(ConsistOf(HaveField("Message", HaveSuffix(": ambient.redirectMode"))))
		Expect(istiodLabels(built)).To(And(HaveKeyWithValue("app", "istiod"), HaveKeyWithValue("istio", "pilot")))
	})

	It("is found to be cut off by a NetworkPolicy that selects istiod by any label of its pods", func() {
		built, err := new(plan.Builder).Build(plan.Input{Owner: smc.Name, Spec: smc.Spec})
		Expect(err).NotTo(HaveOccurred())
		mesh := r.meshOf(&smc, built)
		mesh.IstiodLabels = istiodLabels(built)
		policy := networkingv1.NetworkPolicy{}
		policy.Spec.PodSelector.MatchLabels = map[string]string{"app.kubernetes.io/name": "istiod"}
		Expect(preflight.Run(preflight.Facts{NetworkPolicies: []networkingv1.NetworkPolicy{policy}}, mesh)).To(ContainElement(HaveField("Reason", v1.ReasonIstiodUnreachable)))
	})
})

// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

var _ = Describe("Upgrading", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Create(Sample("k3s-cilium.yaml"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("does not call one unready pod of the new version a success", func() {
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "istiod"}, Image: "1.27.9", Mode: cluster.Unready})
		env.SetVersion("1.27.9")
		Eventually(func() v1.ComponentStatus { return env.Component("istiod") }).Should(And(
			HaveField("Message", ContainSubstring("1.26.2 → 1.27.9")), HaveField("Version", "1.26.2")))
		Consistently(func(g Gomega) {
			g.Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseUpgrading))
			g.Expect(env.Mesh().Status.Version).To(Equal("1.26.2"), "the version that runs")
			g.Expect(Images(env.CNINode().Spec.Template)).To(ContainSubstring(":1.26.2"), "istio-cni waits for istiod")
			g.Expect(Images(env.Ztunnel().Spec.Template)).To(ContainSubstring(":1.26.2"), "ztunnel waits for istio-cni")
		}, 3*time.Second).Should(Succeed())
		Expect(env.Condition(v1.ConditionReady).Message).To(ContainSubstring("istiod 1.26.2 → 1.27.9"))
		Expect(env.Kubectl("get", "smc", Name, "--no-headers")).To(MatchRegexp(`UPGRADING +1.26.2 +0/2 +5/5 +5/5`))
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("does not call one unready pod of a DaemonSet a success", func() {
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "ztunnel"}, Image: "1.28.2", Nodes: []string{"node-2"}, Mode: cluster.Unready})
		env.SetVersion("1.28.2")
		Eventually(func() string { return env.Component("ztunnel").Message }).Should(ContainSubstring("1.27.9 → 1.28.2"))
		Expect(env.Component("istiod").Version).To(Equal("1.28.2"))
		Expect(env.Component("istio-cni").Version).To(Equal("1.28.2"))
		Consistently(func() v1.Phase { return env.Mesh().Status.Phase }, 3*time.Second).Should(Equal(v1.PhaseUpgrading))
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.28.2"))
	})

	It("rolls every component", func() {
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(Images(env.Istiod().Spec.Template)).To(ContainSubstring(":1.29.1"))
		Expect(Images(env.CNINode().Spec.Template)).To(ContainSubstring(":1.29.1"))
		Expect(Images(env.Ztunnel().Spec.Template)).To(ContainSubstring(":1.29.1"))
		Expect(env.Component("gateway-api").Version).To(Equal("v1.4.0"))
	})

	It("does not skip a minor version of which it has no release, and says how to get it", func() {
		mark := env.Settled()
		env.SetVersion("1.31.0")
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionInitialized)).To(And(HaveField("Reason", v1.ReasonUpgradePathUnknown),
			HaveField("Message", And(ContainSubstring("a release of 1.30"), ContainSubstring("spec.repository")))))
		Expect(env.Mesh().Status.Version).To(Equal("1.29.1"))
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.MeshWrites(mark)).To(BeEmpty())
	})

	It("tells from which version to which in events", func() {
		Eventually(env.Events).Should(ContainElements(
			HavePrefix("Upgrading: changing Istio 1.26.2 → 1.27.9"), "Complete: ztunnel 1.28.2 is complete: 5/5 pods"))
	})

	It("has recorded Helm releases with three revisions each", func() {
		var names []string
		Eventually(func() []string {
			secrets := &corev1.SecretList{}
			Expect(env.API.List(context.Background(), secrets, client.InNamespace(Namespace), client.MatchingLabels{"owner": "helm", "name": "istiod"})).To(Succeed())
			names = nil
			for _, secret := range secrets.Items {
				names = append(names, secret.Labels["version"]+" "+secret.Labels["status"])
			}
			return names
		}).Should(ConsistOf("2 superseded", "3 superseded", "4 deployed"))
	})

	It("calls an installed mesh degraded while a pod of it is not ready", func() {
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "ztunnel"}, Nodes: []string{"node-3"}, Mode: cluster.Unready})
		env.EventuallyPhase(v1.PhaseDegraded)
		Expect(env.Mesh().Status.Message).To(ContainSubstring("4 of 5 pods ready"))
		Expect(env.Mesh().Status.Version).NotTo(BeEmpty())
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
})

var _ = Describe("What istiod writes to its own webhook configuration", Ordered, func() {
	const validator = "istio-validator-istio-system"

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Create(Sample("minimal.yaml", Version("1.28.2")))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(func() string { return env.Helm("list", "-n", Namespace, "-q") }).Should(ContainSubstring("ztunnel")) // Recorded last.
		mark := env.Settled()
		patch := `[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Fail"},` +
			`{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"` + certificate + `"}]`
		env.Kubectl("patch", "validatingwebhookconfiguration", validator, "--type", "json", "-p", patch, "--field-manager", "pilot-discovery")
		env.ExpectQuiet(mark, 5*time.Second)
	})

	It("stays through an upgrade", func() {
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(webhookOf(validator)).To(Equal([]string{"Fail", certificate}))
	})

	It("stays through a restart of the operator", func() {
		env.StartOperator()
		env.Settled()
		Expect(webhookOf(validator)).To(Equal([]string{"Fail", certificate}))
	})
})

// certificate stands for a caBundle: the API server asks for base64 of PEM.
const certificate = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJmVENDQVNPZ0F3SUJBZ0lSQUlMRU1RPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

func webhookOf(name string) []string {
	GinkgoHelper()
	out := env.Kubectl("get", "validatingwebhookconfiguration", name, "-o", "json")
	var configuration struct {
		Webhooks []struct {
			FailurePolicy string
			ClientConfig  struct{ CABundle string }
		}
	}
	Expect(json.Unmarshal([]byte(out), &configuration)).To(Succeed())
	return []string{configuration.Webhooks[0].FailurePolicy, configuration.Webhooks[0].ClientConfig.CABundle}
}

var _ = Describe("An autoscaler for istiod", Ordered, func() {
	It("takes over the replicas without a reset to one", func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Create(Sample("minimal.yaml"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("patch", "smc", Name, "--type", "merge", "-p",
			`{"spec":{"values":{"pilot":{"autoscaleEnabled":true,"autoscaleMin":2,"autoscaleMax":5}}}}`)
		least := 2
		Eventually(func(g Gomega) {
			d := &appsv1.Deployment{}
			g.Expect(env.API.Get(context.Background(), client.ObjectKey{Namespace: Namespace, Name: "istiod"}, d)).To(Succeed())
			least = min(least, int(*d.Spec.Replicas))
			out, err := env.TryKubectl("get", "hpa", "-n", Namespace, "istiod")
			g.Expect(err).NotTo(HaveOccurred(), out)
			g.Expect(env.Mesh().Status.ObservedGeneration).To(BeEquivalentTo(2))
			g.Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		}).Should(Succeed())
		Expect(least).To(Equal(2))
		env.Kubectl("scale", "deployment", "-n", Namespace, "istiod", "--replicas=4") // As the autoscaler would.
		Eventually(func() int32 { return env.Istiod().Status.ReadyReplicas }).Should(BeEquivalentTo(4))
		env.Settled()
		Expect(*env.Istiod().Spec.Replicas).To(BeEquivalentTo(4))
		Expect(env.Events()).NotTo(ContainElement(HavePrefix("DriftCorrected")))
	})
})

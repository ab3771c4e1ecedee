// SPDX-License-Identifier: Apache-2.0

package integration_test

import (
	"encoding/json"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster"
)

var _ = Describe("Upgrading", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		newCluster(ctx)
		startOperator()
		create(sample("k3s-cilium.yaml"))
		eventuallyPhase(v1.PhaseSucceeded)
	})

	It("does not call one unready pod of the new version a success", func() {
		release := hold(cluster.Behavior{Selector: map[string]string{"app": "istiod"}, Image: "1.27.9", Mode: cluster.Unready})
		setVersion("1.27.9")
		Eventually(func() v1.ComponentStatus { return component("istiod") }).Should(And(
			HaveField("Message", ContainSubstring("1.26.2 → 1.27.9")), HaveField("Version", "1.26.2")))
		Consistently(func(g Gomega) {
			g.Expect(mesh().Status.Phase).To(Equal(v1.PhaseUpgrading))
			g.Expect(mesh().Status.Version).To(Equal("1.26.2"), "the version that runs")
			g.Expect(image(cniNode().Spec.Template)).To(ContainSubstring(":1.26.2"), "istio-cni waits for istiod")
			g.Expect(image(ztunnel().Spec.Template)).To(ContainSubstring(":1.26.2"), "ztunnel waits for istio-cni")
		}, 3*time.Second).Should(Succeed())
		Expect(condition(v1.ConditionReady).Message).To(ContainSubstring("istiod 1.26.2 → 1.27.9"))
		Expect(kubectl("get", "smc", meshName, "--no-headers")).To(MatchRegexp(`UPGRADING +1.26.2 +0/2 +5/5 +5/5`))
		release()
		eventuallyPhase(v1.PhaseSucceeded)
	})

	It("does not call one unready pod of a DaemonSet a success", func() {
		release := hold(cluster.Behavior{Selector: map[string]string{"app": "ztunnel"}, Image: "1.28.2", Nodes: []string{"node-2"}, Mode: cluster.Unready})
		setVersion("1.28.2")
		Eventually(func() string { return component("ztunnel").Message }).Should(ContainSubstring("1.27.9 → 1.28.2"))
		Expect(component("istiod").Version).To(Equal("1.28.2"))
		Expect(component("istio-cni").Version).To(Equal("1.28.2"))
		Consistently(func() v1.Phase { return mesh().Status.Phase }, 3*time.Second).Should(Equal(v1.PhaseUpgrading))
		release()
		eventuallyPhase(v1.PhaseSucceeded)
		Expect(mesh().Status.Version).To(Equal("1.28.2"))
	})

	It("goes on through every release that is compiled in", func() {
		for _, release := range istio.Versions() {
			if release <= mesh().Status.Version {
				continue
			}
			setVersion(release)
			eventuallyPhase(v1.PhaseSucceeded)
			Expect(image(istiod().Spec.Template)).To(ContainSubstring(":" + release))
			Expect(image(cniNode().Spec.Template)).To(ContainSubstring(":" + release))
			Expect(image(ztunnel().Spec.Template)).To(ContainSubstring(":" + release))
		}
		newest := istio.Releases()[len(istio.Releases())-1]
		Expect(component("gateway-api").Version).To(Equal(newest.GatewayAPI))
	})

	It("tells from which version to which in events", func() {
		Eventually(events).Should(ContainElements(
			HavePrefix("Upgrading: changing Istio 1.26.2 → 1.27.9"), "Complete: ztunnel 1.28.2 is complete: 5/5 pods"))
	})

	It("has recorded Helm releases with three revisions each", func() {
		var names []string
		Eventually(func() []string {
			secrets := &corev1.SecretList{}
			Expect(api.List(background(), secrets, client.InNamespace(namespace), client.MatchingLabels{"owner": "helm", "name": "istiod"})).To(Succeed())
			names = nil
			for _, secret := range secrets.Items {
				names = append(names, secret.Labels["version"]+" "+secret.Labels["status"])
			}
			return names
		}).Should(ConsistOf("3 superseded", "4 superseded", "5 deployed"))
	})

	It("calls an installed mesh degraded while a pod of it is not ready", func() {
		Expect(mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		release := hold(cluster.Behavior{Selector: map[string]string{"app": "ztunnel"}, Nodes: []string{"node-3"}, Mode: cluster.Unready})
		eventuallyPhase(v1.PhaseDegraded)
		Expect(mesh().Status.Message).To(ContainSubstring("4 of 5 pods ready"))
		Expect(mesh().Status.Version).NotTo(BeEmpty())
		release()
		eventuallyPhase(v1.PhaseSucceeded)
	})
})

var _ = Describe("What istiod writes to its own webhook configuration", Ordered, func() {
	const validator = "istio-validator-istio-system"

	BeforeAll(func(ctx SpecContext) {
		newCluster(ctx)
		startOperator()
		create(sample("minimal.yaml", version("1.28.2")))
		eventuallyPhase(v1.PhaseSucceeded)
		mark := settled()
		patch := `[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Fail"},` +
			`{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"` + certificate + `"}]`
		kubectl("patch", "validatingwebhookconfiguration", validator, "--type", "json", "-p", patch, "--field-manager", "pilot-discovery")
		expectQuiet(mark, 5*time.Second)
	})

	It("stays through an upgrade", func() {
		setVersion("1.29.1")
		eventuallyPhase(v1.PhaseSucceeded)
		Expect(webhookOf(validator)).To(Equal([]string{"Fail", certificate}))
	})

	It("stays through a restart of the operator", func() {
		startOperator()
		settled()
		Expect(webhookOf(validator)).To(Equal([]string{"Fail", certificate}))
	})
})

// certificate stands for a caBundle: the API server asks for base64 of PEM.
const certificate = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJmVENDQVNPZ0F3SUJBZ0lSQUlMRU1RPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

func webhookOf(name string) []string {
	GinkgoHelper()
	out := kubectl("get", "validatingwebhookconfiguration", name, "-o", "json")
	var configuration struct {
		Webhooks []struct {
			FailurePolicy string
			ClientConfig  struct{ CABundle string }
		}
	}
	Expect(json.Unmarshal([]byte(out), &configuration)).To(Succeed())
	return []string{configuration.Webhooks[0].FailurePolicy, configuration.Webhooks[0].ClientConfig.CABundle}
}

func image(template corev1.PodTemplateSpec) string {
	images := make([]string, len(template.Spec.Containers))
	for i, container := range template.Spec.Containers {
		images[i] = container.Image
	}
	return strings.Join(images, " ")
}

var _ = Describe("An autoscaler for istiod", Ordered, func() {
	It("takes over the replicas without a reset to one", func(ctx SpecContext) {
		newCluster(ctx)
		startOperator()
		create(sample("minimal.yaml"))
		eventuallyPhase(v1.PhaseSucceeded)
		kubectl("patch", "smc", meshName, "--type", "merge", "-p",
			`{"spec":{"values":{"pilot":{"autoscaleEnabled":true,"autoscaleMin":2,"autoscaleMax":5}}}}`)
		least := 2
		Eventually(func(g Gomega) {
			d := &appsv1.Deployment{}
			g.Expect(api.Get(background(), client.ObjectKey{Namespace: namespace, Name: "istiod"}, d)).To(Succeed())
			least = min(least, int(*d.Spec.Replicas))
			kubectl("get", "hpa", "-n", namespace, "istiod")
			g.Expect(mesh().Status.ObservedGeneration).To(BeEquivalentTo(2))
			g.Expect(mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		}).Should(Succeed())
		Expect(least).To(Equal(2))
		kubectl("scale", "deployment", "-n", namespace, "istiod", "--replicas=4") // As the autoscaler would.
		Eventually(func() int32 { return istiod().Status.ReadyReplicas }).Should(BeEquivalentTo(4))
		settled()
		Expect(*istiod().Spec.Replicas).To(BeEquivalentTo(4))
		Expect(events()).NotTo(ContainElement(HavePrefix("DriftCorrected")))
	})
})

// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

var _ = Describe("Installing the K3s/Cilium manifest", Ordered, func() {
	var (
		began   cluster.Mark
		running *Operator
	)

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		began = env.Cluster.Audit().Mark()
		running = LaunchOperator(env.OperatorConfig())
		DeferCleanup(func() { running.Stop() })
		env.Kubectl("apply", "-f", Repository("config/samples/k3s-cilium.yaml"))
	})

	It("reaches SUCCEEDED and the condition Ready", func() {
		env.Kubectl("wait", "--for=condition=Ready", "smc/managed-istio", "--timeout=240s")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.26.2"))
	})

	It("has applied the components in order, each after the one before was complete", func() {
		first := map[string]time.Time{}
		last := map[string]time.Time{}
		for _, request := range env.Requests(began, cluster.Writes()) {
			part := componentOf(request)
			if part == "" {
				continue
			}
			if _, seen := first[part]; !seen {
				first[part] = request.Time
			}
			last[part] = request.Time
		}
		order := []string{"gateway-api", "istio-base", "istiod", "istio-cni", "ztunnel"}
		for i := range order[1:] {
			Expect(first[order[i+1]]).To(BeTemporally(">", last[order[i]]), "%s before %s", order[i], order[i+1])
		}
		cni := Get(env, &appsv1.DaemonSet{}, "istio-cni-node")
		Expect(cni.CreationTimestamp.Time).NotTo(BeTemporally("<", availableSince(env.Istiod())))
	})

	It("has two istiod, and istio-cni and ztunnel on each node", func() {
		Expect(env.Istiod().Status.ReadyReplicas).To(BeEquivalentTo(2))
		Expect(env.CNINode().Status.NumberReady).To(BeEquivalentTo(Nodes))
		Expect(env.Ztunnel().Status.NumberReady).To(BeEquivalentTo(Nodes))
	})

	It("has created the Namespace with the right to run privileged pods", func() {
		created := Get(env, &corev1.Namespace{}, Namespace)
		Expect(created.Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "privileged"))
	})

	It("answers the health one-liner as typed", func() {
		out := env.Shell(HealthCheck)
		Expect(out).To(HavePrefix("SUCCEEDED | Pods:\n"))
		Expect(strings.Count(out, ": 1/1 Running")).To(Equal(2 + 2*Nodes))
		Expect(out).To(HaveSuffix(fmt.Sprintf("| CNI Status:\n%d/%d | Ztunnel Status:\n%d/%d", Nodes, Nodes, Nodes, Nodes)))
	})

	It("is described by kubectl get in one line", func() {
		lines := strings.Split(env.Kubectl("get", "smc", "-o", "wide"), "\n")
		Expect(strings.Fields(lines[0])).To(Equal([]string{"NAME", "PHASE", "VERSION", "ISTIOD", "CNI", "ZTUNNEL", "TRAFFIC", "PROGRESS", "AGE", "MESSAGE"}))
		Expect(strings.Fields(lines[1])[:6]).To(Equal([]string{"managed-istio", "SUCCEEDED", "1.26.2", "2/2", "5/5", "5/5"}))
	})

	It("has the conditions in their order, all true, of the present generation", func() {
		smc := env.Mesh()
		var types []string
		for _, c := range smc.Status.Conditions {
			types = append(types, c.Type)
			Expect(string(c.Status)).To(Equal("True"), c.Type)
			Expect(c.ObservedGeneration).To(Equal(smc.Generation))
		}
		Expect(types).To(Equal([]string{
			"Initialized", "CRDInstalled", "ControlPlaneDeployed", "CNIDeployed", "ZtunnelDeployed", "WebhookDeployed", "Ready",
		}))
	})

	It("names the value that no chart reads, in a condition and in an event", func() {
		Expect(env.Condition(v1.ConditionInitialized).Message).To(ContainSubstring("ambient.redirectMode"))
		Eventually(env.Events).Should(ContainElement(And(HavePrefix(v1.ReasonValuesNotRead), ContainSubstring("ambient.redirectMode"))))
	})

	It("warns that Istio does not support this minor version any more, in a condition and in an event", func() {
		const warning = "Istio 1.26 is not supported since 2025-12-22: it gets no security fixes; set spec.version to a supported release"
		Expect(env.Condition(v1.ConditionInitialized).Message).To(ContainSubstring(warning))
		Eventually(env.Events).Should(ContainElement(HavePrefix(v1.ReasonReleaseUnsupported + ": " + warning)))
	})

	It("says that its charts are bundled", func() {
		Expect(env.Mesh().Status.ChartSource).To(Equal(v1.ChartsBundled))
	})

	It("shows no warning but that one, and that this Istio is older than this Kubernetes and no longer supported", func() {
		Expect(warnings()).To(ConsistOf(v1.ReasonValuesNotRead, v1.ReasonKubernetesUntested, v1.ReasonReleaseUnsupported))
		Expect(env.Kubectl("get", "storageclass")).To(ContainSubstring("No resources found"), "none is needed")
		Expect(env.Mesh().Status.Environment).To(And(HaveField("Platform", "k3s"), HaveField("CNI", "Cilium")))
	})

	It("tells of its progress by events", func() {
		Eventually(env.Events).Should(ContainElements(
			HavePrefix("Installing: installing Istio 1.26.2"),
			"Complete: gateway-api v1.3.0 is complete", "Complete: istio-base 1.26.2 is complete",
			"Complete: istiod 1.26.2 is complete: 2/2 pods", "Complete: istio-cni 1.26.2 is complete: 5/5 pods",
			"Complete: ztunnel 1.26.2 is complete: 5/5 pods", "Succeeded: Istio 1.26.2 is complete",
		))
	})

	It("explains the API", func() {
		Expect(env.Kubectl("explain", "smc.spec.version")).To(ContainSubstring("Istio version to run"))
		Expect(env.Kubectl("explain", "smc.status.phase")).To(ContainSubstring("SUCCEEDED"))
	})

	It("then sends no request for 30 s", func() {
		env.ExpectQuiet(env.Settled(), Quiet)
	})

	It("leaves what Kubernetes derived from its Service alone", func() {
		Expect(env.Requests(began, func(r cluster.Request) bool { return r.Resource == "endpointslices" })).To(BeEmpty())
	})

	It("changes nothing when the operator starts again", func() {
		before := env.VersionsOfOwned()
		mark := env.Settled()
		running.Stop()
		running = LaunchOperator(env.OperatorConfig())
		Eventually(func() []cluster.Request {
			return env.Requests(mark, cluster.Writes(), func(r cluster.Request) bool { return r.Resource == "daemonsets" })
		}).ShouldNot(BeEmpty(), "the second operator has looked at the DaemonSets")
		env.Settled()
		Expect(env.VersionsOfOwned()).To(Equal(before))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
	})

	It("has the directories of K3s with Cilium, and keeps them when spec no longer names them", func() {
		Expect(cniDir()).To(Equal("/opt/cni/bin"))
		generation := env.CNINode().Generation
		env.Patch(`{"spec":{"values":{"global":null,"cni":{"cniBinDir":null,"cniConfDir":null}}}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(cniDir()).To(Equal("/opt/cni/bin"))
		Expect(env.CNINode().Generation).To(Equal(generation), "no pod restarts")
	})
})

// warnings lists the reasons of all warnings so far.
func warnings() []string {
	GinkgoHelper()
	list := &eventsv1.EventList{}
	Expect(env.API.List(context.Background(), list)).To(Succeed())
	var reasons []string
	for _, event := range list.Items {
		if event.Regarding.Kind == "ServiceMeshController" && event.Type == corev1.EventTypeWarning {
			reasons = append(reasons, event.Reason)
		}
	}
	slices.Sort(reasons)
	return slices.Compact(reasons)
}

// componentOf tells which component a write belongs to, for the objects that only
// one has.
func componentOf(r cluster.Request) string {
	switch {
	case r.Resource == "customresourcedefinitions" && strings.HasSuffix(r.Name, "gateway.networking.k8s.io"):
		return "gateway-api"
	case r.Resource == "customresourcedefinitions":
		return "istio-base"
	case r.Resource == "deployments" || r.Resource == "mutatingwebhookconfigurations":
		return "istiod"
	case slices.Contains([]string{"serviceaccounts", "configmaps", "daemonsets"}, r.Resource) && strings.HasPrefix(r.Name, "istio-cni"):
		return "istio-cni"
	case r.Name == "ztunnel" && r.Namespace == Namespace:
		return "ztunnel"
	}
	return ""
}

func availableSince(d *appsv1.Deployment) time.Time {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentAvailable {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

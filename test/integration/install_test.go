// SPDX-License-Identifier: Apache-2.0

package integration_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// healthOneLiner is what people type to see how the mesh is.
const healthOneLiner = `kubectl get servicemeshcontroller managed-istio -o jsonpath='{.status.phase}' && echo " | Pods:" && kubectl get pods -n istio-system --no-headers | awk '{print $1 ": " $2 " " $3}' | sort && echo "| CNI Status:" && kubectl get daemonset -n istio-system istio-cni-node -o jsonpath='{.status.numberReady}/{.status.desiredNumberScheduled}' && echo " | Ztunnel Status:" && kubectl get daemonset -n istio-system ztunnel -o jsonpath='{.status.numberReady}/{.status.desiredNumberScheduled}'`

var _ = Describe("Installing the K3s/Cilium manifest", Ordered, func() {
	var (
		began   cluster.Mark
		running *operator
	)

	BeforeAll(func(ctx SpecContext) {
		newCluster(ctx)
		began = kube.Audit().Mark()
		running = launchOperator()
		DeferCleanup(func() { running.stop() })
		kubectl("apply", "-f", repository("config/samples/k3s-cilium.yaml"))
	})

	It("reaches SUCCEEDED and the condition Ready", func() {
		kubectl("wait", "--for=condition=Ready", "smc/managed-istio", "--timeout=60s")
		eventuallyPhase(v1.PhaseSucceeded)
		Expect(mesh().Status.Version).To(Equal("1.26.2"))
	})

	It("has applied the components in order, each after the one before was complete", func() {
		first := map[string]time.Time{}
		last := map[string]time.Time{}
		for _, request := range requestsSince(began, cluster.Writes()) {
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
		cni := get(&appsv1.DaemonSet{}, "istio-cni-node")
		Expect(cni.CreationTimestamp.Time).NotTo(BeTemporally("<", availableSince(istiod())))
	})

	It("has two istiod, and istio-cni and ztunnel on each node", func() {
		Expect(istiod().Status.ReadyReplicas).To(BeEquivalentTo(2))
		Expect(cniNode().Status.NumberReady).To(BeEquivalentTo(nodes))
		Expect(ztunnel().Status.NumberReady).To(BeEquivalentTo(nodes))
	})

	It("has created the namespace with the right to run privileged pods", func() {
		created := get(&corev1.Namespace{}, namespace)
		Expect(created.Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "privileged"))
	})

	It("answers the health one-liner as typed", func() {
		out := shell(healthOneLiner)
		Expect(out).To(HavePrefix("SUCCEEDED | Pods:\n"))
		Expect(strings.Count(out, ": 1/1 Running")).To(Equal(2 + 2*nodes))
		Expect(out).To(HaveSuffix(fmt.Sprintf("| CNI Status:\n%d/%d | Ztunnel Status:\n%d/%d", nodes, nodes, nodes, nodes)))
	})

	It("is described by kubectl get in one line", func() {
		lines := strings.Split(kubectl("get", "smc", "-o", "wide"), "\n")
		Expect(strings.Fields(lines[0])).To(Equal([]string{"NAME", "PHASE", "VERSION", "ISTIOD", "CNI", "ZTUNNEL", "AGE", "MESSAGE"}))
		Expect(strings.Fields(lines[1])[:6]).To(Equal([]string{"managed-istio", "SUCCEEDED", "1.26.2", "2/2", "5/5", "5/5"}))
	})

	It("has the conditions in their order, all true, of the present generation", func() {
		smc := mesh()
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
		Expect(condition(v1.ConditionInitialized).Message).To(ContainSubstring("ambient.redirectMode"))
		Eventually(events).Should(ContainElement(And(HavePrefix(v1.ReasonValuesNotRead), ContainSubstring("ambient.redirectMode"))))
	})

	It("tells of its progress by events", func() {
		Eventually(events).Should(ContainElements(
			HavePrefix("Installing: installing Istio 1.26.2"),
			"Complete: gateway-api v1.3.0 is complete", "Complete: istio-base 1.26.2 is complete",
			"Complete: istiod 1.26.2 is complete: 2/2 pods", "Complete: istio-cni 1.26.2 is complete: 5/5 pods",
			"Complete: ztunnel 1.26.2 is complete: 5/5 pods", "Succeeded: Istio 1.26.2 is complete",
		))
	})

	It("explains the API", func() {
		Expect(kubectl("explain", "smc.spec.version")).To(ContainSubstring("Istio version to run"))
		Expect(kubectl("explain", "smc.status.phase")).To(ContainSubstring("SUCCEEDED"))
	})

	It("then sends no request for 30 s", func() {
		expectQuiet(settled(), quiet)
	})

	It("leaves what Kubernetes derived from its Service alone", func() {
		Expect(requestsSince(began, func(r cluster.Request) bool { return r.Resource == "endpointslices" })).To(BeEmpty())
	})

	It("changes nothing when the operator starts again", func() {
		before := versionsOfOwned()
		mark := settled()
		running.stop()
		running = launchOperator()
		Eventually(func() []cluster.Request {
			return requestsSince(mark, cluster.Writes(), func(r cluster.Request) bool { return r.Resource == "daemonsets" })
		}).ShouldNot(BeEmpty(), "the second operator has looked at the DaemonSets")
		settled()
		Expect(versionsOfOwned()).To(Equal(before))
		Expect(mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
	})
})

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
	case r.Name == "ztunnel" && r.Namespace == namespace:
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

// versionsOfOwned lists the resource versions of all that the operator owns.
func versionsOfOwned() string {
	kinds := "crd,namespace,deployment,daemonset,service,configmap,serviceaccount,clusterrole,clusterrolebinding," +
		"role,rolebinding,pdb,validatingwebhookconfiguration,mutatingwebhookconfiguration"
	return kubectl("get", kinds, "-A", "-l", v1.OwnerLabel, "--no-headers",
		"-o", "custom-columns=KIND:.kind,NAME:.metadata.name,VERSION:.metadata.resourceVersion")
}

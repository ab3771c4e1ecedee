// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/probe"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// withProbes has the operator run probes, as its chart does where it allows them.
func withProbes(o *manager.Options) {
	o.Probe = plan.Probe{Namespace: plan.ProbeNamespace, Image: "operator:test", Version: "test"}
}

// probed enables probes with a short interval.
func probed(smc *v1.ServiceMeshController) {
	smc.Spec.Probe = &v1.Probe{
		Enabled: true, Interval: &metav1.Duration{Duration: 5 * time.Second}, Timeout: &metav1.Duration{Duration: time.Second},
	}
}

// traffic is what the status says of the probes.
func traffic() v1.TrafficStatus {
	if t := env.Mesh().Status.Traffic; t != nil {
		return *t
	}
	return v1.TrafficStatus{}
}

// probeOn is the name of the probe's pod on a node.
func probeOn(node string) string {
	GinkgoHelper()
	return env.Kubectl("get", "pods", "-n", plan.ProbeNamespace, "--field-selector=spec.nodeName="+node, "-o", "jsonpath={.items[0].metadata.name}")
}

// answer has the probe of a node not be ready, and answer with that result until release.
func answer(node string, result probe.Result) (release func()) {
	GinkgoHelper()
	release = env.Hold(cluster.Behavior{Namespace: plan.ProbeNamespace, Nodes: []string{node}, Mode: cluster.Unready})
	address := fmt.Sprintf("127.0.%d.2", answers.Add(1))
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "8082"))
	Expect(err).NotTo(HaveOccurred())
	result.Node, result.State, result.Since = node, probe.Failing, time.Now()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(result) // The client reports what is missing.
	})}
	go func() { _ = server.Serve(listener) }()
	DeferCleanup(server.Close)
	env.Kubectl("patch", "pod", probeOn(node), "-n", plan.ProbeNamespace, "--subresource=status", "--type=merge", "-p",
		fmt.Sprintf(`{"status":{"podIP":%q,"podIPs":[{"ip":%[1]q}]}}`, address))
	return release
}

// answers counts the addresses that probes have answered at.
var answers atomic.Int32

// probeObjects lists the probe's objects in the cluster.
func probeObjects() string {
	text, _ := env.TryKubectl("get", "daemonset,service,serviceaccount,authorizationpolicy,peerauthentication", "-n", plan.ProbeNamespace, "-o", "name", "-l", v1.OwnerLabel)
	return text
}

var _ = Describe("Probes", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, fewNodes)
		env.AuthorizeProbes(ctx)
	})

	Context("that the operator's chart does not allow", func() {
		BeforeAll(func() {
			env.StartOperator()
			env.Install(Sample("minimal.yaml"))
		})

		It("are refused, and the mesh stays as it is", func() {
			before := env.VersionsOfOwned()
			env.Patch(`{"spec":{"probe":{"enabled":true}}}`)
			env.EventuallyPhase(v1.PhaseFailed)
			Expect(env.Mesh().Status.Message).To(Equal("spec.probe is enabled, and this operator may not run probes: set probe.enabled=true in the operator's Helm chart"))
			Expect(env.Condition(v1.ConditionReady).Reason).To(Equal(v1.ReasonProbeNotAllowed))
			Expect(env.VersionsOfOwned()).To(Equal(before))
		})
	})

	Context("that it allows", func() {
		BeforeAll(func() { env.StartOperator(withProbes) })

		It("are installed, and prove the traffic once they are ready", func() {
			smc := &v1.ServiceMeshController{}
			probed(smc)
			patch, err := json.Marshal(map[string]any{"spec": map[string]any{"probe": smc.Spec.Probe}})
			Expect(err).NotTo(HaveOccurred())
			env.Patch(string(patch))
			env.EventuallyPhase(v1.PhaseSucceeded)
			Eventually(traffic).Should(And(HaveField("Proven", "2/2"), HaveField("Nodes", v1.TrafficNodes{Proven: 2}), HaveField("Since", Not(BeNil()))))
			Expect(env.Condition(v1.ConditionTrafficProven)).To(And(
				HaveField("Status", metav1.ConditionTrue), HaveField("Message", "the traffic of all 2 nodes goes through the mesh")))
			Eventually(func() v1.ComponentStatus { return env.Component(v1.ComponentProbe) }).Should(And(HaveField("Version", "test"), HaveField("Pods", "2/2")))
			Expect(env.Kubectl("get", "smc", Name)).To(MatchRegexp(`TRAFFIC\s.*\n.*2/2\s+2/2\s+2/2`))
			Eventually(env.Events).Should(ContainElement("TrafficProven: the traffic of all 2 nodes goes through the mesh"))
			Expect(env.Kubectl("get", "pods", "-n", plan.ProbeNamespace, "-o", "jsonpath={.items[*].metadata.labels.istio\\.io/dataplane-mode}")).To(Equal("ambient ambient"))
		})

		It("cost no request while the traffic is proven", func() {
			env.ExpectQuiet(env.Settled(), 15*time.Second)
		})

		It("say which node fails and why, and the mesh itself is complete", func() {
			release := answer("node-1", probe.Result{Reason: probe.NoCertificate, Message: "ztunnel has no certificate for the pod"})
			Eventually(traffic).Should(And(HaveField("Proven", "1/2"), HaveField("Nodes", v1.TrafficNodes{Proven: 1, Failing: 1}),
				HaveField("Failing", []v1.FailingNode{{Node: "node-1", Reason: v1.TrafficNoCertificate, Message: "ztunnel has no certificate for the pod"}})))
			Expect(env.Condition(v1.ConditionTrafficProven)).To(And(HaveField("Status", metav1.ConditionFalse), HaveField("Reason", v1.ReasonTrafficNotProven),
				HaveField("Message", "the traffic of 1 of 2 nodes is not proven (node-1): node-1: NoCertificate: ztunnel has no certificate for the pod")))
			Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
			Eventually(env.Events).Should(ContainElement(HavePrefix("TrafficNotProven: the traffic of 1 of 2 nodes")))
			release()
			Eventually(traffic).Should(And(HaveField("Proven", "2/2"), HaveField("Failing", BeEmpty())))
		})

		It("are asked a bounded number of times while one fails", func() {
			release := answer("node-1", probe.Result{Reason: probe.NoRoute, Message: "no answer"})
			Eventually(traffic).Should(HaveField("Nodes.Failing", BeEquivalentTo(1)))
			mark := env.Cluster.Audit().Mark()
			Consistently(func() int { return len(env.Requests(mark)) }, 20*time.Second, time.Second).Should(
				BeNumerically("<=", 5), "one list an interval")
			release()
			Eventually(traffic).Should(HaveField("Proven", "2/2"))
		})

		It("get their policies back where nothing is enforced", func() {
			env.Kubectl("delete", "authorizationpolicy", plan.ProbeName, "-n", plan.ProbeNamespace)
			release := answer("node-2", probe.Result{Reason: probe.NotEnforced, Message: "a port that no identity may reach has answered"})
			Eventually(probeObjects).Should(ContainSubstring("authorizationpolicy.security.istio.io/gloo-operator-probe"))
			release()
			Eventually(traffic).Should(HaveField("Proven", "2/2"))
		})

		It("are restored when they are deleted", func() {
			env.Kubectl("delete", "daemonset,service", "--all", "-n", plan.ProbeNamespace)
			Eventually(probeObjects).Should(And(ContainSubstring("daemonset.apps/gloo-operator-probe"), ContainSubstring("service/gloo-operator-probe")))
			Eventually(traffic).Should(HaveField("Proven", "2/2"))
			env.EventuallyPhase(v1.PhaseSucceeded)
		})

		It("are refused in another namespace than the chart's", func() {
			env.Patch(`{"spec":{"probe":{"namespace":"default"}}}`)
			env.EventuallyPhase(v1.PhaseFailed)
			Expect(env.Mesh().Status.Message).To(HavePrefix("this operator runs probes in the namespace gloo-operator-probe, not in default"))
			env.Patch(`{"spec":{"probe":{"namespace":null}}}`)
			env.EventuallyPhase(v1.PhaseSucceeded)
		})

		It("that cannot be applied leave the mesh complete, and come back with their namespace", func(ctx SpecContext) {
			env.Kubectl("delete", "namespace", plan.ProbeNamespace)
			Eventually(func() metav1.Condition { return env.Condition(v1.ConditionTrafficProven) }).Should(And(HaveField("Status", metav1.ConditionUnknown),
				HaveField("Reason", v1.ReasonApplyFailed), HaveField("Message", ContainSubstring("run helm upgrade"))))
			Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
			mark := env.Cluster.Audit().Mark()
			Consistently(func() int { return len(env.Requests(mark, cluster.Writes())) }, 15*time.Second, time.Second).Should(
				BeNumerically("<=", 3), "a try every 30 seconds, and its status")
			env.AuthorizeProbes(ctx)
			Eventually(traffic).Should(HaveField("Proven", "2/2"))
			Expect(env.Condition(v1.ConditionTrafficProven).Status).To(Equal(metav1.ConditionTrue))
		})

		It("keep the mesh from being complete where spec requires them", func() {
			release := answer("node-1", probe.Result{Reason: probe.NotCaptured, Message: "traffic is not redirected"})
			env.Patch(`{"spec":{"probe":{"required":true}}}`)
			Eventually(func() v1.Phase { return env.Mesh().Status.Phase }).ShouldNot(Equal(v1.PhaseSucceeded))
			Eventually(func() string { return env.Condition(v1.ConditionReady).Message }).Should(ContainSubstring("node-1: NotCaptured: traffic is not redirected"))
			release()
			env.EventuallyPhase(v1.PhaseSucceeded)
		})

		It("are not part of a mesh of sidecars, and do not hold the change", func() {
			env.Kubectl("annotate", "pods", "--all", "-n", plan.ProbeNamespace, redirection+"=enabled")
			env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
			env.EventuallyPhase(v1.PhaseSucceeded)
			Expect(probeObjects()).To(BeEmpty())
			Expect(env.Mesh().Status.Traffic).To(BeNil())
			env.Patch(`{"spec":{"dataplaneMode":"Ambient"}}`)
			env.EventuallyPhase(v1.PhaseSucceeded)
			Eventually(traffic).Should(HaveField("Proven", "2/2"))
		})

		It("go with everything of theirs when spec no longer asks for them", func() {
			env.Patch(`{"spec":{"probe":null}}`)
			Eventually(probeObjects).Should(BeEmpty())
			env.EventuallyPhase(v1.PhaseSucceeded)
			Expect(env.Mesh().Status.Traffic).To(BeNil())
			Expect(env.Mesh().Status.Conditions).NotTo(ContainElement(HaveField("Type", v1.ConditionTrafficProven)))
		})

		It("do not hold the removal of the mesh, and are removed with it", func(ctx SpecContext) {
			env.Patch(`{"spec":{"probe":{"enabled":true}}}`)
			Eventually(traffic).Should(HaveField("Proven", "2/2"))
			env.Kubectl("annotate", "pods", "--all", "-n", plan.ProbeNamespace, redirection+"=enabled")
			env.Kubectl("delete", "smc", Name, "--wait=false")
			Eventually(gone(ctx)).Should(BeTrue())
			Expect(probeObjects()).To(BeEmpty())
			Expect(env.Kubectl("get", "namespace", plan.ProbeNamespace, "-o", "name")).To(Equal("namespace/gloo-operator-probe\n"))
		})
	})
})

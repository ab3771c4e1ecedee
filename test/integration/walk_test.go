// SPDX-License-Identifier: Apache-2.0

package integration_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/operatortest"
)

// workloads are the names of the mesh's workloads in the order of an upgrade.
var workloads = []string{"istiod", "istio-cni-node", "ztunnel"}

// applied lists the operator's writes to the mesh since the mark without those that only
// rehearse.
func applied(since cluster.Mark) []cluster.Request {
	GinkgoHelper()
	return slices.DeleteFunc(env.MeshWrites(since), func(r cluster.Request) bool { return strings.Contains(r.URI, "dryRun=All") })
}

// rolled lists the workloads that the operator has applied since, in that order.
func rolled(since cluster.Mark) []string {
	GinkgoHelper()
	var names []string
	for _, request := range applied(since) {
		if slices.Contains(workloads, request.Name) && (request.Resource == "deployments" || request.Resource == "daemonsets") {
			names = append(names, request.Name)
		}
	}
	return names
}

// expectNoWork watches the operator send nothing but events, which client-go may write
// late.
func expectNoWork(since cluster.Mark) {
	GinkgoHelper()
	Consistently(func() []cluster.Request {
		return env.Requests(since, func(r cluster.Request) bool { return r.Resource != "events" })
	}, 10*time.Second, time.Second).Should(BeEmpty())
}

// history is the status' history, the newest change first, without times.
func history() []string {
	GinkgoHelper()
	var told []string
	for _, entry := range env.Mesh().Status.History {
		told = append(told, fmt.Sprintf("%s → %s %s", entry.From, entry.To, entry.Result))
	}
	return told
}

// hold keeps pods of a workload, of one version, from getting ready.
func hold(app, image string, behavior cluster.Behavior) (release func()) {
	GinkgoHelper()
	behavior.Selector, behavior.Image = map[string]string{"app": app}, image
	if behavior.Mode == "" {
		behavior.Mode = cluster.Unready
	}
	return env.Hold(behavior)
}

var _ = Describe("An upgrade over several minor versions", Ordered, func() {
	var start cluster.Mark

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("k3s-cilium.yaml", Version("1.26.2")))
		start = env.Settled()
	})

	It("tells its path before it changes anything", func() {
		release := hold("istiod", "1.27.9", cluster.Behavior{})
		env.SetVersion("1.29.1")
		Eventually(func() *v1.RolloutStatus { return env.Mesh().Status.Rollout }).Should(And(
			HaveField("From", "1.26.2"), HaveField("To", "1.27.9"), HaveField("Path", []string{"1.28.2", "1.29.1"}),
			HaveField("Component", "istiod"), HaveField("Progress", "istiod 1.26.2 → 1.27.9 0/2")))
		Expect(env.Mesh().Status.Message).To(ContainSubstring("upgrade path: 1.26.2 → 1.27.9 → 1.28.2 → 1.29.1: istiod 1.26.2 → 1.27.9: "))
		Expect(env.Kubectl("get", "smc", Name)).To(MatchRegexp(`PROGRESS(.|\n)*UPGRADING +1.26.2 +0/2 +5/5 +5/5 +istiod 1.26.2 → 1.27.9 0/2`))
		told := env.Requests(start, func(r cluster.Request) bool { return r.Subresource == "status" })
		Expect(told).NotTo(BeEmpty())
		Expect(told[0].Time.Before(applied(start)[0].Time)).To(BeTrue(), "the path is in the status before the first write")
		Expect(rolled(start)).To(Equal([]string{"istiod"}), "the others wait")
		release()
	})

	It("goes through the newest release of each, one component after the other", func() {
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.29.1"))
		Expect(rolled(start)).To(Equal(slices.Concat(workloads, workloads, workloads)))
		for _, name := range workloads {
			Expect(env.Kubectl("get", "pods", "-n", Namespace, "-o", "jsonpath={.items[*].spec.containers[*].image}")).NotTo(
				Or(ContainSubstring("1.26.2"), ContainSubstring("1.27.9"), ContainSubstring("1.28.2")), name)
		}
	})

	It("stands step by step in the history and in events", func() {
		Expect(history()).To(Equal([]string{"1.28.2 → 1.29.1 Succeeded", "1.27.9 → 1.28.2 Succeeded", "1.26.2 → 1.27.9 Succeeded", " → 1.26.2 Succeeded"}))
		Expect(env.Mesh().Status.Rollout).To(BeNil())
		Eventually(env.Events).Should(ContainElements(
			HavePrefix("Upgrading: changing Istio 1.26.2 → 1.27.9: upgrade path: "), HavePrefix("Upgrading: changing Istio 1.27.9 → 1.28.2: "),
			HavePrefix("Upgrading: changing Istio 1.28.2 → 1.29.1: ")))
	})

	It("leaves nothing to do", func() { expectNoWork(env.Settled()) })

	It("does not start where its last step cannot be had", func() {
		mark := env.Settled()
		env.Patch(`{"spec":{"version":"1.30.0","repository":{"url":"https://127.0.0.1:1/charts"}}}`)
		Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonRepositoryUnavailable))
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		env.Patch(`{"spec":{"version":"1.29.1","repository":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
})

var _ = Describe("Going back", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("k3s-cilium.yaml", Version("1.28.2")))
		env.Settled()
	})

	It("to an older minor version needs to be allowed", func() {
		mark := env.Settled()
		env.SetVersion("1.26.2")
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionReady)).To(And(HaveField("Reason", v1.ReasonDowngrade),
			HaveField("Message", ContainSubstring("spec.upgrade.allowDowngrade"))))
		Expect(env.MeshWrites(mark)).To(BeEmpty())
	})

	It("goes step by step, the data plane first", func() {
		mark := env.Settled()
		env.Patch(`{"spec":{"upgrade":{"allowDowngrade":true}}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.26.2"))
		back := slices.Clone(workloads)
		slices.Reverse(back)
		Expect(rolled(mark)).To(Equal(slices.Concat(back, back)))
		Expect(history()[:2]).To(Equal([]string{"1.27.9 → 1.26.2 Succeeded", "1.28.2 → 1.27.9 Succeeded"}))
	})

	It("in the middle of an upgrade takes the data plane back first", func() {
		release := hold("ztunnel", "1.27.9", cluster.Behavior{Nodes: []string{"node-2"}})
		env.SetVersion("1.27.9")
		Eventually(func() string { return env.Component("ztunnel").Message }).Should(ContainSubstring("1.26.2 → 1.27.9"))
		mark := env.Settled()
		env.SetVersion("1.26.2")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(rolled(mark)).To(Equal([]string{"ztunnel", "istio-cni-node", "istiod"}))
		Expect(history()[:2]).To(Equal([]string{"1.27.9 → 1.26.2 Succeeded", "1.26.2 → 1.27.9 Superseded"}))
		release()
	})
})

var _ = Describe("A rollout that fails", Ordered, func() {
	const notFound = `Back-off pulling image "docker.io/istio/ztunnel:1.28.2": not found`

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("k3s-cilium.yaml", Version("1.27.9")))
		env.Settled()
	})

	It("is FAILED at once where waiting cannot help, with the pod and its reason", func() {
		release := hold("istiod", "1.28.2", cluster.Behavior{Mode: cluster.Fail, Reason: "ImagePullBackOff", Message: notFound})
		mark := env.Settled()
		env.SetVersion("1.28.2")
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Mesh().Status.Message).To(And(ContainSubstring("pod istiod-"), ContainSubstring("ImagePullBackOff"), ContainSubstring("not found")))
		Expect(env.Condition(v1.ConditionControlPlaneDeployed).Reason).To(Equal(v1.ReasonRolloutFailed))
		Expect(rolled(mark)).To(Equal([]string{"istiod"}), "nothing further is started")
		Expect(env.Istiod().Status.AvailableReplicas).To(BeNumerically(">=", 2), "older pods serve")
		Eventually(env.Events).Should(ContainElement(HavePrefix("RolloutFailed: istiod 1.28.2 cannot get ready")))
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(history()[0]).To(Equal("1.27.9 → 1.28.2 Succeeded"), "it heals by itself")
	})

	It("is FAILED after the timeout where waiting might have helped", func() {
		release := hold("ztunnel", "1.29.1", cluster.Behavior{Mode: cluster.Fail, Message: "no config"})
		env.Patch(`{"spec":{"version":"1.29.1","upgrade":{"timeout":"8s"}}}`)
		Eventually(func() string { return env.Mesh().Status.Message }).Should(ContainSubstring("CrashLoopBackOff"))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseUpgrading))
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Mesh().Status.Message).To(And(ContainSubstring("ztunnel 1.29.1 made no progress for 8s (spec.upgrade.timeout)"),
			ContainSubstring("CrashLoopBackOff"), ContainSubstring("pod ztunnel-")))
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("tells of a quota that lets no pod be made, of which only events tell", func() {
		env.Kubectl("create", "quota", "tight", "-n", Namespace, "--hard=pods=12")
		env.Patch(`{"spec":{"values":{"ztunnel":{"podAnnotations":{"roll":"1"}}}}}`)
		Eventually(func() string { return env.Component("ztunnel").Message }).Should(And(ContainSubstring("FailedCreate"), ContainSubstring("exceeded quota: tight")))
		env.Kubectl("delete", "quota", "tight", "-n", Namespace)
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("tells of pods that no node takes", func() {
		env.Patch(`{"spec":{"values":{"pilot":{"nodeSelector":{"disk":"none"}}}}}`)
		Eventually(func() string { return env.Component("istiod").Message }).Should(And(ContainSubstring("Unschedulable"), ContainSubstring("pod istiod-")))
		Expect(env.Istiod().Status.AvailableReplicas).To(BeNumerically(">=", 2), "older pods serve")
		env.Patch(`{"spec":{"values":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("goes on at once when spec is corrected", func() {
		release := hold("istiod", "1.29.1", cluster.Behavior{Mode: cluster.Fail, Reason: "InvalidImageName", Message: "no"})
		env.Patch(`{"spec":{"values":{"pilot":{"podAnnotations":{"try":"1"}}}}}`)
		env.EventuallyPhase(v1.PhaseFailed)
		release()
		env.Patch(`{"spec":{"values":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.FailedRollout).To(BeNil())
	})
})

var _ = Describe("A rollback", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		mesh := Sample("k3s-cilium.yaml", Version("1.27.9"))
		mesh.Spec.Upgrade = &v1.Upgrade{OnFailure: v1.Rollback}
		env.Install(mesh)
		env.Settled()
	})

	It("goes back to what ran, the data plane first, and says why", func() {
		release := hold("ztunnel", "1.28.2", cluster.Behavior{Mode: cluster.Fail, Reason: "InvalidImageName", Message: "no such name"})
		mark := env.Settled()
		env.SetVersion("1.28.2")
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Mesh().Status).To(And(HaveField("Version", "1.27.9"), HaveField("Rollout", BeNil()),
			HaveField("Message", And(HavePrefix("Istio 1.27.9 runs again: "), ContainSubstring("InvalidImageName")))))
		Expect(rolled(mark)).To(Equal([]string{"istiod", "istio-cni-node", "ztunnel", "ztunnel", "istio-cni-node", "istiod"}))
		Expect(history()[:2]).To(Equal([]string{"1.28.2 → 1.27.9 RolledBack", "1.27.9 → 1.28.2 Failed"}))
		Expect(env.Ztunnel().Status.NumberReady).To(BeEquivalentTo(5))
		Eventually(env.Events).Should(ContainElements(HavePrefix("RollingBack: "), HavePrefix("RolledBack: ")))
		release()
	})

	It("is not done again, and leaves what it leads to alone", func() {
		mark := env.Settled()
		expectNoWork(mark)
		env.StartOperator()
		env.Settled()
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseFailed))
		Expect(rolled(env.Settled())).To(BeEmpty())
	})

	It("is forgotten when spec changes", func() {
		env.Patch(`{"spec":{"upgrade":{"timeout":"5m"}}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status).To(And(HaveField("Version", "1.28.2"), HaveField("FailedRollout", BeNil())))
	})
})

var _ = Describe("Nodes", Ordered, func() {
	const broken = "broken"
	// addBroken adds a node that no kubelet looks after, so that no pod on it gets ready.
	addBroken := func() {
		env.Kubectl("apply", "-f", write(`{"apiVersion":"v1","kind":"Node","metadata":{"name":"`+broken+`","labels":{"kubernetes.io/os":"linux","kubernetes.io/hostname":"`+broken+`"}}}`))
		env.Kubectl("patch", "node", broken, "--subresource=status", "--type=merge", "-p",
			`{"status":{"capacity":{"cpu":"8","memory":"32Gi","pods":"110"},"allocatable":{"cpu":"8","memory":"32Gi","pods":"110"},`+
				`"conditions":[{"type":"Ready","status":"False","reason":"KubeletNotReady","message":"no","lastHeartbeatTime":null,"lastTransitionTime":null}]}}`)
	}

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("minimal.yaml", Version("1.28.2")))
		env.Settled()
	})

	It("that join do not degrade a complete mesh while their pods start", func() {
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "ztunnel"}, Nodes: []string{"node-6"}, Mode: cluster.Unready})
		_, err := env.Cluster.AddNodes(context.Background(), 1)
		Expect(err).NotTo(HaveOccurred())
		Eventually(func() string { return env.Component("ztunnel").Pods }).Should(Equal("5/6"))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		Expect(env.Events()).NotTo(ContainElement(HavePrefix("Degraded: ")))
		release()
		Eventually(func() string { return env.Component("ztunnel").Pods }).Should(Equal("6/6"))
	})

	It("that leave do not degrade it either", func() {
		Expect(env.Cluster.RemoveNodes(context.Background(), "node-6")).To(Succeed())
		Eventually(func() string { return env.Component("ztunnel").Pods }).Should(Equal("5/5"))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		Expect(env.Events()).NotTo(ContainElement(HavePrefix("Degraded: ")))
	})

	It("that are cordoned change nothing", func() {
		mark := env.Settled()
		env.Kubectl("cordon", "node-1")
		expectNoWork(mark)
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("uncordon", "node-1")
	})

	It("that are not ready are named, and hold a rollout up unless they may be left out", func() {
		addBroken()
		env.SetVersion("1.29.1")
		env.Patch(`{"spec":{"values":{"cni":{"podAnnotations":{"roll":"1"}},"ztunnel":{"podAnnotations":{"roll":"1"}}},"upgrade":{"timeout":"10s"}}}`)
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Mesh().Status.Message).To(And(ContainSubstring("node "+broken+" is not ready"), ContainSubstring("spec.upgrade.maxUnavailableNodes to 1")))
		env.Patch(`{"spec":{"upgrade":{"maxUnavailableNodes":1}}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Component("ztunnel")).To(And(HaveField("Pods", "5/6"), HaveField("Message", ContainSubstring("node "+broken+" is left out"))))
		Expect(env.Condition(v1.ConditionInitialized).Message).To(ContainSubstring("node " + broken + " is left out"))
		expectNoWork(env.Settled())
	})

	It("that are not ready are not taken for those whose pods fail", func() {
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "ztunnel"}, Nodes: []string{"node-1"}, Mode: cluster.Fail})
		env.EventuallyPhase(v1.PhaseDegraded)
		Eventually(func() string { return env.Mesh().Status.Message }).Should(ContainSubstring("on node node-1: CrashLoopBackOff"))
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("that leave the cluster leave the status as well", func() {
		env.Kubectl("delete", "node", broken)
		env.Kubectl("delete", "pods", "-n", Namespace, "--field-selector=spec.nodeName="+broken, "--force")
		Eventually(func() v1.ComponentStatus { return env.Component("ztunnel") }).Should(And(HaveField("Pods", "5/5"), HaveField("Message", BeEmpty())))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
	})
})

var _ = Describe("An upgrade that has to be approved", Ordered, func() {
	var start cluster.Mark

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		mesh := Sample("minimal.yaml", Version("1.27.9"))
		mesh.Spec.Upgrade = &v1.Upgrade{Approve: v1.Manual}
		env.Install(mesh)
		start = env.Settled()
	})

	It("is proposed, and waits", func() {
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhasePending)
		Expect(env.Mesh().Status.Proposal).To(And(HaveField("Version", "1.29.1"), HaveField("Digest", MatchRegexp("^[0-9a-f]{32}$")),
			HaveField("Summary", And(ContainSubstring("pods restart: Deployment istio-system/istiod"), ContainSubstring("DaemonSet istio-system/ztunnel")))))
		Expect(env.Mesh().Status.Message).To(And(
			HavePrefix("Istio 1.27.9 → 1.29.1 (upgrade path: 1.27.9 → 1.28.2 → 1.29.1) waits for approval: "),
			ContainSubstring("kubectl annotate servicemeshcontroller managed-istio --overwrite operator.gloo.solo.io/approve="+env.Mesh().Status.Proposal.Digest)))
		expectNoWork(env.Settled())
		Expect(applied(start)).To(BeEmpty())
	})

	It("does not take the approval of another change", func() {
		first := env.Mesh().Status.Proposal.Digest
		env.SetVersion("1.28.2")
		Eventually(func() *v1.Proposal { return env.Mesh().Status.Proposal }).Should(And(Not(BeNil()), HaveField("Version", "1.28.2")))
		env.Kubectl("annotate", "smc", Name, v1.ApproveAnnotation+"="+first)
		env.Settled()
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhasePending))
		Expect(applied(start)).To(BeEmpty())
	})

	It("rolls when it is approved, all the way", func() {
		env.SetVersion("1.29.1")
		Eventually(func() v1.Phase { return env.Mesh().Status.Phase }).Should(Equal(v1.PhaseSucceeded), "approved before")
		Expect(env.Mesh().Status).To(And(HaveField("Version", "1.29.1"), HaveField("Proposal", BeNil())))
		Expect(rolled(start)).To(Equal(slices.Concat(workloads, workloads)))
	})

	It("is no correction of drift, and nothing that changes nothing", func() {
		env.Kubectl("delete", "daemonset", "-n", Namespace, "ztunnel")
		Eventually(func() int32 { return env.ReadyPods("ztunnel") }).Should(BeEquivalentTo(5))
		env.EventuallyPhase(v1.PhaseSucceeded)
		mark := env.Settled()
		env.Patch(`{"spec":{"upgrade":{"timeout":"5m"}}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(applied(mark)).To(BeEmpty())
	})
})

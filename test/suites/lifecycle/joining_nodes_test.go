// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

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

var _ = Describe("A single node", Ordered, func() {
	budgets := func() string {
		GinkgoHelper()
		return env.Kubectl("get", "poddisruptionbudget", "-n", Namespace, "-o", "name")
	}
	var istiod int64

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, func(o *cluster.Options) { o.Nodes = 1 })
		env.StartOperator()
		env.Install(Sample("minimal.yaml", Version("1.28.2")))
		istiod = env.Istiod().Generation
	})

	It("can be drained: istiod has no PodDisruptionBudget", func() {
		Expect(budgets()).To(BeEmpty())
		env.Kubectl("drain", "node-1", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=30s")
		env.Kubectl("uncordon", "node-1")
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("gets a budget with the next node, and no pod restarts", func() {
		_, err := env.Cluster.AddNodes(context.Background(), 1)
		Expect(err).NotTo(HaveOccurred())
		Eventually(budgets).Should(ContainSubstring("istiod"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Istiod().Generation).To(Equal(istiod))
	})

	It("keeps the budget while the other is drained, since that one comes back", func() {
		mark := env.Settled()
		env.Kubectl("cordon", "node-2")
		expectNoWork(mark)
		Expect(budgets()).To(ContainSubstring("istiod"))
		env.Kubectl("uncordon", "node-2")
	})

	It("loses the budget when it is the last again", func() {
		Expect(env.Cluster.RemoveNodes(context.Background(), "node-2")).To(Succeed())
		Eventually(budgets).Should(BeEmpty())
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Istiod().Generation).To(Equal(istiod))
	})
})

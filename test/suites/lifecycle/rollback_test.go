// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

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
		Eventually(env.Events).Should(ContainElement(HavePrefix("RolloutFailed: istiod 1.28.2 cannot become ready")))
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
		env.Kubectl("create", "quota", "tight", "-n", Namespace, "--hard=pods=1")
		Eventually(func() string {
			return env.Kubectl("get", "quota", "tight", "-n", Namespace, "-o", "jsonpath={.status.used.pods}")
		}).Should(Equal("12"), "pods are counted, so that the quota holds")
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
			HaveField("Message", And(HavePrefix("the rollout of Istio 1.28.2 failed and was rolled back to 1.27.9: "), ContainSubstring("InvalidImageName")))))
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

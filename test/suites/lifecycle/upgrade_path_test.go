// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

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
		notes, err := istio.UpgradeNotes("1.27.9", "1.29.1")
		Expect(err).NotTo(HaveOccurred())
		Expect(notes).NotTo(BeEmpty())
		Expect(env.Mesh().Status.Proposal.UpgradeNotes).To(BeEquivalentTo(len(notes)))
		Expect(env.Mesh().Status.Message).To(HaveSuffix(
			fmt.Sprintf("; to see every change and the %d upgrade notes of Istio: gloo-operator diff -f FILE", len(notes))))
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

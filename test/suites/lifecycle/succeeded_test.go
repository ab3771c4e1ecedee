// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

var _ = Describe("SUCCEEDED is true", Ordered, func() {
	var operator *Operator

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		operator = env.StartOperator()
		env.Install(Sample("minimal.yaml", Version("1.28.2"), func(smc *v1.ServiceMeshController) {
			smc.Spec.ScalingProfile = v1.ScalingLarge // An autoscaler has the replicas of istiod.
		}))
	})

	images := func(workload string) string {
		return env.Kubectl("get", "-n", Namespace, workload, "-o", "jsonpath={.spec.template.spec.containers[*].image}")
	}

	// Hardened: kubectl scale deployment istiod --replicas=0 | SUCCEEDED for ever, without a control plane
	It("is DEGRADED while istiod is scaled to 0, and says how to get it back", func() {
		env.Kubectl("scale", "-n", Namespace, "deployment/istiod", "--replicas=0")
		env.EventuallyPhase(v1.PhaseDegraded)
		const advice = "kubectl scale -n istio-system deployment/istiod --replicas=1"
		Eventually(func() string { return env.Mesh().Status.Message }).Should(ContainSubstring(advice))
		env.Shell(advice)
		Eventually(func() int32 { return env.Istiod().Status.ReadyReplicas }).Should(BeEquivalentTo(4), "the autoscaler has taken over again")
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	// Hardened: a value that changes istio-cni-config alone | agents ran the old settings under SUCCEEDED
	It("replaces the pods that read a ConfigMap only when they start, before it is SUCCEEDED again", func() {
		digest := func() string { return env.CNINode().Spec.Template.Annotations[v1.ConfigDigestAnnotation] }
		pods := func(path string) []string {
			return strings.Fields(env.Kubectl("get", "pods", "-n", Namespace, "-l", "k8s-app=istio-cni-node", "-o", "jsonpath={.items[*]."+path+"}"))
		}
		before, uids := digest(), pods("metadata.uid")
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"k8s-app": "istio-cni-node"}, Mode: cluster.Unready})
		env.Patch(`{"spec":{"values":{"cni":{"ambient":{"ipv6":false}}}}}`)
		Eventually(digest).ShouldNot(Equal(before))
		env.EventuallyPhase(v1.PhaseUpgrading)
		release()
		env.EventuallyPhase(v1.PhaseSucceeded)
		for _, uid := range uids {
			Expect(pods("metadata.uid")).NotTo(ContainElement(uid))
		}
		Expect(pods(`metadata.annotations.operator\.gloo\.solo\.io/config-digest`)).To(And(HaveLen(Nodes), HaveEach(digest())))
	})

	It("is still so with a workload that is left alone as it should be, which is named", func() {
		env.Kubectl("annotate", "-n", Namespace, "daemonset/ztunnel", v1.IgnoreAnnotation+"=true")
		Eventually(func() string { return env.Condition(v1.ConditionInitialized).Message }).Should(ContainSubstring("DaemonSet istio-system/ztunnel is ignored"))
		mark := env.Settled()
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		env.ExpectQuiet(mark, 3*time.Second)
	})

	// Hardened: an upgrade of a mesh with a workload annotated to be left alone | SUCCEEDED, and the old version ran
	It("is not so while a workload that is left alone is of an older version: the upgrade stops there", func() {
		old := images("daemonset/ztunnel")
		env.SetVersion("1.29.1")
		Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonWorkloadIgnored))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseUpgrading))
		Expect(env.Mesh().Status.Version).To(Equal("1.28.2"))
		Expect(env.Component("istio-cni").Version).To(Equal("1.29.1"))
		Expect(env.Component("ztunnel").Version).To(Equal("1.28.2"))
		Expect(env.Mesh().Status.Message).To(And(ContainSubstring("DaemonSet istio-system/ztunnel"), ContainSubstring("kubectl annotate")))
		Expect(images("daemonset/ztunnel")).To(Equal(old))
		env.ExpectQuiet(env.Settled(), 3*time.Second)
	})

	It("is not so after a restart either, but once the annotation is removed", func() {
		operator.Stop()
		mark := env.Cluster.Audit().Mark()
		env.StartOperator()
		Eventually(func() any { return env.MeshWrites(mark) }).ShouldNot(BeEmpty())
		settled := env.Settled()
		Consistently(func() any { return env.MeshWrites(settled) }, 3*time.Second).Should(BeEmpty()) // Helm's records are written once.
		Expect(env.Condition(v1.ConditionReady).Reason).To(Equal(v1.ReasonWorkloadIgnored))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseUpgrading))

		env.Kubectl("annotate", "-n", Namespace, "DaemonSet/ztunnel", v1.IgnoreAnnotation+"-")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(images("daemonset/ztunnel")).To(ContainSubstring("1.29.1"))
	})
})

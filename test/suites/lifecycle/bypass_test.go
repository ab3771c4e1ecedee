// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// bypass is what the status says of pods that may bypass the mesh.
func bypass() v1.BypassStatus { return env.Bypass() }

// startAgain does to the status of a pod what the kubelet does when its node has booted.
func startAgain(namespace, name string) {
	GinkgoHelper()
	env.Kubectl("wait", "--for=condition=Ready", "pod", name, "-n", namespace)
	env.Kubectl("patch", "pod", name, "-n", namespace, "--subresource=status", "--type=strategic", "--patch", fmt.Sprintf(
		`{"status": {"startTime": %q, "conditions": [{"type": "PodReadyToStartContainers", "lastTransitionTime": %q}], "containerStatuses": [{"name": "app", "restartCount": 1, "image": "app", "imageID": ""}]}}`,
		time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)))
}

var _ = Describe("Pods that may bypass the mesh", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, fewNodes)
		env.AuthorizeWith(ctx, map[string]any{"listPods": false, "detectBypass": true})
		enroll("shop")
		captured("shop", "web", "", "")
	})

	Context("by default", func() {
		BeforeAll(func() {
			env.StartOperator()
			env.Install(Sample("minimal.yaml", Values(`{"cni":{"ambient":{"reconcileIptablesOnStartup":false}}}`)))
		})

		It("are not looked for, which the status says", func() {
			mark := env.Settled()
			Expect(bypass()).To(Equal(v1.BypassStatus{Message: "pods are not checked: set rbac.detectBypass=true in the operator's Helm chart"}))
			env.Kubectl("annotate", "smc", Name, "look=again")
			Expect(env.Settled()).NotTo(Equal(mark))
			Expect(podLists(mark)).To(BeEmpty())
		})
	})

	Context("with rbac.detectBypass", func() {
		BeforeAll(func() {
			env.StartOperator(func(o *manager.Options) { o.DetectBypass, o.BypassGrace = true, 3*time.Second })
		})

		It("are none while all are in the mesh", func() {
			Eventually(bypass).Should(And(HaveField("LastCheckTime", Not(BeNil())), HaveField("Suspects", BeZero()), HaveField("Message", BeEmpty())))
		})

		It("are named, with the reason and what to do", func() {
			env.Kubectl("annotate", "pods", "--all", "-n", "shop", redirection+"-")
			captured("shop", "booted", "", "")
			startAgain("shop", "booted")
			captured("shop", "other", "istio.io/dataplane-mode: none", "")
			env.Kubectl("annotate", "pod", "other", "-n", "shop", redirection+"-")
			env.Kubectl("delete", "pods", "-n", Namespace, "-l", "k8s-app=istio-cni-node") // The new ones are ready after the pod's network.
			Eventually(env.Suspects).Should(Equal(map[string]string{"shop/web": v1.SuspectNotRedirected, "shop/booted": v1.SuspectStartedWithoutCNI}))
			Expect(bypass()).To(And(HaveField("Suspects", BeEquivalentTo(2)), HaveField("Message", Equal(
				"2 pods may bypass the mesh, neither encrypted nor authorized: shop/booted, shop/web. Check that istio-cni is ready on their nodes, then restart them: "+
					"kubectl rollout restart deployment,statefulset,daemonset -n shop"))))
			Eventually(env.Events).Should(ContainElement(HavePrefix("PodsBypassMesh: 2 pods may bypass the mesh")))
			Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded), "the mesh itself is complete")
		})

		It("are no longer named once they are in the mesh", func() {
			env.Kubectl("annotate", "pod", "web", "-n", "shop", redirection+"=enabled")
			env.Kubectl("delete", "pod", "booted", "-n", "shop", "--wait=false")
			Eventually(bypass).Should(And(HaveField("Suspects", BeZero()), HaveField("Message", BeEmpty())))
		})

		It("are what starts while istio-cni is missing, which the status says", func() {
			env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"=true")
			Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonPaused))
			env.Kubectl("delete", "daemonset", "-n", Namespace, "istio-cni-node", "--wait=false")
			Eventually(bypass).Should(And(HaveField("Message", HavePrefix("istio-cni is missing: ")), HaveField("LastCheckTime", Not(BeNil()))))
			env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"-")
			Eventually(bypass).Should(HaveField("Message", BeEmpty()))
		})

		It("cannot be looked for without the permission, which the status says", func(ctx SpecContext) {
			env.AuthorizeWith(ctx, map[string]any{"listPods": false})
			env.Kubectl("label", "namespace", "default", dataplaneMode+"=ambient") // A reason to look.
			Eventually(bypass).Should(HaveField("Message", And(HavePrefix("pods cannot be checked: "), ContainSubstring("is forbidden"))))
			Expect(bypass().LastCheckTime).NotTo(BeNil(), "what was found before stays")
		})
	})
})

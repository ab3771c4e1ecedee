// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// settledMesh are specs of a mesh in which nothing happens.
func settledMesh() {
	It("is left alone by the operator, whatever istiod has written into its webhook", func() {
		webhook := &admissionv1.ValidatingWebhookConfiguration{}
		Eventually(func(g Gomega) {
			hook := Get(env, webhook, "istio-validator-istio-system").Webhooks[0]
			g.Expect(hook.ClientConfig.CABundle).NotTo(BeEmpty())
			g.Expect(hook.FailurePolicy).To(HaveValue(Equal(admissionv1.Fail)))
		}).Should(Succeed())
		client, reuser := since(within.client), since(within.reuser)
		env.ExpectQuiet(env.Settled(), time.Minute)
		client.expectAnswered("a quiet minute")
		Expect(reuser.expectAnswered("a quiet minute").Connections).To(BeZero(), "the connection has been kept")
	})
}

// underLoad are specs of a mesh that is upgraded while it is used.
func underLoad() {
	var running *load

	BeforeAll(func() { running = putLoad() })

	It("is upgraded", func() {
		env.SetVersion(after)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(imagesOfMesh).Should(HaveEach(ContainSubstring(after))) // The last ones may be ending still.
	})

	It("has served all the while, and no workload was restarted", func() { running.expectUndisturbed() })
}

// imagesOfMesh are those that run, of the pods that the operator has made.
func imagesOfMesh() []string {
	GinkgoHelper()
	var all []string
	for _, selector := range []string{"app=istiod", "k8s-app=istio-cni-node", "app=ztunnel"} {
		for _, pod := range pods(selector) {
			all = append(all, Images(corev1.PodTemplateSpec{Spec: pod.Spec}))
		}
	}
	return all
}

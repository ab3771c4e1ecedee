// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// inFlight is how many requests of a client may fail when both ends leave the mesh or join
// it: those that are under way between ztunnel letting go of a pod and istio-cni changing its
// rules, at about ten a second. On a busy machine that takes longer.
const inFlight = 10

// leaving are specs of ways out of the mesh, with pods in it that talk to each other, and
// of the way back.
func leaving(configured func() map[string]networks) {
	It("keeps ztunnel while pods in the mesh would be cut off by a change to sidecars", func() {
		talk := since(within.client)
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		Expect(onHold(v1.PhasePending)).To(ContainSubstring("kubectl label namespace " + ambient + " istio.io/dataplane-mode-"))
		talk.expectAnswered("a change to sidecars on hold")
	})

	It("changes to sidecars when they are out of the mesh, and back, and no pod is restarted", func() {
		running := containers()
		takeOut("leaving the mesh for sidecars")
		talk := since(within.client)
		env.EventuallyPhase(v1.PhaseSucceeded)
		talk.expectAnswered("a change to sidecars")
		Expect(env.Kubectl("get", "daemonset", "-n", Namespace, "-o", "name")).NotTo(ContainSubstring("ztunnel"))

		talk = since(within.client)
		env.Patch(`{"spec":{"dataplaneMode":"Ambient"}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		talk.expectAnswered("a change to ambient")
		takeIn("joining the mesh again")
		expectEncrypted()
		Expect(containers()).To(Equal(running), "no workload was restarted")
	})

	// Hardened: kubectl delete smc while pods in the mesh talk to each other | every request failed until the pods were restarted
	It("waits with its removal while pods in the mesh would be cut off", func() {
		talk := since(within.client)
		env.Kubectl("delete", "smc", Name, "--wait=false")
		Expect(onHold(v1.PhaseUninstalling)).To(ContainSubstring("kubectl label namespace " + ambient + " istio.io/dataplane-mode-"))
		talk.expectAnswered("a removal on hold")
	})

	It("is removed when they are out of the mesh, no request fails, and the nodes are as they were", func() {
		takeOut("leaving the mesh")
		talk, reused := since(within.client), since(within.reuser)
		Eventually(func() bool {
			return apierrors.IsNotFound(env.API.Get(GinkgoT().Context(), client.ObjectKey{Name: Name}, &v1.ServiceMeshController{}))
		}).Should(BeTrue())
		talk.expectAnswered("removal")
		reused.expectAnswered("removal")
		Eventually(conflists).Should(Equal(configured()))
	})
}

// onHold waits until pods in the mesh hold up what is asked for, and returns the message.
func onHold(phase v1.Phase) string {
	GinkgoHelper()
	env.EventuallyPhase(phase)
	Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonWorkloadsEnrolled))
	return env.Mesh().Status.Message
}

// takeOut takes the pods out of the mesh. Requests that are under way may fail.
func takeOut(during string) {
	GinkgoHelper()
	talk := since(within.client)
	env.Kubectl("label", "namespace", ambient, "istio.io/dataplane-mode-")
	Eventually(redirectedPods).Should(BeEmpty())
	talk.expectFewFailed(during)
}

// takeIn puts the pods into the mesh.
func takeIn(during string) {
	GinkgoHelper()
	talk := since(within.client)
	env.Kubectl("label", "namespace", ambient, "istio.io/dataplane-mode=ambient")
	Eventually(redirectedPods).Should(ContainElements(within.client.Name, "backend"))
	talk.expectFewFailed(during)
}

// redirectedPods are the pods in the mesh.
func redirectedPods() []string {
	GinkgoHelper()
	list := &corev1.PodList{}
	Expect(env.API.List(GinkgoT().Context(), list, client.InNamespace(ambient))).To(Succeed())
	var names []string
	for _, pod := range list.Items {
		if pod.Annotations[redirection] != "" {
			names = append(names, pod.Name)
		}
	}
	return names
}

// expectFewFailed allows requests to have failed that were under way.
func (q *questions) expectFewFailed(during string) {
	GinkgoHelper()
	so := q.counted(Default)
	q.report(during, so)
	Expect(so.Failed).To(BeNumerically("<=", inFlight), "%s during %s: %s", q.client.Name, during, so.LastError)
}

// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// failingDataPlane are specs of what clients in the mesh notice when a node's data plane fails.
func failingDataPlane() {
	It("goes on when istio-cni is killed, and nobody notices", func() {
		client := since(within.client)
		killAndRestart("k8s-app=istio-cni-node")
		client.expectAnswered("istio-cni killed on one node")
	})

	It("goes on when ztunnel is killed", func() {
		client, reuser := since(within.client), since(within.reuser)
		killAndRestart("app=ztunnel")
		client.expectRecovery("ztunnel killed on one node")
		reuser.expectRecovery("ztunnel killed on one node")
		expectEncrypted()
	})

	It("goes on when a node has booted", func(ctx SpecContext) {
		client, before := since(within.client), restarts()["backend/workload"]
		Expect(env.Cluster.Process(cluster.NodeProcess(nodes[1], cluster.Init)).Kill()).To(Succeed())
		for _, name := range env.Cluster.Processes() {
			Expect(env.Cluster.Process(name).Start(ctx)).To(Succeed())
		}
		Eventually(restarts).Should(HaveKeyWithValue("backend/workload", before+1))
		client.expectRecovery("one node booted")
		expectEncrypted()
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
}

// killAndRestart kills a DaemonSet's pod on the second node, and waits until it is ready
// again.
func killAndRestart(selector string) {
	GinkgoHelper()
	var victim corev1.Pod
	for _, pod := range pods(selector) {
		if pod.Spec.NodeName == nodes[1] {
			victim = pod
		}
	}
	before := victim.Status.ContainerStatuses[0].RestartCount
	killProcesses(&victim)
	Eventually(func(g Gomega) {
		g.Expect(env.API.Get(GinkgoT().Context(), client.ObjectKeyFromObject(&victim), &victim)).To(Succeed())
		status := victim.Status.ContainerStatuses[0]
		g.Expect(status.RestartCount).To(BeNumerically(">", before))
		g.Expect(status.Ready).To(BeTrue())
	}).Should(Succeed(), victim.Name)
}

// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"encoding/json"
	"fmt"
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// bootedPast are specs of a node whose pods start again before istio-cni does, which they can
// where the primary CNI writes its configuration again when the node boots: that has no istio-cni
// in it. Such a pod has the annotation of a captured one, and no rules.
func bootedPast(configured func() map[string]networks) {
	BeforeAll(func() { detectBypass(true) })
	AfterAll(func() { detectBypass(false) })

	It("captures pods again that have started past istio-cni when their node booted", func(ctx SpecContext) {
		strict := ambientObject("security.istio.io/v1", "PeerAuthentication", map[string]any{"mtls": map[string]any{"mode": "STRICT"}})
		create(strict)
		expectRefused(within.outsider)
		client := since(within.client)

		holdBackCNI()
		boot := env.Cluster.Process(cluster.NodeProcess(nodes[1], cluster.Init))
		Expect(boot.Kill()).To(Succeed())
		Expect(boot.Start(ctx)).To(Succeed())
		writeConflist(nodes[1], configured()[nodes[1]])
		for _, name := range env.Cluster.Processes() {
			Expect(env.Cluster.Process(name).Start(ctx)).To(Succeed())
		}
		Eventually(restarts).Should(HaveKeyWithValue("backend/workload", BeEquivalentTo(1)))
		since(within.outsider) // It is answered: nothing captures the pod.
		Eventually(env.Suspects).Should(HaveKeyWithValue(ambient+"/backend", v1.SuspectStartedWithoutCNI))

		env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"-")
		Eventually(cniPods).Should(HaveKey(nodes[1]))
		env.EventuallyPhase(v1.PhaseSucceeded)
		expectRefused(within.outsider)
		Eventually(env.Suspects).Should(BeEmpty())
		client.expectRecovery("one node booted past istio-cni")
		expectEncrypted()
		remove(strict)
		since(within.outsider)
	})
}

// detectBypass has the operator look for pods that may bypass the mesh, or not.
func detectBypass(on bool) {
	env.Helm("upgrade", "gloo-operator", Repository("charts/gloo-operator"), "--namespace", OperatorNamespace, "--reuse-values",
		"--set", fmt.Sprintf("rbac.detectBypass=%t", on), "--wait", "--timeout", "5m")
}

// holdBackCNI keeps istio-cni off the second node until the operator goes on.
func holdBackCNI() {
	GinkgoHelper()
	env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"=true")
	Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonPaused))
	env.Kubectl("patch", "daemonset", "--namespace", Namespace, "istio-cni-node", "--patch",
		fmt.Sprintf(`{"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": %q}}}}}`, nodes[0]))
	Eventually(cniPods).ShouldNot(HaveKey(nodes[1]))
}

// cniPods are the pods of istio-cni, by node.
func cniPods() map[string]corev1.Pod {
	GinkgoHelper()
	byNode := map[string]corev1.Pod{}
	for _, pod := range pods("k8s-app=istio-cni-node") {
		byNode[pod.Spec.NodeName] = pod
	}
	return byNode
}

// writeConflist does what the primary CNI does when its node boots.
func writeConflist(node string, list networks) {
	GinkgoHelper()
	content, err := json.Marshal(map[string]any{"cniVersion": list.CNIVersion, "name": list.Name, "plugins": list.Plugins})
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(env.Cluster.NodePath(node, conflist), content, 0o600)).To(Succeed())
}

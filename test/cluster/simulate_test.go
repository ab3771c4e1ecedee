// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/harness/clustertest"
)

var _ = Describe("Simulated pods", func() {
	var namespace string
	BeforeEach(func(ctx context.Context) { namespace = newNamespace(ctx) })

	simulate := func(ctx context.Context, behavior cluster.Behavior) (undo func(context.Context) error) {
		GinkgoHelper()
		behavior.Namespace = namespace
		undo, err := shared.Simulate(ctx, behavior)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(undo)
		return undo
	}
	states := func(ctx context.Context, app string) func() []string {
		return func() (states []string) {
			for _, pod := range pods(ctx, namespace, app) {
				states = append(states, describe(pod))
			}
			return states
		}
	}

	It("stay unready on the nodes that were named, until undone", func(ctx context.Context) {
		undo := simulate(ctx, cluster.Behavior{Mode: cluster.Unready, Nodes: []string{"node-2", "node-3"}})
		createDaemonSet(ctx, daemonSet(namespace, "agent", "agent:1"))
		Eventually(readyOf(ctx, namespace, "agent")).Should(BeEquivalentTo(sharedNodes - 2))
		Consistently(readyOf(ctx, namespace, "agent"), "1s").Should(BeEquivalentTo(sharedNodes - 2))
		for _, pod := range pods(ctx, namespace, "agent") {
			held := pod.Spec.NodeName == "node-2" || pod.Spec.NodeName == "node-3"
			Expect(clustertest.IsReady(&pod)).To(Equal(!held), pod.Spec.NodeName)
			Expect(pod.Annotations).To(BeEmpty())
		}
		Expect(undo(ctx)).To(Succeed())
		Eventually(readyOf(ctx, namespace, "agent")).Should(BeEquivalentTo(sharedNodes))
	})

	It("fail in the new version only, and the old ones of a rollout stay", func(ctx context.Context) {
		undo := simulate(ctx, cluster.Behavior{
			Mode: cluster.Fail, Image: ":2", Selector: map[string]string{"app": "web"},
			Reason: "ImagePullBackOff", Message: `Back-off pulling "web:2" {{ not a template }}`,
		})
		createDeployment(ctx, deployment(namespace, "web", "web:1", 2))
		Eventually(states(ctx, "web")).Should(ConsistOf("web:1 Running ready", "web:1 Running ready"))

		setImage := []byte(`[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:2"}]`)
		_, err := client.AppsV1().Deployments(namespace).Patch(ctx, "web", types.JSONPatchType, setImage, metav1.PatchOptions{})
		Expect(err).NotTo(HaveOccurred())
		Eventually(states(ctx, "web")).Should(ConsistOf("web:1 Running ready", "web:1 Running ready",
			`web:2 Pending ImagePullBackOff Back-off pulling "web:2" {{ not a template }}`))

		Expect(undo(ctx)).To(Succeed())
		Eventually(states(ctx, "web")).Should(ConsistOf("web:2 Running ready", "web:2 Running ready"))
	})

	It("crash, although they were ready before", func(ctx context.Context) {
		createDaemonSet(ctx, daemonSet(namespace, "agent", "agent:1"))
		Eventually(readyOf(ctx, namespace, "agent")).Should(BeEquivalentTo(sharedNodes))
		undo := simulate(ctx, cluster.Behavior{Mode: cluster.Fail, Nodes: []string{"node-1"}})
		Eventually(states(ctx, "agent")).Should(ContainElement("agent:1 Running CrashLoopBackOff "))
		Expect(countReady(pods(ctx, namespace, "agent"))).To(Equal(sharedNodes - 1))
		Expect(undo(ctx)).To(Succeed())
		Eventually(readyOf(ctx, namespace, "agent")).Should(BeEquivalentTo(sharedNodes))
	})

	It("are slow by themselves", func(ctx context.Context) {
		const delay = 2 * time.Second
		simulate(ctx, cluster.Behavior{Mode: cluster.Slow, Delay: delay, Selector: map[string]string{"app": "slow"}})
		createDeployment(ctx, deployment(namespace, "slow", "web:1", 1))
		createDeployment(ctx, deployment(namespace, "quick", "web:1", 1))
		Eventually(states(ctx, "quick")).Should(ConsistOf("web:1 Running ready"))
		Eventually(states(ctx, "slow")).Should(ConsistOf("web:1 Running ready"))
		pod := pods(ctx, namespace, "slow")[0]
		Expect(clustertest.ReadyCondition(&pod).LastTransitionTime.Time).To(BeTemporally(">=", pod.CreationTimestamp.Add(delay)))
	})

	It("stay as they are while kwok is started again", func(ctx context.Context) {
		undo := simulate(ctx, cluster.Behavior{Mode: cluster.Unready})
		createDeployment(ctx, deployment(namespace, "web", "web:1", 2))
		Eventually(states(ctx, "web")).Should(ConsistOf("web:1 Running unready", "web:1 Running unready"))
		Expect(shared.Process(cluster.Kwok).Kill()).To(Succeed())
		Expect(shared.Process(cluster.Kwok).Start(ctx)).To(Succeed())
		Consistently(states(ctx, "web"), "1s").Should(ConsistOf("web:1 Running unready", "web:1 Running unready"))
		Expect(undo(ctx)).To(Succeed())
		Eventually(states(ctx, "web")).Should(ConsistOf("web:1 Running ready", "web:1 Running ready"))
	})

	It("obey the latest of two behaviors, and then the earlier one", func(ctx context.Context) {
		undoUnready := simulate(ctx, cluster.Behavior{Mode: cluster.Unready})
		undoFail := simulate(ctx, cluster.Behavior{Mode: cluster.Fail, Reason: "ErrImagePull", Message: "no"})
		createDeployment(ctx, deployment(namespace, "web", "web:1", 1))
		Eventually(states(ctx, "web")).Should(ConsistOf("web:1 Pending ErrImagePull no"))
		Expect(undoFail(ctx)).To(Succeed())
		Eventually(states(ctx, "web")).Should(ConsistOf("web:1 Running unready"))
		Expect(undoUnready(ctx)).To(Succeed())
		Eventually(states(ctx, "web")).Should(ConsistOf("web:1 Running ready"))
	})

	It("refuse a behavior that makes no sense", func(ctx context.Context) {
		_, err := shared.Simulate(ctx, cluster.Behavior{Mode: "Flying"})
		Expect(err).To(MatchError(ContainSubstring("Flying")))
		_, err = shared.Simulate(ctx, cluster.Behavior{Mode: cluster.Slow})
		Expect(err).To(MatchError(ContainSubstring("delay")))
	})
})

// describe is the image, the phase, and what the container does.
func describe(pod corev1.Pod) string {
	text := pod.Spec.Containers[0].Image + " " + string(pod.Status.Phase)
	for _, status := range pod.Status.ContainerStatuses {
		if waiting := status.State.Waiting; waiting != nil {
			return text + " " + waiting.Reason + " " + waiting.Message
		}
	}
	if clustertest.IsReady(&pod) {
		return text + " ready"
	}
	return text + " unready"
}

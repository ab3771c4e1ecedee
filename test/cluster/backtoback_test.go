// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/gloo-operator/gloo-operator/test/harness/clustertest"
)

var _ = Describe("Installing again and again", func() {
	It("always gets its pods ready", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		for range 20 {
			createDaemonSet(ctx, daemonSet(namespace, "agent", "agent:1"))
			createDeployment(ctx, deployment(namespace, "web", "web:1", 2))
			Eventually(readyOf(ctx, namespace, "agent")).Should(BeEquivalentTo(sharedNodes))
			Eventually(func() int { return countReady(pods(ctx, namespace, "web")) }).Should(Equal(2))
			Expect(client.AppsV1().DaemonSets(namespace).Delete(ctx, "agent", metav1.DeleteOptions{})).To(Succeed())
			Expect(client.AppsV1().Deployments(namespace).Delete(ctx, "web", metav1.DeleteOptions{})).To(Succeed())
		}
		Eventually(func() int { return len(pods(ctx, namespace, "agent")) + len(pods(ctx, namespace, "web")) }).Should(BeZero())
	})

	// This is what the node lifecycle controller does to the pods of a node that was silent, and
	// why pods stayed unready with kwok's own stages: see the package comment.
	It("recovers a running pod that somebody marked unready", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		createDeployment(ctx, deployment(namespace, "web", "web:1", 1))
		Eventually(func() int { return countReady(pods(ctx, namespace, "web")) }).Should(Equal(1))
		pod := pods(ctx, namespace, "web")[0]
		unready := []byte(`{"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "marked"}]}}`)
		marked, err := client.CoreV1().Pods(namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, unready, metav1.PatchOptions{}, "status")
		Expect(err).NotTo(HaveOccurred())
		Expect(clustertest.IsReady(marked)).To(BeFalse())
		Eventually(func() int { return countReady(pods(ctx, namespace, "web")) }).Should(Equal(1))
	})
})

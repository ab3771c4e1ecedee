// SPDX-License-Identifier: Apache-2.0

// Package clustertest is what the suites share that test clusters themselves, with simulated
// and with real nodes. It knows nothing of the operator.
package clustertest

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// Client is an administrator with that user agent.
func Client(c *cluster.Cluster, userAgent string) *kubernetes.Clientset {
	GinkgoHelper()
	client, err := kubernetes.NewForConfig(c.Config(userAgent))
	Expect(err).NotTo(HaveOccurred())
	return client
}

// Namespace is a namespace for one spec.
func Namespace(ctx context.Context, client *kubernetes.Clientset) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "spec-"}}
	created, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx context.Context) error {
		return client.CoreV1().Namespaces().Delete(ctx, created.Name, metav1.DeleteOptions{})
	})
	return created.Name
}

// IsReady reports whether a pod's condition Ready is true.
func IsReady(pod *corev1.Pod) bool { return ReadyCondition(pod).Status == corev1.ConditionTrue }

// ReadyCondition is a pod's condition Ready, empty if there is none.
func ReadyCondition(pod *corev1.Pod) corev1.PodCondition {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition
		}
	}
	return corev1.PodCondition{}
}

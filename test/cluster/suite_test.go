// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/harness/attempts"
	"github.com/gloo-operator/gloo-operator/test/harness/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m, cluster.Options{Nodes: 1}) }

func TestCluster(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RunSpecs(t, "Local Kubernetes", attempts.SuiteConfig())
}

const sharedNodes = 10

// shared is used by all specs that leave it as they found it.
var (
	shared *cluster.Cluster
	client *kubernetes.Clientset
)

var _ = BeforeSuite(func(ctx context.Context) {
	var err error
	shared, err = cluster.Start(ctx, cluster.Options{
		Nodes: sharedNodes, NodeLabels: map[string]string{"zone": "a"}, Log: GinkgoWriter,
	})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(shared.Stop)
	client = clustertest.Client(shared, "tests")
})

// newNamespace is a namespace for one spec.
func newNamespace(ctx context.Context) string {
	GinkgoHelper()
	return clustertest.Namespace(ctx, client)
}

func podTemplate(app, image string) (*metav1.LabelSelector, corev1.PodTemplateSpec) {
	labels := map[string]string{"app": app}
	return &metav1.LabelSelector{MatchLabels: labels}, corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "init", Image: image}},
			Containers:     []corev1.Container{{Name: "main", Image: image}},
		},
	}
}

func daemonSet(namespace, name, image string) *appsv1.DaemonSet {
	selector, template := podTemplate(name, image)
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       appsv1.DaemonSetSpec{Selector: selector, Template: template},
	}
}

func deployment(namespace, name, image string, replicas int32) *appsv1.Deployment {
	selector, template := podTemplate(name, image)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: selector, Template: template},
	}
}

func createDaemonSet(ctx context.Context, set *appsv1.DaemonSet) {
	GinkgoHelper()
	_, err := client.AppsV1().DaemonSets(set.Namespace).Create(ctx, set, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
}

func createDeployment(ctx context.Context, d *appsv1.Deployment) {
	GinkgoHelper()
	_, err := client.AppsV1().Deployments(d.Namespace).Create(ctx, d, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// readyOf is the number of ready pods of a DaemonSet, or a negative number while its status is
// about an older generation.
func readyOf(ctx context.Context, namespace, name string) func() (int32, error) {
	return func() (int32, error) {
		set, err := client.AppsV1().DaemonSets(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil || set.Status.ObservedGeneration != set.Generation {
			return -1, err
		}
		return set.Status.NumberReady, nil
	}
}

func pods(ctx context.Context, namespace, app string) []corev1.Pod {
	GinkgoHelper()
	list, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
	Expect(err).NotTo(HaveOccurred())
	return list.Items
}

func countReady(pods []corev1.Pod) int {
	count := 0
	for _, pod := range pods {
		if clustertest.IsReady(&pod) {
			count++
		}
	}
	return count
}

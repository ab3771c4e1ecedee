// SPDX-License-Identifier: Apache-2.0

package nodes_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/cluster/node"
	"github.com/gloo-operator/gloo-operator/test/harness/attempts"
	"github.com/gloo-operator/gloo-operator/test/harness/clustertest"
)

// image is what the pods of all specs run.
const image = "docker.io/local/workload:1"

func TestMain(m *testing.M) { clustertest.Main(m, cluster.Options{RealNodes: 2}) }

func TestNodes(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(2 * time.Minute)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	RunSpecs(t, "Real nodes", attempts.SuiteConfig())
}

// shared has two nodes. archive is the image of the workload.
var (
	shared  *cluster.Cluster
	client  *kubernetes.Clientset
	archive string
)

var _ = BeforeSuite(func(ctx context.Context) {
	archive = workload(ctx)
	var err error
	shared, err = cluster.Start(ctx, cluster.Options{RealNodes: 2, Images: []string{archive}, Log: GinkgoWriter})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(shared.Stop)
	client = clustertest.Client(shared, "tests")
})

// workload builds the image and returns the path of its archive.
func workload(ctx context.Context) string {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	program := filepath.Join(dir, "workload")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "../workload")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	Expect(node.WriteImage(program+".tar", image, program)).To(Succeed())
	return program + ".tar"
}

// newNamespace is a namespace for one spec in which pods can run.
func newNamespace(ctx context.Context) string {
	GinkgoHelper()
	name := clustertest.Namespace(ctx, client)
	eventuallyHasAccount(ctx, client, name)
	return name
}

func eventuallyHasAccount(ctx context.Context, client *kubernetes.Clientset, namespace string) {
	GinkgoHelper()
	Eventually(func() error {
		_, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err
	}).Should(Succeed())
}

// runPod returns a pod of the workload when it is ready. Its name is also its label app.
func runPod(ctx context.Context, client *kubernetes.Clientset, namespace, name, node string) *corev1.Pod {
	GinkgoHelper()
	pods := client.CoreV1().Pods(namespace)
	_, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{
			NodeName:                      node,
			TerminationGracePeriodSeconds: new(int64),
			Containers: []corev1.Container{{
				Name: "main", Image: image, ImagePullPolicy: corev1.PullNever, Args: []string{"serve", "-listen-tls=:8443"},
				ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{
					HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromInt32(8080)},
				}},
			}},
		},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	var pod *corev1.Pod
	Eventually(func() (bool, error) {
		pod, err = pods.Get(ctx, name, metav1.GetOptions{})
		return err == nil && clustertest.IsReady(pod), err
	}).Should(BeTrue(), func() string { return pod.String() })
	return pod
}

// expose makes a Service of the pod's name.
func expose(ctx context.Context, pod *corev1.Pod) *corev1.Service {
	GinkgoHelper()
	service, err := client.CoreV1().Services(pod.Namespace).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name},
		Spec: corev1.ServiceSpec{Selector: pod.Labels, Ports: []corev1.ServicePort{
			{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)},
			{Name: "https", Port: 443, TargetPort: intstr.FromInt32(8443)},
		}},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	return service
}

// in runs the workload's client in the pod: what it got, by kubectl exec.
func in(ctx context.Context, pod *corev1.Pod, address string) func() (string, error) {
	return func() (string, error) {
		kubectl := exec.CommandContext(ctx, shared.Binary("kubectl"), "--kubeconfig", shared.Kubeconfig(),
			"--namespace", pod.Namespace, "exec", pod.Name, "--", "/workload", "get", address)
		out, err := kubectl.CombinedOutput()
		return string(out), err
	}
}

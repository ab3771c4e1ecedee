// SPDX-License-Identifier: Apache-2.0

package ztunnel_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

const (
	meshNamespace = "istio-system"
	shop          = "shop"
)

// mesh is Kubernetes and istiod.
type mesh struct {
	*cluster.Cluster
	kube *kubernetes.Clientset
	node string
	// istiod is the address of its secure port, discovery the rest of it.
	istiod, discovery string
	rootCertificate   string
	ztunnel           *corev1.Pod
	// stopIstiod ends istiod.
	stopIstiod func()
}

func newMesh(ctx context.Context, version string) *mesh {
	GinkgoHelper()
	started, err := cluster.Start(ctx, cluster.Options{Nodes: 1, DisableAudit: true, Log: GinkgoWriter})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(started.Stop)
	m := &mesh{Cluster: started, istiod: freePort(), discovery: freePort()}
	m.kube, err = kubernetes.NewForConfig(started.Config("standin-test"))
	Expect(err).NotTo(HaveOccurred())
	nodes, err := m.kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	Expect(err).NotTo(HaveOccurred())
	m.node = nodes.Items[0].Name
	m.namespace(ctx, meshNamespace, nil)
	m.namespace(ctx, shop, map[string]string{"istio.io/dataplane-mode": "ambient"})
	m.startIstiod(ctx, version)
	m.ztunnel = m.runs(ctx, m.pod(ctx, meshNamespace, "ztunnel-abcde", "ztunnel"))
	return m
}

func (m *mesh) namespace(ctx context.Context, name string, labels map[string]string) {
	GinkgoHelper()
	_, err := m.kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// pod makes one on the node, with a ServiceAccount of its own.
func (m *mesh) pod(ctx context.Context, namespace, name, account string) *corev1.Pod {
	GinkgoHelper()
	_, err := m.kube.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account}}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	pod, err := m.kube.CoreV1().Pods(namespace).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": account}},
		Spec:       corev1.PodSpec{NodeName: m.node, ServiceAccountName: account, Containers: []corev1.Container{{Name: "c", Image: "example.com/c"}}},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	return pod
}

// runs waits until a pod runs, and returns it.
func (m *mesh) runs(ctx context.Context, pod *corev1.Pod) *corev1.Pod {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		var err error
		pod, err = m.kube.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(pod.Status.Phase).To(Equal(corev1.PodRunning))
		g.Expect(pod.Status.PodIP).NotTo(BeEmpty())
	}).WithTimeout(patience).Should(Succeed())
	return pod
}

// runAt has a pod run with those addresses, as a kubelet reports it.
func (m *mesh) runAt(ctx context.Context, pod *corev1.Pod, addresses ...string) {
	GinkgoHelper()
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: addresses[0], StartTime: new(metav1.Now()),
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	for _, address := range addresses {
		pod.Status.PodIPs = append(pod.Status.PodIPs, corev1.PodIP{IP: address})
	}
	_, err := m.kube.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// token is one that the kubelet would project into the pod.
func (m *mesh) token(ctx context.Context, pod *corev1.Pod) string {
	GinkgoHelper()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		Audiences:      []string{"istio-ca"},
		BoundObjectRef: &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}}
	token, err := m.kube.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	return token.Status.Token
}

// startIstiod runs istiod out of its image, as its user, and waits until it is ready.
func (m *mesh) startIstiod(ctx context.Context, version string) {
	GinkgoHelper()
	root := unpacked("docker.io/istio/pilot:" + version + "-distroless")
	kubeconfig, err := os.ReadFile(m.Kubeconfig())
	Expect(err).NotTo(HaveOccurred())
	write(root, "istiod/kubeconfig", string(kubeconfig))
	Expect(os.Chown(filepath.Join(root, "istiod"), 1337, 1337)).To(Succeed())
	cmd := exec.Command("/usr/local/bin/pilot-discovery", "discovery", "--kubeconfig=/istiod/kubeconfig",
		"--httpAddr="+m.discovery, "--secureGRPCAddr="+m.istiod, "--grpcAddr=", "--httpsAddr="+freePort(),
		"--monitoringAddr="+freePort(), "--ctrlz_port=0", "--domain=cluster.local")
	cmd.Err, cmd.Dir = nil, "/istiod"
	cmd.Env = []string{
		"POD_NAME=istiod-0", "POD_NAMESPACE=" + meshNamespace, "REVISION=default", "CLUSTER_ID=Kubernetes",
		"PILOT_CERT_PROVIDER=istiod", "PILOT_ENABLE_AMBIENT=true", "SERVICE_ACCOUNT=istiod",
		"CA_TRUSTED_NODE_ACCOUNTS=" + meshNamespace + "/ztunnel",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 1337, Gid: 1337}, Pdeathsig: syscall.SIGKILL}
	session := start(cmd)
	m.stopIstiod = func() { session.Kill().Wait(patience) }
	Eventually(func() (int, error) { return status("http://" + m.discovery + "/ready") }).WithTimeout(patience).Should(Equal(http.StatusOK))
	Eventually(func(g Gomega) {
		found, err := m.kube.CoreV1().ConfigMaps(meshNamespace).Get(ctx, "istio-ca-root-cert", metav1.GetOptions{})
		g.Expect(err).NotTo(HaveOccurred())
		m.rootCertificate = found.Data["root-cert.pem"]
	}).WithTimeout(patience).Should(Succeed())
}

func status(address string) (int, error) {
	response, err := http.Get(address)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

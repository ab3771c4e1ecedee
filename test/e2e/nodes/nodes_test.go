// SPDX-License-Identifier: Apache-2.0

package nodes_test

import (
	"context"
	"net"
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/harness/clustertest"
)

var _ = Describe("On real nodes", func() {
	It("a pod runs with an address of its node", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		for _, name := range []string{"node-1", "node-2"} {
			pod := runPod(ctx, client, namespace, "on-"+name, name)
			node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
			Expect(err).NotTo(HaveOccurred())
			_, network, err := net.ParseCIDR(node.Spec.PodCIDR)
			Expect(err).NotTo(HaveOccurred())
			Expect(network.Contains(net.ParseIP(pod.Status.PodIP))).To(BeTrue(), "%s of %s", pod.Status.PodIP, network)
		}
	})

	It("pods reach each other across nodes, by address, Service and name", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		near, far := runPod(ctx, client, namespace, "near", "node-1"), runPod(ctx, client, namespace, "far", "node-2")
		for _, way := range []struct{ from, to *corev1.Pod }{{near, far}, {far, near}} {
			service := expose(ctx, way.to)
			for _, host := range []string{
				way.to.Status.PodIP + ":8080", service.Spec.ClusterIP, service.Name, service.Name + "." + namespace + ".svc.cluster.local",
			} {
				Eventually(in(ctx, way.from, "http://"+host)).Should(Equal(way.to.Name), "%s to %s", way.from.Name, host)
			}
		}
	})

	It("pods reach the API server, and trust it", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		for _, node := range []string{"node-1", "node-2"} {
			pod := runPod(ctx, client, namespace, "from-"+node, node)
			Eventually(in(ctx, pod, "https://kubernetes.default.svc/version")).Should(ContainSubstring(`"gitVersion": "v1.`))
		}
	})

	It("a name outside the cluster does not exist", func(ctx context.Context) {
		pod := runPod(ctx, client, newNamespace(ctx), "asking", "node-2")
		out, err := in(ctx, pod, "http://example.org")()
		Expect(err).To(HaveOccurred())
		Expect(out).To(ContainSubstring("no such host"))
	})

	It("the API server reaches pods by their Service", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		pod := runPod(ctx, client, namespace, "extension", "node-2")
		expose(ctx, pod)
		Eventually(func() (string, error) {
			answer, err := client.CoreV1().Services(namespace).ProxyGet("http", pod.Name, "80", "/", nil).DoRaw(ctx)
			return string(answer), err
		}).Should(Equal(pod.Name))

		extension := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
			"metadata": map[string]any{"name": "v1.workload.test"},
			"spec": map[string]any{
				"group": "workload.test", "version": "v1", "groupPriorityMinimum": int64(1), "versionPriority": int64(1),
				"insecureSkipTLSVerify": true,
				"service":               map[string]any{"namespace": namespace, "name": pod.Name},
			},
		}}
		dynamicClient, err := dynamic.NewForConfig(shared.Config("tests"))
		Expect(err).NotTo(HaveOccurred())
		services := dynamicClient.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"})
		_, err = services.Create(ctx, extension, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func(ctx context.Context) error {
			return services.Delete(ctx, extension.GetName(), metav1.DeleteOptions{})
		})
		Eventually(func() error {
			_, err := client.Discovery().ServerResourcesForGroupVersion("workload.test/v1")
			return err
		}).Should(Succeed())
	})

	It("logs of a pod are there", func(ctx context.Context) {
		pod := runPod(ctx, client, newNamespace(ctx), "talking", "node-2")
		logs, err := client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{}).DoRaw(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(logs)).To(ContainSubstring("talking serves"))
	})

	It("the network configuration is the node's own", func() {
		for _, name := range []string{"node-1", "node-2"} {
			Expect(os.ReadDir(shared.NodePath(name, "/etc/cni/net.d"))).To(ConsistOf(HaveField("Name()", "05-cilium.conflist")))
		}
		Expect("/etc/cni/net.d/05-cilium.conflist").NotTo(BeAnExistingFile())
	})

	for _, program := range []string{cluster.Kubelet, cluster.Containerd} {
		It("a killed "+program+" comes back, and pods have not noticed", func(ctx context.Context) {
			namespace := newNamespace(ctx)
			before := runPod(ctx, client, namespace, "before", "node-2")
			process := shared.Process(cluster.NodeProcess("node-2", program))
			pid := process.PID()
			Expect(process.Kill()).To(Succeed())
			DeferCleanup(process.Start)
			Expect(process.Running()).To(BeFalse())
			Expect(process.Start(ctx)).To(Succeed())
			Expect(process.PID()).NotTo(Or(BeZero(), Equal(pid)))

			after := runPod(ctx, client, namespace, "after", "node-2")
			Expect(in(ctx, after, "http://"+before.Status.PodIP+":8080")()).To(Equal("before"))
			now, err := client.CoreV1().Pods(namespace).Get(ctx, "before", metav1.GetOptions{})
			Expect(err).NotTo(HaveOccurred())
			Expect(now.Status.ContainerStatuses).To(ConsistOf(And(
				HaveField("RestartCount", BeZero()), HaveField("State.Running", Not(BeNil())))))
		})
	}

	DescribeTable("one whose power was cut comes back, and starts its pods again", func(ctx context.Context, cut, other string) {
		namespace := newNamespace(ctx)
		runPod(ctx, client, namespace, "stays", cut)
		Expect(shared.Process(cluster.NodeProcess(cut, cluster.Init)).Kill()).To(Succeed())
		for _, name := range shared.Processes() {
			if strings.HasPrefix(name, cut+"/") {
				Expect(shared.Process(name).Running()).To(BeFalse(), name)
			}
		}
		Eventually(shared.Process(cluster.Forwarder).Running).Should(Equal(cut != "node-1"))
		for _, name := range shared.Processes() {
			Expect(shared.Process(name).Start(ctx)).To(Succeed())
		}
		near := runPod(ctx, client, namespace, "near", other)
		Eventually(func() (string, error) {
			pod, err := client.CoreV1().Pods(namespace).Get(ctx, "stays", metav1.GetOptions{})
			if err != nil || pod.Status.ContainerStatuses[0].RestartCount != 1 {
				return "", err
			}
			return in(ctx, near, "http://"+pod.Status.PodIP+":8080")()
		}).Should(Equal("stays"))
	},
		Entry("that of the control plane", "node-1", "node-2"),
		Entry("the other one", "node-2", "node-1"),
	)

	It("run beside another cluster, which can have simulated ones as well", func(ctx context.Context) {
		mixed, err := cluster.Start(ctx, cluster.Options{RealNodes: 1, Nodes: 1, Images: []string{archive}, Log: GinkgoWriter})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(mixed.Stop)
		client := clustertest.Client(mixed, "tests")
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(nodes.Items).To(ConsistOf(
			And(HaveField("Name", "node-1"), HaveField("Status.NodeInfo.ContainerRuntimeVersion", HavePrefix("containerd://"))),
			And(HaveField("Name", "node-2"), HaveField("Status.NodeInfo.ContainerRuntimeVersion", HavePrefix("simulated://")))))
		Expect(runPod(ctx, client, "default", "real", "node-1").Status.PodIP).To(HavePrefix("10.244.0."))
		Expect(runPod(ctx, client, "default", "simulated", "node-2").Status.PodIP).NotTo(HavePrefix("10.244."))
	})
})

// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// dying are specs of what the cluster loses while it has a mesh.
func dying() {
	var talk, inMesh *questions

	BeforeAll(func() { talk, inMesh = since(talking), since(within.client) })

	rollout := 0
	DescribeTable("is completed by the operators' next leader when the present one", func(kill func(*corev1.Pod)) {
		rollout++
		former := holder()
		leading := leader()
		env.Patch(fmt.Sprintf(`{"spec":{"values":{"ztunnel":{"podAnnotations":{"rollout":"%d"}}}}}`, rollout))
		Eventually(func() v1.Phase { return env.Mesh().Status.Phase }).ShouldNot(Equal(v1.PhaseSucceeded))
		kill(leading)
		Eventually(holder).ShouldNot(Or(BeEmpty(), Equal(former)))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Ztunnel().Spec.Template.Annotations).To(HaveKeyWithValue("rollout", strconv.Itoa(rollout)))
		env.Kubectl("rollout", "status", "--namespace", OperatorNamespace, "deployment/gloo-operator", "--timeout=5m")
	},
		Entry("is killed", killProcesses),
		Entry("has its pod deleted", func(pod *corev1.Pod) {
			env.Kubectl("delete", "pod", "--namespace", pod.Namespace, pod.Name, "--wait=false")
		}),
	)

	It("has let pods in the mesh talk to each other meanwhile", func() { inMesh.expectAnswered("operators killed") })

	It("says which node it misses while a kubelet is dead, and changes nothing", func(ctx SpecContext) {
		mark, client := env.Settled(), since(within.client)
		kubelet := kill(cluster.Kubelet)
		Eventually(func() string { return env.Mesh().Status.Message }).Should(ContainSubstring(nodes[1]))
		env.EventuallyPhase(v1.PhaseDegraded)
		Expect(kubelet.Start(ctx)).To(Succeed())
		env.EventuallyPhase(v1.PhaseSucceeded)
		client.expectRecovery("kubelet killed on one node")
		Expect(env.MeshWrites(mark)).To(BeEmpty())
	})

	It("is not restarted when containerd dies", func(ctx SpecContext) {
		mark, running, client := env.Settled(), restarts(), since(within.client)
		containerd := kill(cluster.Containerd)
		Expect(containerd.Start(ctx)).To(Succeed())
		runPod(workload(outside, "later", nodes[1])) // The kubelet has found it again.
		running["later/workload"] = 0
		Eventually(restarts).Should(Equal(running))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		client.expectAnswered("containerd killed on one node")
	})

	It("goes on as it is when the images of a change cannot be had, and says so", func() {
		running, client := restarts(), since(within.client)
		env.Patch(`{"spec":{"image":{"registry":"registry.invalid"}}}`)
		Eventually(func() string { return env.Mesh().Status.Message }).Should(MatchRegexp(`pod istiod-.*(ErrImagePull|ImagePullBackOff)`))
		Eventually(restarts).Should(Equal(running))
		env.Patch(`{"spec":{"image":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(restarts).Should(Equal(running))
		client.expectAnswered("images of a change missing")
	})

	It("has let pods talk to each other all the while", func() { talk.expectAnswered("failures") })
}

// holder is who holds the operators' lease: a name of a pod, and a number of its own. It is
// nobody while one has let it go and no other has taken it.
func holder() string {
	GinkgoHelper()
	leases := &coordinationv1.LeaseList{}
	Expect(env.API.List(GinkgoT().Context(), leases, client.InNamespace(OperatorNamespace))).To(Succeed())
	Expect(leases.Items).To(HaveLen(1))
	return *leases.Items[0].Spec.HolderIdentity
}

// leader is the pod of the holder.
func leader() *corev1.Pod {
	GinkgoHelper()
	pod := &corev1.Pod{}
	Eventually(func() error {
		name, _, _ := strings.Cut(holder(), "_")
		return env.API.Get(GinkgoT().Context(), client.ObjectKey{Namespace: OperatorNamespace, Name: name}, pod)
	}).Should(Succeed())
	return pod
}

// killProcesses kills what runs in a pod, but for the container that holds its networks.
func killProcesses(pod *corev1.Pod) {
	GinkgoHelper()
	for _, pid := range processesOf(pod) {
		Expect(syscall.Kill(pid, syscall.SIGKILL)).To(Or(Succeed(), MatchError(syscall.ESRCH)))
	}
}

// processesOf are those that run in a pod, but for the one that holds its networks.
func processesOf(pod *corev1.Pod) []int {
	GinkgoHelper()
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	Expect(err).NotTo(HaveOccurred())
	var processes []int
	for _, file := range groups {
		group, _ := os.ReadFile(file) // A process may have ended.
		name, err := os.ReadFile(filepath.Join(filepath.Dir(file), "comm"))
		if err != nil || !strings.Contains(string(group), "pod"+string(pod.UID)) || strings.TrimSpace(string(name)) == "pause" {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		Expect(err).NotTo(HaveOccurred())
		processes = append(processes, pid)
	}
	Expect(processes).NotTo(BeEmpty(), "processes of "+pod.Name)
	return processes
}

// kill kills a program of the second node, where nothing but pods is.
func kill(program string) *cluster.Process {
	GinkgoHelper()
	process := env.Cluster.Process(cluster.NodeProcess(nodes[1], program))
	Expect(process.Kill()).To(Succeed())
	return process
}

// restarts is how often each container of a workload, of the mesh or of the operator that
// is ready has been restarted, by its pod.
func restarts() map[string]int32 {
	GinkgoHelper()
	counts := map[string]int32{}
	for _, namespace := range []string{Namespace, OperatorNamespace, outside, ambient} {
		list := &corev1.PodList{}
		Expect(env.API.List(GinkgoT().Context(), list, client.InNamespace(namespace))).To(Succeed())
		for _, pod := range list.Items {
			for _, container := range pod.Status.ContainerStatuses {
				if container.Ready {
					counts[pod.Name+"/"+container.Name] = container.RestartCount
				}
			}
		}
	}
	return counts
}

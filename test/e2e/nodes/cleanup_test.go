// SPDX-License-Identifier: Apache-2.0

package nodes_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/cluster/node"
	"github.com/gloo-operator/gloo-operator/test/harness/clustertest"
)

// traces are what a cluster with real nodes is to this machine.
type traces struct {
	dir string
	// namespaces are those of its nodes: network, mount and process.
	namespaces []string
	// links and mounts are all of this machine, outside the nodes.
	links, mounts string
}

func tracesOf(dir string) traces {
	GinkgoHelper()
	links, err := os.ReadDir("/sys/class/net")
	Expect(err).NotTo(HaveOccurred())
	var names []string
	for _, link := range links {
		names = append(names, link.Name())
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	Expect(err).NotTo(HaveOccurred())
	return traces{dir: dir, links: strings.Join(names, " "), mounts: string(mounts)}
}

// learnNamespaces asks the first processes of the nodes.
func (t *traces) learnNamespaces() {
	GinkgoHelper()
	opened, err := cluster.Open(t.dir)
	Expect(err).NotTo(HaveOccurred())
	for _, name := range []string{"node-1", "node-2"} {
		pid := opened.Process(cluster.NodeProcess(name, cluster.Init)).PID()
		Expect(pid).NotTo(BeZero())
		for _, kind := range []string{"net", "mnt", "pid"} {
			namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
			Expect(err).NotTo(HaveOccurred())
			t.namespaces = append(t.namespaces, namespace)
		}
	}
}

// inside are the programs that run in namespaces of the nodes, see mounts of the cluster's, as those
// in pods do, or say that they belong to it.
func (t *traces) inside() []string {
	var found []string
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		mounts, _ := os.ReadFile(process + "/mountinfo")
		environment, _ := os.ReadFile(process + "/environ")
		of := strings.Contains(string(mounts), t.dir) || strings.Contains(string(environment), "CLUSTER="+t.dir)
		for _, kind := range []string{"net", "mnt", "pid"} {
			namespace, _ := os.Readlink(process + "/ns/" + kind)
			of = of || slices.Contains(t.namespaces, namespace)
		}
		if of {
			name, _ := os.ReadFile(process + "/comm")
			found = append(found, strings.TrimSpace(string(name)))
		}
	}
	return found
}

func (t *traces) groups() []string {
	var found []string
	for _, n := range node.All(t.dir, node.Max) {
		for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
			groups, _ := filepath.Glob(pattern + n.Group())
			found = append(found, groups...)
		}
	}
	return found
}

// expectNone compares with how the machine was.
func (t *traces) expectNone() {
	GinkgoHelper()
	Eventually(t.inside).Should(BeEmpty())
	Expect(t.groups()).To(BeEmpty())
	Expect(t.dir).NotTo(BeAnExistingFile())
	now := tracesOf(t.dir)
	Expect(now.links).To(Equal(t.links))
	Expect(now.mounts).To(Equal(t.mounts))
}

var _ = Describe("Of a cluster with real nodes", func() {
	var left traces
	BeforeEach(func() {
		dir := filepath.Join(GinkgoT().TempDir(), "state")
		left = tracesOf(dir)
		DeferCleanup(func() error { return cluster.Down(dir) })
	})
	// withPods runs a pod on each node, and sees that the traces are found.
	withPods := func(ctx context.Context) func() {
		return func() {
			GinkgoHelper()
			left.learnNamespaces()
			opened, err := cluster.Open(left.dir)
			Expect(err).NotTo(HaveOccurred())
			runPod(ctx, clustertest.Client(opened, "tests"), "default", "one", "node-1")
			runPod(ctx, clustertest.Client(opened, "tests"), "default", "two", "node-2")
			Expect(left.inside()).To(ContainElements("init", "containerd", "containerd-shim", "kubelet", "pause", "workload", "etcd", "forwarder"))
			Expect(left.groups()).NotTo(BeEmpty())
		}
	}

	It("nothing runs once its starter is killed, and nothing is left after down", func(ctx context.Context) {
		clustertest.KilledStarter(ctx, clustertest.Bound, left.dir, "started: <nil>", withPods(ctx), archive)
		Eventually(left.inside).Should(BeEmpty())
		Expect(left.groups()).NotTo(BeEmpty())
		Expect(cluster.Down(left.dir)).To(Succeed())
		left.expectNone()
	})

	It("that is detached, all lives on until down, and nothing is left then", func(ctx context.Context) {
		clustertest.KilledStarter(ctx, clustertest.Detached, left.dir, "started: <nil>", withPods(ctx), archive)
		opened, err := cluster.Open(left.dir)
		Expect(err).NotTo(HaveOccurred())
		kubelet := opened.Process(cluster.NodeProcess("node-1", cluster.Kubelet))
		Expect(kubelet.Kill()).To(Succeed())
		Expect(kubelet.Start(ctx)).To(Succeed())
		runPod(ctx, clustertest.Client(opened, "tests"), "default", "three", "node-1")
		Expect(cluster.Down(left.dir)).To(Succeed())
		left.expectNone()
	})

	It("that was not done yet, nothing is left, and the next one starts in its place", func(ctx context.Context) {
		clustertest.KilledStarter(ctx, clustertest.Detached, left.dir, "node-1/containerd ready", left.learnNamespaces, archive)
		Expect(left.inside()).NotTo(BeEmpty())
		Expect(cluster.Down(left.dir)).To(Succeed())
		left.expectNone()

		clustertest.KilledStarter(ctx, clustertest.Bound, left.dir, "node-1/kubelet ready", func() {}, archive)
		Eventually(left.inside).Should(BeEmpty())
		next, err := cluster.Start(ctx, cluster.Options{Dir: left.dir, RealNodes: 1, Images: []string{archive}, Log: GinkgoWriter})
		Expect(err).NotTo(HaveOccurred())
		runPod(ctx, clustertest.Client(next, "tests"), "default", "one", "node-1")
		Expect(next.Stop()).To(Succeed())
		left.expectNone()
	})
})

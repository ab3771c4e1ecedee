// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"context"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/harness/clustertest"
)

func running(dir string) func() int {
	return func() int {
		for _, found := range cluster.List() {
			if found.Dir == dir {
				return found.Running
			}
		}
		return 0
	}
}

var _ = Describe("When the starter of a cluster is killed", func() {
	var dir string
	BeforeEach(func() {
		dir = filepath.Join(GinkgoT().TempDir(), "state")
		DeferCleanup(func() error { return cluster.Down(dir) })
	})

	It("dies with it", func(ctx context.Context) {
		clustertest.KilledStarter(ctx, clustertest.Bound, dir, "started: <nil>", func() {})
		Eventually(running(dir)).Should(BeZero())
		Expect(cluster.Down(dir)).To(Succeed())
		Expect(dir).NotTo(BeAnExistingFile())
	})

	It("lives on if detached, can be opened, and is brought down", func(ctx context.Context) {
		clustertest.KilledStarter(ctx, clustertest.Detached, dir, "started: <nil>", func() {})
		Expect(running(dir)()).To(Equal(len(cluster.Processes())))

		opened, err := cluster.Open(dir)
		Expect(err).NotTo(HaveOccurred())
		Expect(opened.Process(cluster.APIServer).Kill()).To(Succeed())
		Expect(opened.Process(cluster.APIServer).Start(ctx)).To(Succeed())
		_, err = clustertest.Client(opened, "tests").CoreV1().Nodes().Get(ctx, "node-1", metav1.GetOptions{})
		Expect(err).NotTo(HaveOccurred())

		Expect(cluster.Down(dir)).To(Succeed())
		Expect(running(dir)()).To(BeZero())
		Expect(dir).NotTo(BeAnExistingFile())
	})

	It("leaves nothing behind after down, even if it was not done", func(ctx context.Context) {
		clustertest.KilledStarter(ctx, clustertest.Detached, dir, "etcd ready", func() {})
		Expect(running(dir)()).To(BeNumerically(">=", 1))
		Expect(cluster.Down(dir)).To(Succeed())
		Consistently(running(dir), "500ms").Should(BeZero())
		Expect(dir).NotTo(BeAnExistingFile())
	})
})

// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/harness/clustertest"
)

var _ = Describe("The audit log", func() {
	requests := func(since cluster.Mark, filters ...cluster.Filter) []cluster.Request {
		GinkgoHelper()
		found, err := shared.Audit().Requests(since, filters...)
		Expect(err).NotTo(HaveOccurred())
		return found
	}

	It("holds every request once it is answered", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		counted := clustertest.Client(shared, "counted/1.0").CoreV1().ConfigMaps(namespace)
		const writers, each = 8, 25
		mark := shared.Audit().Mark()
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				defer GinkgoRecover()
				for i := range each {
					object := &corev1.ConfigMap{
						ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("c-%d-%d", w, i)},
						Data:       map[string]string{"much": strings.Repeat("x", 10_000)},
					}
					_, err := counted.Create(ctx, object, metav1.CreateOptions{})
					Expect(err).NotTo(HaveOccurred())
				}
			})
		}
		all.Wait()
		Expect(requests(mark, cluster.FromAgent("counted/"))).To(HaveLen(writers * each))

		for lists := range 20 {
			_, err := counted.List(ctx, metav1.ListOptions{})
			Expect(err).NotTo(HaveOccurred())
			Expect(requests(mark, cluster.FromAgent("counted/"))).To(HaveLen(writers*each + lists + 1))
		}
		Expect(requests(mark, cluster.FromAgent("counted/"), cluster.Writes())).To(HaveLen(writers * each))
		Expect(requests(mark, cluster.FromAgent("nobody"))).To(BeEmpty())
	})

	It("says what was asked and answered", func(ctx context.Context) {
		mark := shared.Audit().Mark()
		_, err := clustertest.Client(shared, "asker").CoreV1().ConfigMaps("default").Get(ctx, "absent", metav1.GetOptions{})
		Expect(err).To(HaveOccurred())
		Expect(requests(mark, cluster.FromAgent("asker"))).To(ConsistOf(SatisfyAll(
			HaveField("Verb", "get"), HaveField("Resource", "configmaps"), HaveField("Namespace", "default"),
			HaveField("Name", "absent"), HaveField("User", "admin"), HaveField("Code", BeEquivalentTo(404)),
		)))
	})

	It("counts a watch once, when it begins", func(ctx context.Context) {
		watcher := clustertest.Client(shared, "watcher").CoreV1().ConfigMaps("default")
		before := shared.Audit().Mark()
		watch, err := watcher.Watch(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		during := shared.Audit().Mark()
		watch.Stop()
		Eventually(func() string { return readAll(shared.Dir() + "/audit.log") }).Should(
			MatchRegexp(`"stage":"ResponseComplete".*"verb":"watch".*"userAgent":"watcher"`))
		Expect(requests(before, cluster.FromAgent("watcher"))).To(HaveLen(1))
		Expect(requests(during, cluster.FromAgent("watcher"))).To(BeEmpty())
	})
})

var _ = Describe("A mark", func() {
	It("comes before the line that is being written", func() {
		path := filepath.Join(GinkgoT().TempDir(), "audit.log")
		first, second := `{"auditID":"1","verb":"get"}`+"\n", `{"auditID":"2","verb":"list","requestURI":"`+strings.Repeat("x", 5000)+`"}`+"\n"
		write := func(content string) {
			GinkgoHelper()
			Expect(os.WriteFile(path, []byte(content), 0o600)).To(Succeed())
		}
		for _, half := range []int{0, 1, 20, 4500, len(second) - 1} {
			write(first + second[:half])
			mark := cluster.AuditAt(path).Mark()
			write(first + second)
			Expect(cluster.AuditAt(path).Requests(mark)).To(ConsistOf(HaveField("Verb", "list")), "%d bytes of it", half)
		}
	})
})

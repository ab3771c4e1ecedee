// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/gloo-operator/gloo-operator/test/harness/faults"
)

func TestFaults(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Fault injection")
}

// world is a client, the injector in its way, and a server that counts what it does.
type world struct {
	injector *faults.Injector
	client   kubernetes.Interface
	acted    *atomic.Int32
}

func newWorld() world {
	GinkgoHelper()
	w := world{injector: faults.New(), acted: &atomic.Int32{}}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.acted.Add(1)
		out.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("watch") == "true" {
			out.WriteHeader(http.StatusOK)
			out.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(out, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}`)
	}))
	DeferCleanup(server.Close)
	DeferCleanup(w.injector.Kill)
	client, err := kubernetes.NewForConfig(w.injector.Config(&rest.Config{Host: server.URL, QPS: -1}))
	Expect(err).NotTo(HaveOccurred())
	w.client = client
	return w
}

func (w world) create(name string) error {
	_, err := w.client.CoreV1().ConfigMaps("ns").Create(context.Background(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	return err
}

var _ = Describe("An injector", func() {
	It("takes no rehearsal for a write", func(ctx SpecContext) {
		w := newWorld()
		for _, dryRun := range [][]string{{metav1.DryRunAll}, nil} {
			_, _ = w.client.CoreV1().Nodes().Patch(ctx, "n", types.MergePatchType, []byte("{}"), metav1.PatchOptions{DryRun: dryRun})
		}
		Expect(w.injector.Log()).To(HaveLen(2))
		Expect(w.injector.Writes()).To(HaveExactElements(HaveField("DryRun", BeFalse())))
	})

	It("knows requests by the terms of the audit log", func(ctx SpecContext) {
		w := newWorld()
		maps, nodes, namespaces := w.client.CoreV1().ConfigMaps("ns"), w.client.CoreV1().Nodes(), w.client.CoreV1().Namespaces()
		_ = w.create("a")
		_, _ = maps.Get(ctx, "a", metav1.GetOptions{})
		_, _ = maps.List(ctx, metav1.ListOptions{})
		_, _ = maps.Update(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, metav1.UpdateOptions{})
		_ = maps.Delete(ctx, "a", metav1.DeleteOptions{})
		_ = maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
		_, _ = nodes.Patch(ctx, "n", types.MergePatchType, []byte("{}"), metav1.PatchOptions{}, "status")
		_, _ = namespaces.Patch(ctx, "n", types.MergePatchType, []byte("{}"), metav1.PatchOptions{}, "status")
		_, _ = w.client.RbacV1().ClusterRoles().Watch(ctx, metav1.ListOptions{})
		_, _ = w.client.Discovery().ServerVersion()
		var told []string
		for _, sent := range w.injector.Log() {
			told = append(told, fmt.Sprintf("%s %q", sent, sent.Group))
		}
		Expect(told).To(Equal([]string{
			`create configmaps ns/a ""`, `get configmaps ns/a ""`, `list configmaps ns/ ""`, `update configmaps ns/a ""`,
			`delete configmaps ns/a ""`, `deletecollection configmaps ns/ ""`, `patch nodes/status n ""`, `patch namespaces/status n ""`,
			`watch clusterroles  "rbac.authorization.k8s.io"`, `get   ""`,
		}))
	})

	It("counts writes, but not those of leases and events", func(ctx SpecContext) {
		w := newWorld()
		_, _ = w.client.CoreV1().ConfigMaps("ns").List(ctx, metav1.ListOptions{})
		_, _ = w.client.CoreV1().Events("ns").Create(ctx, &corev1.Event{}, metav1.CreateOptions{})
		_ = w.client.CoordinationV1().Leases("ns").Delete(ctx, "l", metav1.DeleteOptions{})
		Expect(w.create("a")).To(Succeed())
		Expect(w.injector.Writes()).To(HaveExactElements(HaveField("Name", "a")))
		w.injector.Arm()
		Expect(w.injector.Writes()).To(BeEmpty())
	})

	DescribeTable("lets the client die",
		func(fault faults.Fault, acted int) {
			w := newWorld()
			w.injector.Arm(faults.Rule{At: 2, Times: 1, Fault: fault})
			Expect(w.create("a")).To(Succeed())
			Expect(w.injector.Died()).NotTo(BeClosed())
			Expect(w.create("b")).NotTo(Succeed())
			Expect(w.injector.Died()).To(BeClosed())
			Expect(w.create("c")).NotTo(Succeed())
			Expect(w.acted.Load()).To(BeEquivalentTo(acted))
			Expect(w.injector.Hits()).To(HaveExactElements(HaveField("Name", "b")))
		},
		Entry("before it sends", faults.DieBeforeSending, 1),
		Entry("after the server has acted", faults.DieAfterActing, 2),
	)

	DescribeTable("answers errors",
		func(fault faults.Fault, is func(error) bool) {
			w := newWorld()
			w.injector.Arm(faults.Rule{When: faults.Resource("configmaps"), Times: 2, Fault: fault})
			Expect(w.create("a")).To(Satisfy(is))
			Expect(w.acted.Load()).To(BeZero())
			w.injector.Arm(faults.Rule{Times: 2, Fault: fault.AfterActing()})
			Expect(w.create("a")).To(Satisfy(is))
			Expect(w.create("a")).To(Satisfy(is))
			Expect(w.create("a")).To(Succeed())
			Expect(w.acted.Load()).To(BeEquivalentTo(3))
		},
		Entry("500", faults.InternalError(), apierrors.IsInternalError),
		Entry("409", faults.Conflict(), apierrors.IsConflict),
		Entry("403", faults.Forbidden(), apierrors.IsForbidden),
		Entry("504", faults.GatewayTimeout(), apierrors.IsTimeout),
		Entry("a timeout", faults.Timeout(), func(err error) bool {
			timeout, ok := err.(interface{ Timeout() bool })
			return ok && timeout.Timeout()
		}),
		Entry("a connection reset", faults.ConnectionReset(), func(err error) bool { return err != nil }),
	)

	It("answers 429 such that the client comes back", func() {
		w := newWorld()
		w.injector.Arm(faults.Rule{Times: 1, Fault: faults.TooManyRequests(1)})
		Expect(w.create("a")).To(Succeed())
		Expect(w.injector.Writes()).To(HaveLen(2))
		Expect(w.acted.Load()).To(BeEquivalentTo(1))
	})

	It("fails the first of equal requests", func() {
		w := newWorld()
		w.injector.Arm(faults.Rule{When: faults.FirstAttempts(faults.Request.Writes), Fault: faults.InternalError()})
		Expect(w.create("a")).NotTo(Succeed())
		Expect(w.create("b")).NotTo(Succeed())
		Expect(w.create("a")).To(Succeed())
		Expect(w.create("b")).To(Succeed())
	})

	It("calls a function and lets the request pass", func() {
		w := newWorld()
		called := 0
		w.injector.Arm(faults.Rule{At: 2, Times: 1, Fault: faults.Call(func() { called++ })})
		for range 3 {
			Expect(w.create("a")).To(Succeed())
		}
		Expect(called).To(Equal(1))
		Expect(w.acted.Load()).To(BeEquivalentTo(3))
	})

	It("cuts watches, and lets new ones through", func(ctx SpecContext) {
		w := newWorld()
		for range 2 {
			watch, err := w.client.CoreV1().ConfigMaps("ns").Watch(ctx, metav1.ListOptions{})
			Expect(err).NotTo(HaveOccurred())
			Consistently(watch.ResultChan(), "100ms").ShouldNot(BeClosed())
			w.injector.CutWatches()
			Eventually(watch.ResultChan()).Should(BeClosed())
		}
		Expect(w.create("a")).To(Succeed())
	})

	It("ends the watches of a client that dies", func(ctx SpecContext) {
		w := newWorld()
		watch, err := w.client.CoreV1().ConfigMaps("ns").Watch(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		w.injector.Kill()
		Eventually(watch.ResultChan()).Should(BeClosed())
	})
})

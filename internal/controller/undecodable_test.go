// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// reconcilerOf is a reconciler whose cache holds those resources; tell changes what it
// reads, as decoding does.
func reconcilerOf(tell interceptor.Funcs, smcs ...client.Object) (*Reconciler, *events.FakeRecorder) {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(v1.AddToScheme(scheme)).To(Succeed())
	recorder := events.NewFakeRecorder(10)
	kube := fake.NewClientBuilder().WithScheme(scheme).WithObjects(smcs...).WithStatusSubresource(smcs...).WithInterceptorFuncs(tell).Build()
	return &Reconciler{
		client: kube, clock: clock.RealClock{}, clientset: kubefake.NewClientset(), metrics: metrics.New("test"), recorder: recorder, sessions: map[string]*session{},
	}, recorder
}

// undecodable makes every resource that is read one that could not be decoded.
var undecodable = interceptor.Funcs{
	Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
		err := c.Get(ctx, key, object, options...)
		if smc, ok := object.(*v1.ServiceMeshController); ok {
			smc.DecodeError = "spec.upgrade is bad"
		}
		return err
	},
}

var _ = Describe("A resource that cannot be decoded", func() {
	broken := func(finalizers ...string) *v1.ServiceMeshController {
		smc := resource("", "")
		smc.Name, smc.UID, smc.Finalizers = "broken", "broken", finalizers
		smc.CreationTimestamp = metav1.NewTime(time.Unix(1000, 0))
		return smc
	}
	request := ctrl.Request{NamespacedName: types.NamespacedName{Name: "broken"}}

	// Hardened: a resource that cannot be decoded, and a status that is refused too | nobody was told which one it is
	It("is reported by an event that names its fields, once, even where its status cannot be written", func(ctx SpecContext) {
		failing := undecodable
		failing.SubResourcePatch = func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
			return errors.New("invalid")
		}
		r, recorder := reconcilerOf(failing, broken())
		for range 2 {
			_, _ = r.Reconcile(ctx, request)
		}
		Expect(recorder.Events).To(Receive(And(ContainSubstring("Warning Undecodable spec.upgrade is bad"))))
		Expect(recorder.Events).NotTo(Receive())
	})

	It("gets no finalizer and is FAILED", func(ctx SpecContext) {
		r, _ := reconcilerOf(undecodable, broken())
		_, err := r.Reconcile(ctx, request)
		Expect(err).NotTo(HaveOccurred())
		smc := &v1.ServiceMeshController{}
		Expect(r.client.Get(ctx, request.NamespacedName, smc)).To(Succeed())
		Expect(smc.Finalizers).To(BeEmpty())
		Expect(smc.Status.Phase).To(Equal(v1.PhaseFailed))
	})

	DescribeTable("that is older", func(ctx SpecContext, decodeError, finalizer string, reason string) {
		older := broken(finalizer)
		newer := resource("", "")
		newer.Name, newer.UID, newer.CreationTimestamp = "newer", "newer", metav1.NewTime(time.Unix(2000, 0))
		r, _ := reconcilerOf(interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
				err := c.List(ctx, list, options...)
				list.(*v1.ServiceMeshControllerList).Items[0].DecodeError = decodeError
				return err
			},
		}, older, newer)
		held := r.olderThan(ctx, newer)
		if reason == "" {
			Expect(held).To(BeNil())
			return
		}
		Expect(held).NotTo(BeNil())
		Expect(held.Reason).To(Equal(reason))
	},
		// Hardened: a resource that cannot be decoded, older than another | the other got no mesh
		Entry("keeps nobody waiting where it has no mesh", "bad", "other/finalizer", ""),
		Entry("keeps others waiting where it has a mesh", "bad", v1.Finalizer, v1.ReasonNotOldest),
		Entry("keeps others waiting where it can be decoded after all", "", "other/finalizer", v1.ReasonNotOldest),
	)
})

// foreignOf are objects of a Helm release of another owner.
func foreignOf(n int) []apply.Foreign {
	objects := make([]apply.Foreign, n)
	for i := range objects {
		objects[i].Object = &metav1.ObjectMeta{Annotations: map[string]string{v1.HelmReleaseAnnotation: "other"}}
	}
	return objects
}

var _ = Describe("Reasons", func() {
	// Hardened: a request for the list of resources that fails | the reason was that another resource exists
	It("tell a list that failed from a resource that is older", func(ctx SpecContext) {
		r, _ := reconcilerOf(interceptor.Funcs{
			List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
				return errors.New("away")
			},
		})
		held := r.olderThan(ctx, resource("", ""))
		Expect(held.Reason).To(Equal(v1.ReasonClusterNotRead))
		Expect(held.Phase).To(BeEmpty())
	})

	// Hardened: a takeover that prunes and retires | each event had the reason TookOver
	It("tell what a takeover did with each object", func() {
		t := &takeover{
			foreign: foreignOf(1), leftovers: &leftovers{toPrune: foreignOf(2), kept: foreignOf(1)}, retired: []string{"other"},
		}
		var reasons []string
		for _, o := range status.Events(v1.ServiceMeshControllerStatus{}, v1.ServiceMeshControllerStatus{}, status.EventInput{Pending: t.events()}) {
			reasons = append(reasons, o.Reason)
		}
		Expect(reasons).To(Equal([]string{v1.ReasonTookOver, v1.ReasonPruned, v1.ReasonHelmReleaseRetired, v1.ReasonLeftAlone}))
	})
})

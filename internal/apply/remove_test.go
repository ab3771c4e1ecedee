// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

func owned(kind object.Kind, name string, annotations map[string]string) Owned {
	return Owned{
		Key:    object.Key{GVK: kind.GVK, Name: name},
		Object: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations}},
	}
}

var _ = Describe("What may be removed", func() {
	It("is no CRD, no namespace, nothing kept by Helm, nothing that is to be left alone, nothing of an unknown kind", func() {
		all := []Owned{
			owned(object.CustomResourceDefinition, "crd", nil), owned(object.Namespace, "namespace", nil), owned(object.Kind{}, "unknown", nil),
			owned(object.Deployment, "kept", map[string]string{v1.HelmPolicyAnnotation: "keep"}),
			owned(object.Deployment, "ignored", map[string]string{v1.IgnoreAnnotation: "true"}),
			owned(object.Deployment, "istiod", nil),
		}
		Expect(Removable(all)).To(ConsistOf(HaveField("Name", "istiod")))
		Expect(all).To(HaveLen(6), "the list is not changed")
	})

	It("is what the plan does not have", func() {
		all := []Owned{owned(object.Deployment, "a", nil), owned(object.Deployment, "b", nil), owned(object.DaemonSet, "a", nil)}
		left := Unwanted(all, []object.Object{{GVK: object.Deployment.GVK, Name: "a"}})
		Expect(left).To(ConsistOf(HaveField("Key.GVK.Kind", "DaemonSet"), HaveField("Name", "b")))
	})
})

var _ = Describe("Deleting", func() {
	It("returns how many it has deleted, and after a refusal goes one by one up to the next", func(ctx SpecContext) {
		var all []Owned
		client := fake.NewSimpleMetadataClient(fake.NewTestScheme())
		for _, name := range []string{"a", "b", "c"} {
			one := owned(object.ValidatingWebhookConfiguration, name, nil)
			one.Object.SetUID(types.UID(name))
			all = append(all, one)
		}
		var refused []string
		var asked []string
		client.PrependReactor("delete", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
			name := action.(clienttesting.DeleteAction).GetName()
			asked = append(asked, name)
			if slices.Contains(refused, name) {
				return true, nil, errors.New("refused")
			}
			return true, nil, nil
		})
		a := &Applier{client: client, records: map[object.Key]record{}, deleted: map[types.UID]bool{}}
		delete := func() (int, error) { asked = nil; return a.Delete(ctx, all) }

		refused = []string{"b", "c"}
		done, err := delete()
		Expect(err).To(MatchError(ContainSubstring("ValidatingWebhookConfiguration b: refused")))
		Expect(done).To(Equal(1))
		Expect(asked).To(ConsistOf("a", "b", "c"))
		Expect(a.Confirm(ctx, nil)).To(Succeed(), "nothing to ask about between two attempts")
		done, err = delete()
		Expect(err).To(HaveOccurred())
		Expect(done).To(BeZero())
		Expect(asked).To(ConsistOf("b"))
		refused = nil
		Expect(delete()).To(Equal(2))
		Expect(delete()).To(BeZero(), "each is deleted once")
	})
})

var _ = Describe("A workload on a dead node", func() {
	DescribeTable("is deleted", func(ctx SpecContext, remove func(*Applier, context.Context, []Owned) (int, error), expected metav1.DeletionPropagation) {
		client := fake.NewSimpleMetadataClient(fake.NewTestScheme())
		var options []metav1.DeleteOptions
		client.PrependReactor("delete", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
			options = append(options, action.(clienttesting.DeleteAction).GetDeleteOptions())
			return true, nil, nil
		})
		a := &Applier{client: client, records: map[object.Key]record{}, deleted: map[types.UID]bool{}}
		Expect(remove(a, ctx, []Owned{owned(object.DaemonSet, "ztunnel", nil)})).To(Equal(1))
		Expect(options).To(ConsistOf(HaveField("PropagationPolicy", HaveValue(Equal(expected)))))
	},
		// Hardened: a component leaves the plan while a node is dead | its DaemonSet stayed, half deleted, as long as the node
		Entry("at once where the plan no longer has it: its pods are ended later", (*Applier).Prune, metav1.DeletePropagationBackground),
		Entry("after its pods where the mesh is removed, component by component", (*Applier).Delete, metav1.DeletePropagationForeground),
	)
})

var _ = Describe("An ownership conflict", func() {
	start := time.Unix(1_000_000, 0)

	It("begins with the third correction, and doubles the pause with each", func() {
		c, now := driftBackoff{}, start
		var pauses []time.Duration
		for range 6 {
			c = c.next(now, LostFields{})
			pauses = append(pauses, c.pause)
			now = c.until
		}
		Expect(pauses).To(Equal([]time.Duration{0, 0, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}))
	})

	It("never pauses longer than the longest pause", func() {
		c, now := driftBackoff{}, start
		for range 100 {
			c = c.next(now, LostFields{})
			now = c.until
		}
		Expect(c.pause).To(Equal(longestPause))
	})

	It("is over after a calm, and begins again then", func() {
		c := driftBackoff{}
		for range 4 {
			c = c.next(start, LostFields{})
		}
		Expect(c.next(c.over.Add(time.Second), LostFields{}).corrections).To(Equal(1))
		Expect(c.next(c.over, LostFields{}).corrections).To(Equal(5))
	})
})

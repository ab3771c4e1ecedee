// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/watch"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// made is an object as this operator leaves it.
func made(kind object.Kind, namespace, name string, edit ...func(*metav1.PartialObjectMetadata)) *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(name), Labels: map[string]string{v1.OwnerLabel: "mesh"},
		ManagedFields: []metav1.ManagedFieldsEntry{{
			Manager: v1.FieldManager, Operation: metav1.ManagedFieldsOperationApply, FieldsType: "FieldsV1",
			FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`),
		}},
	}}
	object.SetGroupVersionKind(kind.GVK)
	for _, e := range edit {
		e(object)
	}
	return object
}

func copyOf(o *metav1.PartialObjectMetadata) {
	o.Annotations = map[string]string{v1.CopiedFromAnnotation: "gloo-operator/" + o.Name}
}

func notOurs(o *metav1.PartialObjectMetadata) { o.ManagedFields = nil }

// observing is an observer that shows CRDs of those names and nothing else.
func observing(crds ...string) *Observer {
	GinkgoHelper()
	informer := cache.NewSharedIndexInformer(&cache.ListWatch{}, &metav1.PartialObjectMetadata{}, 0, cache.Indexers{})
	for _, name := range crds {
		Expect(informer.GetStore().Add(&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name}})).To(Succeed())
	}
	return &Observer{crds: informer}
}

func metadataClient(objects ...runtime.Object) *fake.FakeMetadataClient {
	GinkgoHelper()
	scheme := fake.NewTestScheme()
	Expect(metav1.AddMetaToScheme(scheme)).To(Succeed())
	return fake.NewSimpleMetadataClient(scheme, objects...)
}

var _ = Describe("What no watch shows", func() {
	const multus = "network-attachment-definitions.k8s.cni.cncf.io"

	// Hardened: a NetworkAttachmentDefinition of the mesh on OpenShift | it was never pruned or removed
	It("is found where the cluster serves the kind: the NetworkAttachmentDefinition of the owner", func(ctx SpecContext) {
		client := metadataClient()
		for _, attachment := range []*metav1.PartialObjectMetadata{made(object.NetworkAttachmentDefinition, "default", "istio-cni"), made(object.NetworkAttachmentDefinition, "default", "theirs", notOurs)} {
			Expect(client.Tracker().Create(object.NetworkAttachmentDefinition.GVR(), attachment, attachment.Namespace)).To(Succeed())
		}
		a := &Applier{client: client, observer: observing(multus)}
		Expect(a.Attachments(ctx, "mesh")).To(ConsistOf(HaveField("Key",
			object.Key{GVK: object.NetworkAttachmentDefinition.GVK, Namespace: "default", Name: "istio-cni"})))
		Expect(a.Attachments(ctx, "other")).To(BeEmpty())
	})

	It("costs no request where the cluster does not serve the kind", func(ctx SpecContext) {
		client := metadataClient()
		Expect((&Applier{client: client, observer: observing()}).Attachments(ctx, "mesh")).To(BeEmpty())
		Expect(client.Actions()).To(BeEmpty())
	})

	It("are copies of Secrets that the operator made, and no other Secrets", func(ctx SpecContext) {
		client := metadataClient(made(object.Secret, "mesh-system", "copy", copyOf), made(object.Secret, "mesh-system", "labelled"),
			made(object.Secret, "mesh-system", "imitated", copyOf, notOurs), made(object.Secret, "elsewhere", "other", copyOf))
		a := &Applier{client: client, observer: observing()}
		Expect(a.Copies(ctx, "mesh-system", "mesh")).To(ConsistOf(HaveField("Key", object.SecretKey("mesh-system", "copy"))))
	})
})

// invalid is the API server's answer about those fields of a Secret.
func invalid(fields ...string) error {
	var causes field.ErrorList
	for _, name := range fields {
		causes = append(causes, field.Invalid(field.NewPath(name), "x", "field is immutable"))
	}
	return apierrors.NewInvalid(schema.GroupKind{Kind: "Secret"}, "pull", causes)
}

var _ = Describe("A Secret of another type", func() {
	DescribeTable("is known by the answer", func(kind object.Kind, err error, expected bool) {
		Expect(otherType(kind, err)).To(Equal(expected))
	},
		Entry("that its type is immutable", object.Secret, invalid("type"), true),
		Entry("that more is wrong", object.Secret, invalid("type", "data"), false),
		Entry("that something else is wrong", object.Secret, invalid("data"), false),
		Entry("that gives no cause", object.Secret, invalid(), false),
		Entry("not about another kind", object.Deployment, invalid("type"), false),
		Entry("not of another sort", object.Secret, apierrors.NewForbidden(schema.GroupResource{}, "pull", nil), false),
		Entry("not without an error", object.Secret, nil, false),
	)

	// remade applies a Secret of another type, and lists the requests.
	remade := func(ctx context.Context, live *metav1.PartialObjectMetadata) (verbs []string, err error) {
		client := metadataClient(live)
		client.PrependReactor("patch", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			verbs = append(verbs, "patch")
			if !slices.Contains(verbs, "delete") {
				return true, nil, invalid("type")
			}
			return true, live.DeepCopy(), nil
		})
		client.PrependReactor("delete", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
			verbs = append(verbs, "delete")
			options := action.(clienttesting.DeleteActionImpl).GetDeleteOptions()
			Expect(*options.Preconditions.UID).To(Equal(live.UID))
			return true, nil, nil
		})
		a := &Applier{client: client, observer: observing(), records: map[object.Key]record{}}
		_, err = a.apply(ctx, object.Object{GVK: object.Secret.GVK, Namespace: live.Namespace, Name: live.Name, Hash: "new"})
		return verbs, err
	}

	// Hardened: a pull secret that is made again with another type | the mesh went to FAILED
	It("is made again", func(ctx SpecContext) {
		Expect(remade(ctx, made(object.Secret, "mesh-system", "pull", copyOf))).To(Equal([]string{"patch", "delete", "patch"}))
	})

	It("is left alone where it is not the operator's", func(ctx SpecContext) {
		verbs, err := remade(ctx, made(object.Secret, "mesh-system", "pull", notOurs, func(o *metav1.PartialObjectMetadata) { o.Labels = nil }))
		Expect(err).To(MatchError(ContainSubstring("not managed by this operator")))
		Expect(verbs).To(Equal([]string{"patch"}))
	})
})

var _ = Describe("A Secret that is followed", func() {
	// Hardened: a Secret that spec no longer names | the operator watched it for ever
	It("is no longer watched when nobody asks for it", func(ctx SpecContext) {
		key := types.NamespacedName{Namespace: "mesh-system", Name: "pull"}
		client := kubefake.NewClientset(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}})
		stream := watch.NewFakeWithOptions(watch.FakeOptions{})
		client.PrependWatchReactor("secrets", clienttesting.DefaultWatchReactor(stream, nil))
		secrets := NewSecrets(ctx, client, func() {})
		reads := func() (count int) {
			for _, action := range client.Actions() {
				if action.GetVerb() == "get" {
					count++
				}
			}
			return count
		}
		_, err := secrets.Get(ctx, key.Namespace, key.Name)
		Expect(err).NotTo(HaveOccurred())
		Eventually(client.Actions).Should(ContainElement(HaveField("GetVerb()", "watch")))
		secrets.Retain(key)
		_, err = secrets.Get(ctx, key.Namespace, key.Name)
		Expect(err).NotTo(HaveOccurred())
		Expect(reads()).To(Equal(1))
		secrets.Retain()
		Eventually(stream.IsStopped).Should(BeTrue())
		_, err = secrets.Get(ctx, key.Namespace, key.Name)
		Expect(err).NotTo(HaveOccurred())
		Expect(reads()).To(Equal(2))
	})
})

var _ = Describe("The record of an object", func() {
	istiod := object.Object{GVK: object.Deployment.GVK, Namespace: "mesh-system", Name: "istiod"}
	known := func() *Applier {
		return &Applier{
			observer: observing(), client: metadataClient(),
			records: map[object.Key]record{istiod.Key(): {}}, free: map[object.Key]bool{istiod.Key(): true},
			accepted: map[object.Key]string{istiod.Key(): ""}, backoffs: map[object.Key]driftBackoff{istiod.Key(): {}}, deleted: map[types.UID]bool{"gone": true},
		}
	}

	// Hardened: an object that left the plan and comes back | it was overwritten, whoever had made one of that name since
	It("is dropped when the plan no longer has it: whose the name is by then is asked again", func() {
		a := known()
		Expect(a.unknown([]object.Object{istiod})).To(BeEmpty())
		a.Retain([]object.Object{istiod}, nil)
		Expect(a.unknown([]object.Object{istiod})).To(BeEmpty())
		a.Retain(nil, nil)
		Expect(a.unknown([]object.Object{istiod})).To(HaveLen(1))
		Expect(a.accepted).To(BeEmpty())
		Expect(a.backoffs).To(BeEmpty())
	})

	It("is dropped when it is deleted", func(ctx SpecContext) {
		a := known()
		Expect(a.Delete(ctx, []Owned{{Key: istiod.Key(), Object: made(object.Deployment, istiod.Namespace, istiod.Name)}})).To(Equal(1))
		Expect(a.unknown([]object.Object{istiod})).To(HaveLen(1))
	})

	It("is that it was deleted, until the cache no longer shows it", func() {
		a := known()
		a.Retain(nil, []Owned{{Object: made(object.Deployment, "", "gone")}})
		Expect(a.deleted).To(HaveLen(1))
		a.Retain(nil, nil)
		Expect(a.deleted).To(BeEmpty())
	})
})

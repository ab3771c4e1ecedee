// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

const (
	applied = metav1.ManagedFieldsOperationApply
	updated = metav1.ManagedFieldsOperationUpdate
)

// entry is a managedFields entry of that age in seconds.
func entry(manager string, operation metav1.ManagedFieldsOperationType, age int, fields string) metav1.ManagedFieldsEntry {
	at := metav1.NewTime(time.Unix(10_000-int64(age), 0))
	owned := &metav1.FieldsV1{}
	owned.SetRawBytes([]byte(fields))
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, APIVersion: "v1", Time: &at, FieldsType: "FieldsV1", FieldsV1: owned}
}

func liveObject(entries ...metav1.ManagedFieldsEntry) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "x", ManagedFields: entries}}
}

var _ = Describe("Our fields", func() {
	It("are those of our apply, and of no subresource", func() {
		status := entry(v1.FieldManager, applied, 0, `{"f:status":{}}`)
		status.Subresource = "status"
		Expect(ownFields(liveObject(status, entry(v1.FieldManager, updated, 0, `{"f:a":{}}`)))).To(BeNil())
		Expect(ownFields(liveObject(status, entry(v1.FieldManager, applied, 0, `{"f:b":{}}`)))).To(MatchJSON(`{"f:b":{}}`))
	})

	It("have another fingerprint when one is gone", func() {
		before := []byte(`{"f:data":{"f:a":{},"f:b":{}}}`)
		Expect(fingerprint([]byte(`{"f:data":{"f:a":{}}}`), nil)).NotTo(Equal(fingerprint(before, nil)))
	})

	It("are known to be taken, by whom", func() {
		lost := lostFields([]byte(`{"f:data":{"f:a":{},"f:b":{}}}`),
			liveObject(entry(v1.FieldManager, applied, 9, `{"f:data":{"f:b":{}}}`), entry("somebody", updated, 0, `{"f:data":{"f:a":{}}}`),
				entry("bystander", updated, 0, `{"f:data":{"f:c":{}}}`)), nil)
		Expect(lost).To(Equal(LostFields{Managers: []string{"somebody"}, Fields: []string{".data.a"}}))
	})

	It("are known to be removed, by nobody in particular", func() {
		lost := lostFields([]byte(`{"f:data":{"f:a":{}}}`), liveObject(entry(v1.FieldManager, applied, 9, `{}`)), nil)
		Expect(lost).To(Equal(LostFields{Fields: []string{".data.a"}}))
	})
})

var _ = Describe("An apply in our name", func() {
	const ours = `{"f:data":{"f:a":{}}}`
	o := object.Object{GVK: object.Namespace.GVK, Body: []byte(`{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"b"}}`)}
	before := record{resourceVersion: "1", fields: []byte(ours), time: 10_000 - 9}
	seen := func(age int, others ...metav1.ManagedFieldsEntry) *metav1.PartialObjectMetadata {
		changed := liveObject(append(others, entry(v1.FieldManager, applied, age, ours))...)
		changed.ResourceVersion = "2"
		return changed
	}

	// Hardened: kubectl apply --server-side --field-manager=gloo-operator with other values | nobody saw it: only names of fields were compared
	It("is seen by the time of our fields, and told of", func() {
		Expect(before.shows(object.Namespace, o, seen(3))).To(BeFalse())
		Expect(lostBy(object.Namespace, o, before, seen(3), seen(0))).To(Equal(LostFields{Managers: []string{v1.FieldManager}}))
	})

	It("is seen where our fields are said to be older", func() {
		Expect(before.shows(object.Namespace, o, seen(30))).To(BeFalse())
	})

	It("is not what others write beside our fields", func() {
		Expect(before.shows(object.Namespace, o, seen(9, entry("somebody", updated, 0, `{"f:data":{"f:theirs":{}}}`)))).To(BeTrue())
		update := entry(v1.FieldManager, updated, 0, `{"f:metadata":{}}`)
		Expect(before.shows(object.Namespace, o, seen(9, update))).To(BeTrue())
	})
})

var _ = Describe("What objects yield", func() {
	webhooks := `{"f:webhooks":{"k:{\"name\":\"a\"}":{".":{},"f:failurePolicy":{},"f:rules":{}}}}`
	flipped := `{"f:webhooks":{"k:{\"name\":\"a\"}":{".":{},"f:rules":{}}}}`
	body := []byte(`{"kind":"ValidatingWebhookConfiguration","webhooks":[{"name":"a","failurePolicy":"Ignore","rules":[]}]}`)

	It("is a validating webhook's failurePolicy, once another client has taken it", func() {
		yields := yieldsOf(object.ValidatingWebhookConfiguration, body, nil)
		Expect(fingerprint([]byte(flipped), yields)).To(Equal(fingerprint([]byte(webhooks), yields)))
		o := object.Object{GVK: object.ValidatingWebhookConfiguration.GVK, Body: body}

		sent, err := bodyFor(object.ValidatingWebhookConfiguration, o, liveObject(entry(v1.FieldManager, applied, 0, webhooks)))
		Expect(err).NotTo(HaveOccurred())
		Expect(sent).To(MatchJSON(body), "still ours")

		sent, err = bodyFor(object.ValidatingWebhookConfiguration, o, liveObject(entry(v1.FieldManager, applied, 0, flipped)))
		Expect(err).NotTo(HaveOccurred())
		Expect(sent).To(MatchJSON(`{"kind":"ValidatingWebhookConfiguration","webhooks":[{"name":"a","rules":[]}]}`))
	})

	It("is not a mutating webhook's", func() {
		Expect(yieldsOf(object.Kind{}, body, nil)).To(BeNil())
	})

	It("is the replicas of a Deployment that names none, kept as they are until somebody takes them", func() {
		autoscaled := []byte(`{"apiVersion":"apps/v1","kind":"Deployment","spec":{"paused":false}}`)
		Expect(yieldsOf(object.Deployment, []byte(`{"spec":{"replicas":2}}`), nil)).To(BeNil())
		replicas := int32(3)
		live := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &replicas}}
		live.ManagedFields = []metav1.ManagedFieldsEntry{entry(v1.FieldManager, applied, 0, `{"f:spec":{"f:replicas":{}}}`)}
		sent, err := bodyFor(object.Deployment, object.Object{GVK: object.Deployment.GVK, Body: autoscaled}, live)
		Expect(err).NotTo(HaveOccurred())
		Expect(sent).To(ContainSubstring(`"replicas":3`))

		live.ManagedFields = []metav1.ManagedFieldsEntry{entry(v1.FieldManager, applied, 0, `{"f:spec":{"f:paused":{}}}`)}
		sent, err = bodyFor(object.Deployment, object.Object{GVK: object.Deployment.GVK, Body: autoscaled}, live)
		Expect(err).NotTo(HaveOccurred())
		Expect(sent).NotTo(ContainSubstring("replicas"))
	})
})

var _ = Describe("Inheriting from an installer", func() {
	It("makes the fields of the maker and of known tools ours, and no others", func() {
		inherited, err := inherit([]metav1.ManagedFieldsEntry{
			entry("some-tool", updated, 99, `{"f:data":{"f:made":{}}}`),
			entry("helm", updated, 50, `{"f:data":{"f:helm":{}}}`),
			entry("pilot-discovery", updated, 20, `{"f:data":{"f:theirs":{}}}`),
			entry(v1.FieldManager, applied, 10, `{"f:data":{"f:ours":{}}}`),
		}, "v1")
		Expect(err).NotTo(HaveOccurred())
		Expect(inherited).To(HaveLen(2))
		Expect(inherited[0].Manager).To(Equal("pilot-discovery"))
		Expect(ownFields(liveObject(inherited...))).To(MatchJSON(`{"f:data":{"f:made":{},"f:helm":{},"f:ours":{}}}`))
	})

	It("leaves entries of another API version alone", func() {
		inherited, err := inherit([]metav1.ManagedFieldsEntry{entry("helm", updated, 1, `{"f:a":{}}`)}, "v2")
		Expect(err).NotTo(HaveOccurred())
		Expect(inherited).To(BeNil())
	})
})

var _ = Describe("Whose an object is", func() {
	It("is told by Helm's annotations, and otherwise by the oldest manager", func() {
		helm := liveObject(entry("helm", updated, 1, `{}`))
		helm.Annotations = map[string]string{v1.HelmReleaseAnnotation: "r", v1.HelmNamespaceAnnotation: "n"}
		Expect(maker(helm)).To(Equal("Helm release r in n"))
		Expect(maker(liveObject(entry("second", updated, 1, `{}`), entry("first", updated, 2, `{}`)))).To(Equal("made by first"))
		Expect(maker(liveObject())).To(Equal("of unknown origin"))
	})

	It("is ours by label or by fields", func() {
		labelled := liveObject()
		labelled.Labels = map[string]string{v1.OwnerLabel: "x"}
		Expect(ours(labelled)).To(BeTrue())
		Expect(ours(liveObject(entry(v1.FieldManager, applied, 1, `{}`)))).To(BeTrue())
		Expect(ours(liveObject(entry("helm", updated, 1, `{}`)))).To(BeFalse())
	})
})

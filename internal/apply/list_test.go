// SPDX-License-Identifier: Apache-2.0

package apply

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

var _ = Describe("Tolerations of a workload", func() {
	const owning = `{"f:spec":{"f:template":{"f:spec":{"f:containers":{},"f:tolerations":{}}}}}`
	const left = `{"f:spec":{"f:template":{"f:spec":{"f:containers":{}}}}}`
	o := object.Object{GVK: object.DaemonSet.GVK, Body: []byte(
		`{"apiVersion":"apps/v1","kind":"DaemonSet","spec":{"template":{"spec":{"tolerations":[{"key":"ours","operator":"Exists"}]}}}}`)}
	live := func(fields string, keys ...string) *appsv1.DaemonSet {
		d := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "2", ManagedFields: []metav1.ManagedFieldsEntry{entry(v1.FieldManager, applied, 0, fields)}}}
		for _, key := range keys {
			d.Spec.Template.Spec.Tolerations = append(d.Spec.Template.Spec.Tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists})
		}
		return d
	}
	sent := func(d *appsv1.DaemonSet) string {
		GinkgoHelper()
		body, err := bodyFor(object.DaemonSet, o, d)
		Expect(err).NotTo(HaveOccurred())
		return string(body)
	}
	applied := record{resourceVersion: "1", time: 10_000, fields: []byte(owning)}
	yielded := record{resourceVersion: "1", time: 10_000, fields: []byte(left)}

	It("are somebody's once they have added to ours", func() {
		extended := live(left, "ours", "theirs")
		Expect(applied.shows(object.DaemonSet, o, extended)).To(BeTrue())
		Expect(sent(extended)).NotTo(ContainSubstring("tolerations"))
		Expect(yielded.shows(object.DaemonSet, o, extended)).To(BeTrue())
	})

	It("are ours where nobody took them, whatever admission added", func() {
		Expect(sent(live(owning, "ours", "admissions"))).To(MatchJSON(o.Body))
	})

	It("are restored when one of ours is gone", func() {
		for _, before := range []record{applied, yielded} {
			replaced := live(left, "theirs")
			Expect(before.shows(object.DaemonSet, o, replaced)).To(BeFalse())
			Expect(sent(replaced)).To(MatchJSON(o.Body))
			Expect(lostBy(object.DaemonSet, o, before, replaced, liveObject())).To(Equal(LostFields{Fields: []string{string(tolerations)}}))
		}
	})

	It("start no ownership conflict with admission that takes one of ours away", func() {
		Expect(applied.shows(object.DaemonSet, o, live(owning, "admissions"))).To(BeTrue())
	})
})

var _ = Describe("Pull secrets of a ServiceAccount", func() {
	const owning, left = `{"f:imagePullSecrets":{},"f:metadata":{}}`, `{"f:metadata":{}}`
	o := object.Object{GVK: object.ServiceAccount.GVK, Body: []byte(`{"apiVersion":"v1","kind":"ServiceAccount","imagePullSecrets":[{"name":"ours"}]}`)}
	live := func(names ...string) *corev1.ServiceAccount {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "2", ManagedFields: []metav1.ManagedFieldsEntry{entry(v1.FieldManager, applied, 0, left)}}}
		for _, name := range names {
			account.ImagePullSecrets = append(account.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
		}
		return account
	}

	It("are somebody's once they have added to ours", func() {
		before, extended := record{resourceVersion: "1", time: 10_000, fields: []byte(owning)}, live("ours", "theirs")
		Expect(before.shows(object.ServiceAccount, o, extended)).To(BeTrue())
		Expect(bodyFor(object.ServiceAccount, o, extended)).To(MatchJSON(`{"apiVersion":"v1","kind":"ServiceAccount"}`))
	})

	It("are restored when ours are gone", func() {
		for _, fields := range []string{owning, left} {
			before, replaced := record{resourceVersion: "1", time: 10_000, fields: []byte(fields)}, live("theirs")
			Expect(before.shows(object.ServiceAccount, o, replaced)).To(BeFalse())
			Expect(bodyFor(object.ServiceAccount, o, replaced)).To(MatchJSON(o.Body))
		}
	})

	It("may be anybody's where we ask for none", func() {
		none := object.Object{GVK: o.GVK, Body: []byte(`{"apiVersion":"v1","kind":"ServiceAccount"}`)}
		Expect(record{resourceVersion: "1", time: 10_000, fields: []byte(left)}.shows(object.ServiceAccount, none, live("theirs"))).To(BeTrue())
		Expect(bodyFor(object.ServiceAccount, none, live("theirs"))).To(MatchJSON(none.Body))
	})
})

var _ = Describe("An object that has left the cache", func() {
	It("has lost its label where it is still the same", func() {
		seen := liveObject()
		seen.UID = "a"
		Expect(lostBy(object.DaemonSet, object.Object{}, record{uid: "a"}, nil, seen)).To(Equal(LostFields{Fields: []string{".metadata.labels." + v1.OwnerLabel}}))
		Expect(lostBy(object.DaemonSet, object.Object{}, record{uid: "b"}, nil, seen)).To(Equal(LostFields{}), "deleted, and created again")
	})
})

var _ = Describe("A CRD of the cluster", func() {
	It("is ours though somebody removed the label", func() {
		crd := liveObject(entry(v1.FieldManager, metav1.ManagedFieldsOperationApply, 0, `{}`))
		kept, err := keepBundleAnnotations(crd)
		Expect(err).NotTo(HaveOccurred())
		Expect(kept.(*metav1.PartialObjectMetadata).Labels).To(HaveKey(v1.OwnerLabel))
		crd.Annotations = map[string]string{v1.HelmReleaseAnnotation: "r", v1.HelmNamespaceAnnotation: "n", "other": "o"}
		kept, err = keepBundleAnnotations(crd)
		Expect(err).NotTo(HaveOccurred())
		Expect(maker(kept.(metav1.Object))).To(Equal("Helm release r in n"))
		Expect(kept.(*metav1.PartialObjectMetadata).Annotations).NotTo(HaveKey("other"))
		kept, err = keepBundleAnnotations(liveObject(entry("helm", metav1.ManagedFieldsOperationApply, 0, `{}`)))
		Expect(err).NotTo(HaveOccurred())
		Expect(kept.(*metav1.PartialObjectMetadata).Labels).NotTo(HaveKey(v1.OwnerLabel))
	})
})

// SPDX-License-Identifier: Apache-2.0

package object_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// namesOf lists the names of the kinds that a test is true of.
func namesOf(test func(object.Kind) bool) []string {
	var names []string
	for _, kind := range object.Kinds() {
		if test(kind) {
			names = append(names, kind.GVK.Kind)
		}
	}
	return names
}

var _ = Describe("The table of kinds", func() {
	DescribeTable("has the kinds that", func(test func(object.Kind) bool, want ...string) {
		Expect(namesOf(test)).To(ConsistOf(want))
	},
		Entry("are cluster-scoped", func(k object.Kind) bool { return !k.Namespaced },
			"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding",
			"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
		Entry("are namespaced", func(k object.Kind) bool { return k.Namespaced },
			"Deployment", "DaemonSet", "Secret", "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Service", "ResourceQuota",
			"HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy", "Endpoints", "EndpointSlice", "NetworkAttachmentDefinition",
			"AuthorizationPolicy", "PeerAuthentication"),
		Entry("are retained", func(k object.Kind) bool { return k.Retained }, "Namespace", "CustomResourceDefinition"),
		Entry("are unwatched", func(k object.Kind) bool { return k.Unwatched }, "Secret", "Endpoints", "EndpointSlice", "NetworkAttachmentDefinition",
			"AuthorizationPolicy", "PeerAuthentication"),
		Entry("are private", func(k object.Kind) bool { return k.Private }, "Secret"),
		Entry("run pods", func(k object.Kind) bool { return object.Key{GVK: k.GVK}.Workload() }, "Deployment", "DaemonSet"),
		Entry("only the operator makes", func(k object.Kind) bool { return k.OperatorOnly }, "Namespace", "Secret", "AuthorizationPolicy", "PeerAuthentication"),
	)

	DescribeTable("applies", func(wave int, want ...string) {
		Expect(namesOf(func(k object.Kind) bool { return k.Wave == wave })).To(ConsistOf(want))
	},
		Entry("the namespace first", 0, "Namespace"),
		Entry("then CRDs", 1, "CustomResourceDefinition"),
		Entry("then what pods need", 2, "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ConfigMap", "ResourceQuota", "Secret"),
		Entry("then most others", 3, "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy", "Endpoints", "EndpointSlice", "NetworkAttachmentDefinition",
			"AuthorizationPolicy", "PeerAuthentication"),
		Entry("then workloads", 4, "Deployment", "DaemonSet"),
		Entry("then webhooks and policies", 5, "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy"),
		Entry("then what puts policies into force", 6, "ValidatingAdmissionPolicyBinding"),
	)

	It("has each kind once", func() {
		seen := map[schema.GroupVersionKind]bool{}
		for _, kind := range object.Kinds() {
			Expect(seen).NotTo(HaveKey(kind.GVK))
			seen[kind.GVK] = true
			Expect(object.KindOf(kind.GVK)).To(Equal(kind))
		}
	})

	It("does not have other versions of a kind", func() {
		_, err := object.KindOf(schema.GroupVersionKind{Group: "policy", Version: "v1beta1", Kind: "PodDisruptionBudget"})
		Expect(err).To(MatchError(ContainSubstring("is no kind of object that this operator installs")))
	})

	It("names resources", func() {
		Expect(object.Deployment.GVR()).To(Equal(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}))
	})
})

var _ = Describe("An object", func() {
	It("is named as users do", func() {
		Expect(object.Object{GVK: object.DaemonSet.GVK, Namespace: "istio-system", Name: "ztunnel"}.Key().String()).To(Equal("DaemonSet istio-system/ztunnel"))
		Expect(object.Object{GVK: object.Namespace.GVK, Name: "istio-system"}.Key().String()).To(Equal("Namespace istio-system"))
	})

	DescribeTable("of a kind", func(gvk schema.GroupVersionKind, watched, unwatched bool) {
		o := object.Object{GVK: gvk, Name: "x"}
		Expect(o.Watched()).To(Equal(watched))
		Expect(o.Key().Unwatched()).To(Equal(unwatched))
	},
		Entry("that is watched", object.Deployment.GVK, true, false),
		Entry("that is not", object.SecretKey("n", "x").GVK, false, true),
		Entry("that is not known", schema.GroupVersionKind{Kind: "Pod", Version: "v1"}, false, false),
	)
})

// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"math"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// rendered is an object as a chart renders it.
func rendered(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	made := &unstructured.Unstructured{Object: tree{"apiVersion": apiVersion, "kind": kind, "metadata": tree{"name": name}}}
	if namespace != "" {
		made.SetNamespace(namespace)
	}
	return made
}

var _ = DescribeTable("An object of a chart is", func(why, apiVersion, kind, namespace, name string) {
	err := checkBounds("c", []*unstructured.Unstructured{rendered(apiVersion, kind, namespace, name)}, "istio-system")
	if why == "" {
		Expect(err).NotTo(HaveOccurred())
	} else {
		Expect(err).To(MatchError(ContainSubstring(", " + why + ": ")))
	}
},
	Entry("one of Istio's in the install namespace", "", "v1", "ConfigMap", "istio-system", "a"),
	Entry("none in another namespace", "outside the install namespace istio-system", "v1", "ConfigMap", "kube-system", "a"),
	Entry("none in the namespace default", "outside the install namespace istio-system", "v1", "ConfigMap", "default", "a"),
	Entry("one of Istio's where Multus finds it", "", "k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "default", "istio-cni"),
	Entry("none where Multus does not look", "outside the install namespace istio-system", "k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "kube-system", "istio-cni"),
	Entry("none of the operator's kinds", "a kind that no Istio component has", "v1", "Secret", "istio-system", "a"),
	Entry("none of an unknown kind", "a kind that no Istio component has", "a.b/v1", "C", "", "a"),
	Entry("one of the cluster's", "", "rbac.authorization.k8s.io/v1", "ClusterRole", "", "a"),
	Entry("none of the cluster's with a namespace", "a cluster-scoped object with a namespace", "rbac.authorization.k8s.io/v1", "ClusterRole", "istio-system", "a"),
	Entry("a CRD of Istio's", "", "apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "gateways.networking.istio.io"),
	Entry("no CRD of another's", "which does not belong to Istio", "apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "a.example.com"),
)

var _ = It("An object without a namespace gets the install namespace, unless it is the cluster's or the operator's", func() {
	for kind, namespace := range map[[2]string]string{
		{"v1", "ConfigMap"}: "istio-system", {"v1", "Secret"}: "", {"rbac.authorization.k8s.io/v1", "ClusterRole"}: "",
	} {
		made := rendered(kind[0], kind[1], "", "a")
		_ = checkBounds("c", []*unstructured.Unstructured{made}, "istio-system") // A Secret is refused.
		Expect(made.GetNamespace()).To(Equal(namespace), kind[1])
	}
})

var _ = DescribeTable("A value in an object is", func(value any, what string) {
	made := rendered("v1", "Service", "istio-system", "a")
	made.Object["spec"] = tree{"list": []any{"fine", tree{"at": value}}}
	err := checkSanity(v1.ComponentBase, []*unstructured.Unstructured{made}, "istio-system")
	if what == "" {
		Expect(err).NotTo(HaveOccurred())
	} else {
		Expect(err).To(MatchError("Service istio-system/a has " + what + " at spec.list[1].at: correct the value"))
	}
},
	Entry("fine as a text", "a map[", ""),
	Entry("a map that a template wrote as a text", "map[a:b]", "a map or a list instead of a string"),
	Entry("a list that a template wrote as a text", "[map[a:b]]", "a map or a list instead of a string"),
	Entry("no integer", 1.5, "a number that is not an integer or is too large"),
	Entry("the largest integer", int64(math.MaxInt32), ""),
	Entry("the smallest integer", int64(math.MinInt32), ""),
	Entry("too large", int64(math.MaxInt32)+1, "a number that is too large"),
	Entry("too small", int64(math.MinInt32)-1, "a number that is too large"),
	Entry("fine as a boolean", true, ""),
)

var _ = Describe("The objects of a component", func() {
	check := func(component string, objects ...*unstructured.Unstructured) error {
		return checkSanity(component, objects, "istio-system")
	}

	It("may have any text in ConfigMaps and CRDs", func() {
		for _, kind := range []string{"ConfigMap", "CustomResourceDefinition"} {
			made := rendered("v1", kind, "", "a")
			made.Object["data"] = tree{"a": "map[a:b]", "b": 1.5}
			Expect(check(v1.ComponentBase, made)).To(Succeed())
		}
	})

	It("are each there once", func() {
		a, b := rendered("v1", "Service", "istio-system", "a"), rendered("v1", "Service", "istio-system", "b")
		Expect(check(v1.ComponentBase, a, b, rendered("v1", "ConfigMap", "istio-system", "a"))).To(Succeed())
		Expect(check(v1.ComponentBase, a, b, rendered("v1", "Service", "istio-system", "a"))).To(MatchError(HavePrefix("Service istio-system/a would be created twice")))
		Expect(check(v1.ComponentBase, rendered("v1", "ClusterRole", "", "a"), rendered("v1", "ClusterRole", "", "a"))).To(MatchError(HavePrefix("ClusterRole a would be created twice")))
	})

	It("have its workload", func() {
		Expect(check(v1.ComponentIstiod, rendered("apps/v1", "Deployment", "istio-system", "istiod"))).To(Succeed())
		Expect(check(v1.ComponentIstiod)).To(MatchError(HavePrefix("Deployment istio-system/istiod would be missing")))
		Expect(check(v1.ComponentIstiod, rendered("apps/v1", "Deployment", "other", "istiod"))).To(MatchError(ContainSubstring("would be missing")))
	})
})

var _ = DescribeTable("Two renderings have", func(a, b any, same bool) {
	Expect(sameStructure(a, b)).To(Equal(same))
	Expect(sameStructure(b, a)).To(Equal(same))
},
	Entry("the same structure where only texts differ", tree{"a": []any{"x", int64(1)}}, tree{"a": []any{"y", int64(1)}}, true),
	Entry("another where a key differs", tree{"a": "x"}, tree{"b": "x"}, false),
	Entry("another where a key is added", tree{"a": "x"}, tree{"a": "x", "b": "y"}, false),
	Entry("another where an item is added", []any{"x"}, []any{"x", "y"}, false),
	Entry("another where a text is a section", tree{"a": "x"}, tree{"a": tree{}}, false),
	Entry("another where a list is a section", tree{"a": []any{}}, tree{"a": tree{}}, false),
	Entry("another where a text is a number", "1", int64(1), false),
	Entry("another where a number differs", int64(1), int64(2), false),
)

var _ = It("Lines are joined in all texts of values, and the paths of those that had several are told", func() {
	written := tree{"one": "a b", "some": tree{"list": []any{"c\nd", "e"}, "deep.er": "f\r\ng\u0085h\u2028i\u2029j"}, "n": int64(1), "none": nil}
	flat, paths := joinLines(written, nil)
	Expect(flat).To(Equal(tree{"one": "a b", "some": tree{"list": []any{"c d", "e"}, "deep.er": "f g h i j"}, "n": int64(1), "none": nil}))
	Expect(paths).To(Equal([]string{`some.deep\.er`, "some.list"}))
	Expect(written["some"].(tree)["list"]).To(Equal([]any{"c\nd", "e"}))
})

var _ = It("An object in a message is short", func() {
	Expect(describe(rendered("v1", "Service", "ns", "a"))).To(Equal("Service ns/a (v1)"))
	Expect(describe(rendered("v1", "ClusterRole", "", "a"))).To(Equal("ClusterRole a (v1)"))
	Expect(len(describe(rendered(strings.Repeat("v", 999), strings.Repeat("k", 999), "", strings.Repeat("n", 999))))).To(BeNumerically("<", 270))
})

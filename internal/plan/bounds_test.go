// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// elsewhere is a version that is not bundled.
const elsewhere = "1.29.99"

// fetched is an input with charts of a version that is not bundled, which are
// those of 1.29.1 with more templates in one of them.
func fetched(chart string, templates map[string]string) plan.Input {
	GinkgoHelper()
	input := inputOf(ofVersion(elsewhere))
	input.Archives = charttest.Charts("1.29.1", elsewhere)
	if chart != "" {
		files := charttest.Files("1.29.1", chart, elsewhere)
		for name, template := range templates {
			files["templates/"+name] = template
		}
		input.Archives[chart] = charttest.Pack(chart, files)
	}
	return input
}

var _ = Describe("A version that is not bundled", func() {
	It("is planned from archives as a compiled-in one is", func() {
		built := buildAnew(fetched("", nil))
		Expect(built.Version).To(Equal(elsewhere))
		Expect(images(built)).To(HaveEach(ContainSubstring(":" + elsewhere + "-distroless")))
		own := build(inputOf())
		Expect(built.Components).To(HaveLen(len(own.Components)))
		for i, component := range built.Components {
			Expect(component.Objects).To(HaveLen(len(own.Components[i].Objects)), component.Name)
		}
		Expect(built.Components[0].Version).To(Equal("v1.4.0"), "the Gateway API of 1.29")
	})

	It("makes the same bytes each time", func() {
		Expect(text(buildAnew(fetched("", nil)))).To(Equal(text(buildAnew(fetched("", nil)))))
	})

	It("is planned again where its charts are others", func() {
		builder := new(plan.Builder)
		buildWith(builder, fetched("", nil))
		more := fetched("ztunnel", map[string]string{"more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"})
		Expect(body(buildWith(builder, more), "ConfigMap", "more")).To(ContainSubstring(`"namespace":"istio-system"`), "as helm install puts it")
	})

	It("is unknown without archives", func() {
		_, err := new(plan.Builder).Build(inputOf(ofVersion(elsewhere)))
		unknown := &istio.UnknownVersionError{}
		Expect(errors.As(err, &unknown)).To(BeTrue())
		Expect(err).To(MatchError(ContainSubstring("spec.repository")))
	})

	It("fails where a chart is missing", func() {
		input := fetched("", nil)
		delete(input.Archives, "cni")
		_, err := new(plan.Builder).Build(input)
		Expect(err).To(MatchError(ContainSubstring("chart cni of Istio 1.29.99 was not fetched")))
	})
})

var _ = It("A version that is bundled is planned from its own charts, whatever archives there are", func() {
	input := inputOf()
	input.Archives = map[string][]byte{"base": []byte("junk")}
	Expect(text(buildAnew(input))).To(Equal(text(build(inputOf()))))
})

var _ = Describe("Objects that no component of Istio's has", func() {
	DescribeTable("are refused:", func(template, message string) {
		_, err := new(plan.Builder).Build(fetched("istiod", map[string]string{"more.yaml": template}))
		outside := &plan.OutsideError{}
		Expect(errors.As(err, &outside)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring("chart istiod renders " + message)))
	},
		Entry("a Secret", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n", "Secret a (v1), a kind that"),
		Entry("a pod", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: istio-system}\n", "Pod istio-system/a (v1), a kind that"),
		Entry("a Namespace", "apiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system}\n", "Namespace kube-system (v1), a kind that"),
		Entry("an unknown kind", "apiVersion: a.b/v1\nkind: C\nmetadata: {name: d}\n", "C d (a.b/v1), a kind that"),
		Entry("a known kind of another group", "apiVersion: a.b/v1\nkind: Deployment\nmetadata: {name: d}\n", "Deployment d (a.b/v1), a kind that"),
		Entry("something in another namespace", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: kube-system}\n",
			"ConfigMap kube-system/a (v1), outside the install namespace istio-system"),
		Entry("something of the cluster in a namespace", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a, namespace: istio-system}\n",
			"ClusterRole istio-system/a (rbac.authorization.k8s.io/v1), a cluster-scoped object with a namespace"),
		Entry("another client's CRD", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: certificates.cert-manager.io}\n",
			"CustomResourceDefinition certificates.cert-manager.io (apiextensions.k8s.io/v1), which does not belong to Istio"),
	)

	It("do not count OpenShift's, which is in the namespace default", func() {
		built := build(inputOf(withValues("global: {platform: openshift}\ncni: {provider: multus}")))
		Expect(body(built, "NetworkAttachmentDefinition", "istio-cni")).To(ContainSubstring(`"namespace":"default"`))
	})

	It("are none of the kinds that only the operator makes", func() {
		for _, kind := range object.Kinds() {
			made := &unstructured.Unstructured{}
			made.SetGroupVersionKind(kind.GVK)
			made.SetName("x.istio.io")
			match := Succeed()
			if kind.OperatorOnly {
				match = MatchError(ContainSubstring("a kind that no Istio component has"))
			}
			Expect(plan.CheckBounds("istiod", []*unstructured.Unstructured{made}, "istio-system")).To(match, "%s", kind.GVK)
			want := ""
			if kind.Namespaced && !kind.OperatorOnly {
				want = "istio-system"
			}
			Expect(made.GetNamespace()).To(Equal(want), "%s", kind.GVK)
		}
	})
})

var _ = It("A chart from elsewhere that does not end is stopped, and the next build goes on", func() {
	input := fetched("base", map[string]string{"more.yaml": `{{ repeat 2000000000 "x" }}`})
	builder := new(plan.Builder)
	_, err := builder.Build(input)
	stopped := &helm.StoppedError{}
	Expect(errors.As(err, &stopped)).To(BeTrue(), "%v", err)
	buildWith(builder, inputOf())
})

var _ = Describe("A value of several lines in a chart from elsewhere", func() {
	lines := func(template string) error {
		input := fetched("base", map[string]string{"more.yaml": template})
		withValues(`base: {text: "a #\n  b: c"}`)(&input.Spec)
		_, err := new(plan.Builder).Build(input)
		return err
	}

	It("may not add fields to an object", func() {
		Expect(lines("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\ndata:\n  a: {{ .Values.base.text }}\n")).To(MatchError(
			ContainSubstring("ConfigMap more changes its structure through the line breaks of base.text")))
	})

	It("is stopped where it does not end once it is on one line", func() {
		stopped := &helm.StoppedError{}
		err := lines(`{{ if not (contains "\n" .Values.base.text) }}{{ repeat 2000000000 "x" }}{{ end }}`)
		Expect(errors.As(err, &stopped)).To(BeTrue(), "%v", err)
	})
})

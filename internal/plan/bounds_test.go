// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"errors"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/charttest"
)

// elsewhere is a version that is not compiled in.
const elsewhere = "1.29.99"

// fetched is an input with charts of a version that is not compiled in, which are
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

var _ = Describe("A version that is not compiled in", func() {
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

	It("is planned anew where its charts are others", func() {
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
		Expect(err).To(MatchError(ContainSubstring("no chart cni of Istio 1.29.99")))
	})
})

var _ = It("A version that is compiled in is planned from its own charts, whatever archives there are", func() {
	input := inputOf()
	input.Archives = map[string][]byte{"base": []byte("junk")}
	Expect(text(buildAnew(input))).To(Equal(text(build(inputOf()))))
})

var _ = Describe("Objects that no component of Istio's has", func() {
	DescribeTable("are refused:", func(template, message string) {
		_, err := new(plan.Builder).Build(fetched("istiod", map[string]string{"more.yaml": template}))
		outside := &plan.OutsideError{}
		Expect(errors.As(err, &outside)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring("chart istiod makes the " + message)))
	},
		Entry("a Secret", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n", "Secret a (v1), a kind that"),
		Entry("a pod", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: istio-system}\n", "Pod istio-system/a (v1), a kind that"),
		Entry("a Namespace", "apiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system}\n", "Namespace kube-system (v1), a kind that"),
		Entry("an unknown kind", "apiVersion: a.b/v1\nkind: C\nmetadata: {name: d}\n", "C d (a.b/v1), a kind that"),
		Entry("a known kind of another group", "apiVersion: a.b/v1\nkind: Deployment\nmetadata: {name: d}\n", "Deployment d (a.b/v1), a kind that"),
		Entry("something in another namespace", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: kube-system}\n",
			"ConfigMap kube-system/a (v1), outside the install namespace istio-system"),
		Entry("something of the cluster in a namespace", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a, namespace: istio-system}\n",
			"ClusterRole istio-system/a (rbac.authorization.k8s.io/v1), which cannot be in a namespace"),
		Entry("somebody else's CRD", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: certificates.cert-manager.io}\n",
			"CustomResourceDefinition certificates.cert-manager.io (apiextensions.k8s.io/v1), which is none of Istio's"),
	)

	It("do not count OpenShift's, which is in the namespace default", func() {
		built := build(inputOf(withValues("global: {platform: openshift}\ncni: {provider: multus}")))
		Expect(body(built, "NetworkAttachmentDefinition", "istio-cni")).To(ContainSubstring(`"namespace":"default"`))
	})

	It("are all that the operator does not watch", func() {
		added := []string{"Namespace", "Secret"} // By the operator itself.
		watched := slices.DeleteFunc(apply.Kinds(), func(k apply.Kind) bool { return slices.Contains(added, k.GVK.Kind) })
		Expect(plan.ChartKinds()).To(HaveLen(len(watched)))
		for _, kind := range watched {
			Expect(plan.ChartKinds()).To(HaveKeyWithValue(kind.GVK, kind.Namespaced))
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

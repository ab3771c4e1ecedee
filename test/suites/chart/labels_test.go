// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// labels is a patch of the namespace shop's metadata.
func labels(patch string) func(client.Client) error {
	return func(c client.Client) error {
		there := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}
		return c.Patch(ctx(), there, client.RawPatch(types.MergePatchType, []byte(`{"metadata":`+patch+`}`)))
	}
}

var _ = Describe("The right to label namespaces", Ordered, func() {
	var operator client.Client

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, func(o *cluster.Options) { o.Nodes = 0 })
		var err error
		operator, err = client.New(env.OperatorConfig(), client.Options{})
		Expect(err).NotTo(HaveOccurred())
		env.Kubectl("create", "namespace", "shop")
		env.Kubectl("label", "namespace", "shop", "istio.io/dataplane-mode=ambient", "pod-security.kubernetes.io/enforce=restricted")
		env.Kubectl("annotate", "namespace", "shop", "owner=team-a")
	})

	It("is not there by default", func() {
		Expect(apierrors.IsForbidden(labels(`{"labels":{"istio.io/dataplane-mode":null}}`)(operator))).To(BeTrue())
	})

	It("comes with a value of the chart", func(ctx SpecContext) {
		env.AuthorizeWith(ctx, map[string]any{"labelNamespaces": true})
		attempts := 0
		Eventually(func() error { attempts++; return labels(fmt.Sprintf(`{"labels":{"team":"%d"}}`, attempts))(operator) }).
			Should(MatchError(ContainSubstring("ValidatingAdmissionPolicy")), "the policy is in force")
		env.Kubectl("label", "namespace", "shop", "team-") // Of before it was.
	})

	It("lets the operator take a namespace out of the mesh, and put it back", func() {
		Expect(labels(`{"labels":{"istio.io/dataplane-mode":null},"annotations":{"operator.gloo.solo.io/taken-out-by":"managed-istio"}}`)(operator)).To(Succeed())
		Expect(labels(`{"labels":{"istio.io/dataplane-mode":"ambient"},"annotations":{"operator.gloo.solo.io/taken-out-by":null}}`)(operator)).To(Succeed())
	})

	DescribeTable("denies", func(patch string) {
		err := labels(patch)(operator)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring("ValidatingAdmissionPolicy 'gloo-operator-labels'")), "it is the policy that denies it")
	},
		Entry("another label", `{"labels":{"team":"b"}}`),
		Entry("a change of another label", `{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}`),
		Entry("to remove another label", `{"labels":{"pod-security.kubernetes.io/enforce":null}}`),
		Entry("another mode", `{"labels":{"istio.io/dataplane-mode":"none"}}`),
		Entry("another annotation", `{"annotations":{"a":"b"}}`),
		Entry("to remove another annotation", `{"annotations":{"owner":null}}`),
		Entry("a finalizer", `{"finalizers":["example.com/a"]}`),
		Entry("an owner", `{"ownerReferences":[{"apiVersion":"v1","kind":"Namespace","name":"default","uid":"x"}]}`),
	)

	It("limits nobody else", func() { Expect(labels(`{"labels":{"team":"a"}}`)(env.API)).To(Succeed()) })
})

var _ = Describe("The values that widen or narrow the operator's roles", func() {
	named := func(text string) []string {
		var names []string
		for _, g := range grants(of(text)) {
			names = append(names, g.String())
		}
		return names
	}
	unlimited := func(rbac map[string]any, kubernetes ...string) bool {
		return slices.ContainsFunc(grants(OperatorChart(map[string]any{"rbac": rbac}, kubernetes...)), func(g grant) bool {
			return g.String() == "patch namespaces. in the cluster" && len(g.names) == 0
		})
	}
	policies := func(rbac map[string]any, kubernetes string) int {
		return len(ByKind(OperatorChart(map[string]any{"rbac": rbac}, kubernetes), "ValidatingAdmissionPolicy"))
	}

	It("let it list the pods of all namespaces, unless rbac.listPods is off", func() {
		Expect(named(`{}`)).To(ContainElement("list pods. in the cluster"))
		Expect(named(`rbac: {listPods: false}`)).To(And(Not(ContainElement("list pods. in the cluster")), ContainElement("list pods. in "+Namespace)))
	})

	It("let it patch all namespaces only with rbac.labelNamespaces, and where a policy limits that", func() {
		on := map[string]any{"labelNamespaces": true}
		Expect(unlimited(nil)).To(BeFalse())
		Expect(unlimited(on, "v1.29.9")).To(BeFalse())
		Expect(policies(on, "v1.29.9")).To(BeZero())
		Expect(unlimited(on, "v1.30.0")).To(BeTrue())
		Expect(policies(on, "v1.30.0")).To(Equal(2))
	})
})

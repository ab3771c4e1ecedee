// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// What the operator binds in an install namespace, and to whom.
const (
	toNamespaced = `roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: gloo-operator-namespaced}`
	somebody     = `{kind: ServiceAccount, name: default, namespace: default}`
	operatorsOwn = `{kind: ServiceAccount, name: gloo-operator, namespace: gloo-operator}`
)

// binding is a RoleBinding of that name with the rest.
func binding(namespace, name, rest string) string {
	return fmt.Sprintf(`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: %s, namespace: %s}, %s}`, name, namespace, rest)
}

// patched patches the RoleBinding of the install namespace.
func patched(kind types.PatchType, patch string) func(client.Client) error {
	return func(c client.Client) error {
		there := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: v1.NamespaceRole}}
		return c.Patch(ctx(), there, client.RawPatch(kind, []byte(patch)))
	}
}

var _ = Describe("The right to restore an install namespace", Ordered, func() {
	var operator client.Client
	own := v1.NamespaceRole
	exact := toNamespaced + `, subjects: [` + operatorsOwn + `]`

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, func(o *cluster.Options) { o.Nodes = 0 })
		var err error
		operator, err = client.New(env.OperatorConfig(), client.Options{})
		Expect(err).NotTo(HaveOccurred())
		env.Kubectl("create", "namespace", "labelled")
		env.Kubectl("label", "namespace", "labelled", "app.kubernetes.io/name=gloo-operator", "operator.gloo.solo.io/owner=managed-istio")
		Eventually(func() error { return applied(binding("kube-system", own, exact))(operator) }).
			Should(MatchError(ContainSubstring("ValidatingAdmissionPolicy")), "the policy is in force")
		env.Kubectl("delete", "rolebinding", "-n", "kube-system", own, "--ignore-not-found") // Of before it was.
	})

	DescribeTable("denies", func(attempt func(client.Client) error) {
		err := attempt(operator)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring("ValidatingAdmissionPolicy 'gloo-operator-namespaced'")), "it is the policy that denies it")
	},
		Entry("its rights in another namespace", applied(binding("kube-system", own, exact))),
		Entry("its rights in a namespace with the labels of a mesh's", applied(binding("labelled", own, exact))),
		Entry("a role of Istio's in another namespace under its name", applied(binding("kube-system", own,
			`roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: istiod-clusterrole-istio-system}, subjects: [`+operatorsOwn+`]`))),
		Entry("a subject besides its own", applied(binding(Namespace, own, toNamespaced+`, subjects: [`+operatorsOwn+`, `+somebody+`]`))),
		Entry("another subject", applied(binding(Namespace, own, toNamespaced+`, subjects: [`+somebody+`]`))),
		Entry("a user of its ServiceAccount's name", applied(binding(Namespace, own,
			toNamespaced+`, subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: gloo-operator}]`))),
		Entry("the ServiceAccount of its name of another namespace", applied(binding(Namespace, own,
			toNamespaced+`, subjects: [{kind: ServiceAccount, name: gloo-operator, namespace: istio-system}]`))),
		Entry("no subject at all", patched(types.JSONPatchType, `[{"op":"remove","path":"/subjects"}]`)),
		Entry("a subject by a JSON patch", patched(types.JSONPatchType,
			`[{"op":"add","path":"/subjects/-","value":{"kind":"ServiceAccount","name":"default","namespace":"default"}}]`)),
		Entry("a subject by a merge patch", patched(types.MergePatchType, `{"subjects":[{"kind":"ServiceAccount","name":"default","namespace":"default"}]}`)),
		Entry("its rights to somebody by a RoleBinding of Istio's name", applied(binding(Namespace, "istiod", toNamespaced+`, subjects: [`+somebody+`]`))),
		Entry("its rights in the whole cluster by a ClusterRoleBinding of Istio's name",
			applied(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: ztunnel}, `+exact+`}`)),
	)

	DescribeTable("denies, by the roles alone,", func(attempt func(client.Client) error) {
		err := attempt(operator)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
	},
		Entry("a namespace of another name", applied(`{apiVersion: v1, kind: Namespace, metadata: {name: other}}`)),
		Entry("a namespace without a name", created(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "istio-system-"}})),
		Entry("a RoleBinding of another name", applied(binding(Namespace, "other", exact))),
		Entry("the policy's end", func(c client.Client) error {
			return c.Patch(ctx(), policyBinding(), client.RawPatch(types.MergePatchType, []byte(`{"spec":{"validationActions":["Audit"]}}`)))
		}),
		Entry("the policy's deletion", func(c client.Client) error { return c.Delete(ctx(), policyBinding()) }),
	)

	It("lets it bind its rights in the install namespace, the first time and again", func() {
		Expect(applied(binding(Namespace, own, exact))(operator)).To(Succeed())
		env.Kubectl("delete", "rolebinding", "-n", Namespace, own)
		Expect(applied(binding(Namespace, own, exact))(operator)).To(Succeed())
	})

	It("limits nobody else", func() {
		Expect(applied(binding("kube-system", own, toNamespaced+`, subjects: [`+somebody+`]`))(env.API)).To(Succeed())
		env.Kubectl("create", "namespace", "another")
	})
})

func policyBinding() client.Object {
	return &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: v1.NamespaceRole}}
}

var _ = Describe("Where the API server has no admission policies", func() {
	It("the operator may restore no namespace", func() {
		restores := func(kubernetes string) bool {
			return slices.ContainsFunc(grants(OperatorChart(nil, kubernetes)), func(g grant) bool {
				return g.verb == "bind" && slices.Contains(g.names, v1.NamespaceRole)
			})
		}
		policies := func(kubernetes string) int {
			return len(ByKind(OperatorChart(nil, kubernetes), "ValidatingAdmissionPolicy"))
		}
		Expect(restores("v1.29.9")).To(BeFalse())
		Expect(policies("v1.29.9")).To(BeZero())
		Expect(restores("v1.30.0")).To(BeTrue())
		Expect(policies("v1.30.0")).To(Equal(1))
	})
})

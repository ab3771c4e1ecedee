// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

func ctx() context.Context { return context.Background() }

// applied server-side applies a manifest, as the operator applies everything.
func applied(text string) func(client.Client) error {
	return func(c client.Client) error {
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(text), &object.Object)).To(Succeed())
		return c.Apply(ctx(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("x"), client.ForceOwnership)
	}
}

func created(object client.Object) func(client.Client) error {
	return func(c client.Client) error { return c.Create(ctx(), object.DeepCopyObject().(client.Object)) }
}

const (
	workload = `spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: a}]}}}`
	toAdmin  = `roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}`
	itself   = `subjects: [{kind: ServiceAccount, name: gloo-operator, namespace: gloo-operator}]`
)

var _ = Describe("The operator's ServiceAccount", Ordered, func() {
	var operator client.Client

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, func(o *cluster.Options) { o.Nodes = 1 })
		var err error
		operator, err = client.New(env.OperatorConfig(), client.Options{})
		Expect(err).NotTo(HaveOccurred())
		env.Kubectl("create", "secret", "generic", "theirs", "-n", "default", "--from-literal=a=b")
	})

	DescribeTable("is denied", func(attempt func(client.Client) error) {
		err := attempt(operator)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
	},
		Entry("to read a Secret of another namespace", func(c client.Client) error {
			return c.Get(ctx(), client.ObjectKey{Namespace: "default", Name: "theirs"}, &corev1.Secret{})
		}),
		Entry("to list the cluster's Secrets", func(c client.Client) error { return c.List(ctx(), &corev1.SecretList{}) }),
		Entry("to list the cluster's ConfigMaps", func(c client.Client) error { return c.List(ctx(), &corev1.ConfigMapList{}) }),
		Entry("a pod", created(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: "istiod"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}},
		})),
		Entry("a binding to cluster-admin", created(&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "mine"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		})),
		Entry("a binding to cluster-admin of a name that Istio uses",
			applied(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: ztunnel}, `+toAdmin+`, `+itself+`}`)),
		Entry("a role of its own name with more rights", applied(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: gloo-operator},
			rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]}`)),
		Entry("a DaemonSet of another name", applied(`{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: other, namespace: istio-system}, `+workload+`}`)),
		Entry("a DaemonSet of a mesh's name in another namespace",
			applied(`{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: ztunnel, namespace: kube-system}, `+workload+`}`)),
		Entry("a CRD of another name", applied(`{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a.example.com},
			spec: {group: example.com, scope: Cluster, names: {kind: A, plural: a}, versions: []}}`)),
		Entry("a namespace of another name", applied(`{apiVersion: v1, kind: Namespace, metadata: {name: other}}`)),
	)

	It("may create what is a mesh's, by name", func() {
		Expect(applied(`{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: ztunnel, namespace: istio-system}, ` + workload + `}`)(operator)).To(Succeed())
	})
})

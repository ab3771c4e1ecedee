// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/gloo-operator/gloo-operator/internal/plan"
)

var _ = Describe("A preview", func() {
	// preview is a reconciler of diff with those settings, beside an operator with those
	// arguments, after it has read them.
	preview := func(url string, namespaces []string, arguments ...string) *Reconciler {
		deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
			Namespace: "gloo-operator", Name: "gloo-operator", Labels: map[string]string{"app.kubernetes.io/name": "gloo-operator"},
		}}
		deployment.Spec.Template.Spec.Containers = []corev1.Container{{Name: "manager", Args: arguments}}
		r := &Reconciler{
			clientset: fake.NewClientset(deployment), namespace: "gloo-operator", defaultRepository: url, installNamespaces: namespaces,
		}
		r.useDeployed(context.Background())
		return r
	}

	It("uses the settings of the operator in the cluster", func() {
		r := preview("oci://flag", nil, "run", "--install-namespaces=a,b", "--default-repository=oci://deployed")
		Expect(r.defaultRepository).To(Equal("oci://deployed"))
		Expect(r.installNamespaces).To(Equal([]string{"a", "b"}))
	})

	It("runs probes as that operator does", func() {
		r := preview("", nil, "run", "--probe-namespace=probes", "--probe-image=operator:1", "--probe-pull-secrets=a,b")
		Expect(r.probe).To(Equal(plan.Probe{Namespace: "probes", Image: "operator:1", PullSecrets: []string{"a", "b"}}))
		Expect(preview("", nil, "run").probe).To(Equal(plan.Probe{}))
	})

	It("has no default repository where that operator has none", func() {
		Expect(preview("oci://flag", nil, "run", "--default-repository=").defaultRepository).To(BeEmpty())
	})

	It("keeps its own settings where that operator has none of them", func() {
		r := preview("oci://flag", []string{"c"}, "run", "--install-namespaces=a")
		Expect(r.defaultRepository).To(Equal("oci://flag"))
		Expect(r.installNamespaces).To(Equal([]string{"c"}))
	})
})

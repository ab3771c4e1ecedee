// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// installed is what the gatherer would hold of the objects of Istio's charts, as another
// tool installs them.
func installed(version, namespace string) map[string][]any {
	GinkgoHelper()
	built, err := (&plan.Builder{}).Build(plan.Input{
		Owner: "any", Spec: v1.ServiceMeshControllerSpec{Version: version, InstallNamespace: namespace}, Facts: plan.Facts{KubernetesVersion: "v1.34.0"},
	})
	Expect(err).NotTo(HaveOccurred())
	seen := map[string][]any{}
	for _, component := range built.Components {
		for _, object := range component.Objects {
			switch object.GVK.Kind {
			case "Deployment":
				deployment := &metav1.PartialObjectMetadata{}
				Expect(json.Unmarshal(object.Body, deployment)).To(Succeed())
				delete(deployment.Labels, v1.OwnerLabel)
				keep(seen, sourceIstiods, istiodSelector, deployment)
			case "ClusterRoleBinding":
				binding := &rbacv1.ClusterRoleBinding{}
				Expect(json.Unmarshal(object.Body, binding)).To(Succeed())
				keep(seen, sourceBindings, bindingSelector, binding)
			}
		}
	}
	return seen
}

// keep adds an object that the selector selects.
func keep(seen map[string][]any, source, selector string, object metav1.Object) {
	GinkgoHelper()
	parsed, err := labels.Parse(selector)
	Expect(err).NotTo(HaveOccurred())
	if parsed.Matches(labels.Set(object.GetLabels())) {
		seen[source] = append(seen[source], object)
	}
}

var _ = It("The istiod of every release is recognised as what Istio's charts install", func() {
	for _, version := range istio.Versions() {
		Expect(factsFrom(installed(version, "other-mesh"), Query{}).Istiods).To(
			Equal([]Istiod{{Namespace: "other-mesh", Name: "istiod", Revision: "default"}}), version)
	}
})

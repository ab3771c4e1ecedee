// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"maps"
	"os"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/internal/helm"
)

// around is what of the operator's chart an operator needs that runs in the test's
// process, in the order in which it is applied.
var around = []string{
	"Namespace", "CustomResourceDefinition", "ServiceAccount", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
	"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
}

// chartValues are those of the operator's chart, besides its defaults, with more values
// below rbac.
func chartValues(rbac map[string]any) map[string]any {
	all := map[string]any{"revisionTags": []any{"default", "prod"}}
	maps.Copy(all, rbac)
	return map[string]any{"rbac": all}
}

// OperatorChart renders the operator's chart, for that version of Kubernetes or a new one.
func OperatorChart(values map[string]any, kubernetes ...string) []*unstructured.Unstructured {
	GinkgoHelper()
	chart, err := helm.Load(os.DirFS(Repository("charts")), "gloo-operator", "0.0.1")
	Expect(err).NotTo(HaveOccurred())
	_, objects, err := chart.Render(helm.Request{
		Release: "gloo-operator", Namespace: OperatorNamespace, KubernetesVersion: append(kubernetes, "v1.37.2")[0], Values: values,
	})
	Expect(err).NotTo(HaveOccurred())
	return objects
}

// Authorize makes the cluster ready for an operator: the CRD, its ServiceAccount and
// the chart's roles, as for that version of Kubernetes. Again, it restores what of these
// has gone.
func (e *Env) Authorize(ctx context.Context, kubernetes ...string) {
	GinkgoHelper()
	e.authorize(ctx, OperatorChart(chartValues(nil), kubernetes...))
}

// AuthorizeWith is Authorize with values of the chart below rbac.
func (e *Env) AuthorizeWith(ctx context.Context, rbac map[string]any) {
	GinkgoHelper()
	e.authorize(ctx, OperatorChart(chartValues(rbac)))
}

// AuthorizeProbes is Authorize with the permissions for spec.probe.
func (e *Env) AuthorizeProbes(ctx context.Context) {
	GinkgoHelper()
	values := chartValues(nil)
	values["probe"] = map[string]any{"enabled": true}
	e.authorize(ctx, OperatorChart(values))
}

func (e *Env) authorize(ctx context.Context, objects []*unstructured.Unstructured) {
	GinkgoHelper()
	objects = append(objects, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": OperatorNamespace},
	}})
	for _, kind := range around {
		for _, object := range objects {
			if object.GetKind() == kind {
				Expect(e.API.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("helm"))).To(Succeed())
			}
		}
	}
	e.Kubectl("wait", "--for=condition=Established", "crd/servicemeshcontrollers.operator.gloo.solo.io")
}

// OperatorConfig is how the operator reaches the cluster: as the ServiceAccount of its
// chart, with no more rights than the chart gives.
func (e *Env) OperatorConfig() *rest.Config {
	GinkgoHelper()
	config, err := e.Cluster.ServiceAccountConfig(context.Background(), OperatorNamespace, "gloo-operator", Agent)
	Expect(err).NotTo(HaveOccurred())
	return config
}

// ByKind lists the objects of a kind.
func ByKind(objects []*unstructured.Unstructured, kind string) []*unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(objects), func(o *unstructured.Unstructured) bool { return o.GetKind() != kind })
}

// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"cmp"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// defaultRevision is the revision of namespaces and webhooks that name none:
// https://istio.io/latest/docs/setup/upgrade/canary/#default-revision.
const defaultRevision = "default"

// istiodSelector selects istiod's Deployment by the labels that Istio's charts have set
// since 1.6, with any installer (helm, istioctl, Sail): deployment.yaml of
// istio-control/istio-discovery. Anybody who can create a Deployment can set them.
const istiodSelector = "app=istiod,istio=pilot"

// bindingSelector selects the ClusterRoleBindings of istiods, which tenants cannot
// create: clusterrolebinding.yaml of the same charts.
const bindingSelector = "app=istiod"

var istioChecks = []Check{
	{
		Reason: v1.ReasonAnotherIstiod, Blocking: true,
		Title:  "Another istiod serves the default revision",
		Why:    "two control planes would overwrite each other's webhooks, workloads and status",
		Fix:    "remove it, or set spec.installNamespace to its namespace and spec.onConflict to Force to take it over",
		Source: "https://istio.io/latest/docs/setup/upgrade/canary/#default-revision",
		Find: func(f Facts, m Mesh) string {
			for _, istiod := range f.Istiods {
				if istiod.Namespace != m.Namespace && istiod.Revision == defaultRevision {
					return fmt.Sprintf("Deployment %s/%s is an istiod of the default revision", istiod.Namespace, istiod.Name)
				}
			}
			return ""
		},
	},
}

// istiodsOf returns the istiods that this operator does not manage. A Deployment counts
// only if an istiod's ClusterRoleBinding binds a ServiceAccount in its namespace: without
// one, istiod cannot read the cluster, and labels alone are no evidence.
func istiodsOf(deployments []*metav1.PartialObjectMetadata, bindings []*rbacv1.ClusterRoleBinding) []Istiod {
	bound := map[string]bool{}
	for _, binding := range bindings {
		for _, subject := range binding.Subjects {
			bound[subject.Namespace] = bound[subject.Namespace] || subject.Kind == rbacv1.ServiceAccountKind
		}
	}
	var istiods []Istiod
	for _, d := range deployments {
		if _, ours := d.Labels[v1.OwnerLabel]; ours || !bound[d.Namespace] {
			continue
		}
		istiods = append(istiods, Istiod{Namespace: d.Namespace, Name: d.Name, Revision: cmp.Or(d.Labels[revisionLabel], defaultRevision)})
	}
	return istiods
}

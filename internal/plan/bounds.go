// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// scope tells where objects of a kind are.
type scope int

const (
	clusterScoped scope = iota
	namespaced
)

// chartKinds are the kinds that Istio's charts make, whatever the release and the
// values: all that internal/apply watches and the operator's RBAC allows, but the
// Namespace, which is the operator's own.
var chartKinds = map[schema.GroupVersionKind]scope{
	{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}:                 clusterScoped,
	{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingWebhookConfiguration"}:   clusterScoped,
	{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "MutatingWebhookConfiguration"}:     clusterScoped,
	{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingAdmissionPolicy"}:        clusterScoped,
	{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingAdmissionPolicyBinding"}: clusterScoped,
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"}:                         clusterScoped,
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRoleBinding"}:                  clusterScoped,
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role"}:                                namespaced,
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"}:                         namespaced,
	{Group: "apps", Version: "v1", Kind: "Deployment"}:                                               namespaced,
	{Group: "apps", Version: "v1", Kind: "DaemonSet"}:                                                namespaced,
	{Version: "v1", Kind: "ServiceAccount"}:                                                          namespaced,
	{Version: "v1", Kind: "ConfigMap"}:                                                               namespaced,
	{Version: "v1", Kind: "Service"}:                                                                 namespaced,
	{Version: "v1", Kind: "Endpoints"}:                                                               namespaced,
	{Version: "v1", Kind: "ResourceQuota"}:                                                           namespaced,
	{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"}:                                namespaced,
	{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}:                           namespaced,
	{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"}:                                    namespaced,
	{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}:                               namespaced,
	networkAttachment: namespaced,
}

// networkAttachment tells Multus of istio-cni, on OpenShift. Istio puts it into the
// namespace default, where that finds it:
// https://istio.io/latest/docs/setup/platform-setup/openshift/.
var networkAttachment = schema.GroupVersionKind{Group: "k8s.cni.cncf.io", Version: "v1", Kind: "NetworkAttachmentDefinition"}

// crdSuffix is how the names of Istio's CRDs end.
const crdSuffix = ".istio.io"

// OutsideError says that a chart makes an object that Istio's components never have.
type OutsideError struct {
	// Chart and Object name where it is and what it is.
	Chart, Object string
	// Why says what is wrong with it.
	Why string
}

func (e *OutsideError) Error() string {
	return fmt.Sprintf("chart %s makes the %s, %s: nothing of the chart is applied; use Istio's own chart, and no values that lead elsewhere",
		e.Chart, e.Object, e.Why)
}

// checkBounds refuses objects of other kinds and in other places than those of
// Istio's components. Objects without a namespace get the install namespace, as from
// helm install.
func checkBounds(chart string, objects []*unstructured.Unstructured, namespace string) error {
	for _, object := range objects {
		if chartKinds[object.GroupVersionKind()] == namespaced && object.GetNamespace() == "" {
			object.SetNamespace(namespace)
		}
		if why := outside(object, namespace); why != "" {
			return &OutsideError{Chart: chart, Object: describe(object), Why: why}
		}
	}
	return nil
}

// outside says why an object is not one of Istio's. Empty: it may be.
func outside(object *unstructured.Unstructured, namespace string) string {
	where, known := chartKinds[object.GroupVersionKind()]
	in := object.GetNamespace()
	switch {
	case !known:
		return "a kind that Istio's components never have"
	case where == clusterScoped:
		return strange(object)
	case in == namespace, in == "default" && object.GroupVersionKind() == networkAttachment:
		return ""
	default:
		return "outside the install namespace " + namespace
	}
}

// strange says why an object of the cluster is not one of Istio's. Empty: it may be.
func strange(object *unstructured.Unstructured) string {
	switch {
	case object.GetNamespace() != "":
		return "which cannot be in a namespace"
	case object.GetKind() == "CustomResourceDefinition" && !strings.HasSuffix(object.GetName(), crdSuffix):
		return "which is none of Istio's"
	default:
		return ""
	}
}

// describe names an object as users do.
func describe(object *unstructured.Unstructured) string {
	name := object.GetName()
	if object.GetNamespace() != "" {
		name = object.GetNamespace() + "/" + name
	}
	return fmt.Sprintf("%.64s %.128s (%.64s)", object.GetKind(), name, object.GetAPIVersion())
}

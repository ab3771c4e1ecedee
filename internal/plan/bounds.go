// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// crdSuffix is how the names of Istio's CRDs end.
const crdSuffix = ".istio.io"

// OutsideError reports that a chart renders an object that no Istio component has.
type OutsideError struct {
	// Chart renders the Object.
	Chart, Object string
	// Why is what is wrong with the object.
	Why string
}

func (e *OutsideError) Error() string {
	return fmt.Sprintf("chart %s renders %s, %s: nothing of the chart is applied; use Istio's own chart, and remove values that add other objects",
		e.Chart, e.Object, e.Why)
}

// checkBounds rejects objects whose kind or namespace is not one of Istio's components.
// Objects without a namespace get the install namespace, as from helm install.
func checkBounds(chart string, objects []*unstructured.Unstructured, namespace string) error {
	for _, made := range objects {
		kind, err := object.KindOf(made.GroupVersionKind())
		if err == nil && kind.Namespaced && !kind.OperatorOnly && made.GetNamespace() == "" {
			made.SetNamespace(namespace)
		}
		if why := outside(made, namespace); why != "" {
			return &OutsideError{Chart: chart, Object: describe(made), Why: why}
		}
	}
	return nil
}

// outside returns why an object cannot be one of Istio's. Empty: it can. On OpenShift, a
// NetworkAttachmentDefinition registers istio-cni with Multus: Istio puts it
// into the namespace default, where Multus finds it, see
// https://istio.io/latest/docs/setup/platform-setup/openshift/.
func outside(made *unstructured.Unstructured, namespace string) string {
	kind, err := object.KindOf(made.GroupVersionKind())
	in := made.GetNamespace()
	switch {
	case err != nil, kind.OperatorOnly:
		return "a kind that no Istio component has"
	case !kind.Namespaced:
		return misplaced(made)
	case in == namespace, in == "default" && kind == object.NetworkAttachmentDefinition:
		return ""
	default:
		return "outside the install namespace " + namespace
	}
}

// misplaced returns why a cluster-scoped object cannot be one of Istio's. Empty: it can.
func misplaced(object *unstructured.Unstructured) string {
	switch {
	case object.GetNamespace() != "":
		return "a cluster-scoped object with a namespace"
	case object.GetKind() == "CustomResourceDefinition" && !strings.HasSuffix(object.GetName(), crdSuffix):
		return "which does not belong to Istio"
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

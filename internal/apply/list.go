// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// list is the path of a list that people add to though the API server knows it as one
// value: who adds to ours takes the whole of it. Managed fields spell it so.
type list string

// The lists: users add tolerations to workloads, and OpenShift adds pull secrets to
// every ServiceAccount.
const (
	noList      list = ""
	tolerations list = ".spec.template.spec.tolerations"
	pullSecrets list = ".imagePullSecrets"
)

// listOf is the list of objects of a kind; noList where they have none.
func listOf(gvk schema.GroupVersionKind) list {
	switch gvk {
	case object.Deployment.GVK, object.DaemonSet.GVK:
		return tolerations
	case object.ServiceAccount.GVK:
		return pullSecrets
	default:
		return noList
	}
}

func (l list) location() []string { return strings.Split(string(l), ".")[1:] }

// wanted lists what a body asks for.
func (l list) wanted(body []byte) []any {
	content := map[string]any{}
	if l == noList || json.Unmarshal(body, &content) != nil {
		return nil
	}
	items, _, err := unstructured.NestedSlice(content, l.location()...)
	if err != nil {
		return nil
	}
	return items
}

// covers reports whether an object has all that the body asks for. More is an addition,
// and another client's.
func (l list) covers(object metav1.Object, body []byte) bool {
	var has any
	switch object := object.(type) {
	case *appsv1.Deployment:
		has = object.Spec.Template.Spec.Tolerations
	case *appsv1.DaemonSet:
		has = object.Spec.Template.Spec.Tolerations
	case *corev1.ServiceAccount:
		has = object.ImagePullSecrets
	default:
		return false
	}
	items := decoded(has)
	return !slices.ContainsFunc(l.wanted(body), func(wanted any) bool {
		return !slices.ContainsFunc(items, func(item any) bool { return reflect.DeepEqual(item, wanted) })
	})
}

// decodeListed gives an object the type that covers asks for.
func decodeListed(u *unstructured.Unstructured) (metav1.Object, error) {
	var into metav1.Object
	switch u.GroupVersionKind() {
	case object.Deployment.GVK:
		into = &appsv1.Deployment{}
	case object.DaemonSet.GVK:
		into = &appsv1.DaemonSet{}
	case object.ServiceAccount.GVK:
		into = &corev1.ServiceAccount{}
	default:
		return u, nil
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into); err != nil {
		return nil, fmt.Errorf("decoding %s %s: %w", u.GetKind(), u.GetName(), err)
	}
	return into, nil
}

// decoded is a list as a body has it.
func decoded(items any) []any {
	var list []any
	if content, err := json.Marshal(items); err != nil || json.Unmarshal(content, &list) != nil {
		return nil // Cannot be: it came from JSON.
	}
	return list
}

// drop leaves the list out of a body.
func (l list) drop(content map[string]any) error {
	unstructured.RemoveNestedField(content, l.location()...)
	return nil
}

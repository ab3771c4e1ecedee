// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// UnexpectedObjectError says that values make a chart write what is no part of a
// mesh, or leave out what is one.
type UnexpectedObjectError struct {
	// Object is kind, namespace and name.
	Object string
	// What is wrong with it, and what to do.
	What string
}

func (e *UnexpectedObjectError) Error() string { return fmt.Sprintf("%s %s", e.Object, e.What) }

// essential are the workloads without which a component is none.
var essential = map[string][2]string{
	v1.ComponentIstiod:  {"Deployment", "istiod"},
	v1.ComponentCNI:     {"DaemonSet", "istio-cni-node"},
	v1.ComponentZtunnel: {"DaemonSet", "ztunnel"},
}

// guard fails with an *UnexpectedObjectError where a component's objects are not as
// many as Istio's charts make them, or hold what nobody can mean.
func guard(component string, objects []*unstructured.Unstructured, namespace string) error {
	seen := map[string]bool{}
	for _, object := range objects {
		name := nameOf(object)
		what := guardOne(object)
		if what == "" && seen[name] {
			what = "would be there twice: remove the value that makes the second"
		}
		if what != "" {
			return &UnexpectedObjectError{name, what}
		}
		seen[name] = true
	}
	if want, ok := essential[component]; ok && !seen[want[0]+" "+namespace+"/"+want[1]] {
		return &UnexpectedObjectError{want[0] + " " + namespace + "/" + want[1],
			"would be missing: remove the values that leave it out, such as profile remote or istiodRemote.enabled"}
	}
	return nil
}

// guardOne says what is wrong with an object; empty where nothing is.
func guardOne(object *unstructured.Unstructured) string {
	if free[object.GetKind()] {
		return ""
	}
	if at, what := odd(object.Object, ""); what != "" {
		return fmt.Sprintf("has %s at %s: correct the value", what, at)
	}
	return ""
}

// free are the kinds in which any text and any number may stand.
var free = map[string]bool{"ConfigMap": true, "CustomResourceDefinition": true}

func nameOf(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetKind() + " " + object.GetName()
	}
	return object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
}

// odd finds the path of what Kubernetes would take and nobody can mean. Both are empty
// where there is none.
func odd(value any, at string) (path, what string) {
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if path, what = odd(item, fmt.Sprintf("%s[%d]", at, i)); what != "" {
				return path, what
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if path, what = odd(value[key], strings.TrimPrefix(at+"."+key, ".")); what != "" {
				return path, what
			}
		}
	}
	return at, oddLeaf(value)
}

// oddLeaf tells a text that a template made of a section, as Go writes it, and a number
// that Kubernetes would cut off to a whole one of 32 bits.
func oddLeaf(value any) string {
	switch value := value.(type) {
	case string:
		if strings.HasPrefix(value, "map[") || strings.HasPrefix(value, "[map[") {
			return "a section or a list where a text belongs"
		}
	case float64:
		return "a number that is not whole or too large"
	case int64:
		if value != int64(int32(value)) {
			return "a number that is too large"
		}
	}
	return ""
}

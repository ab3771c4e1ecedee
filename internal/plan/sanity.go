// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gloo-operator/gloo-operator/internal/component"
)

// UnexpectedObjectError reports that values make a chart render an object that is not part
// of a mesh, or omit one that is.
type UnexpectedObjectError struct {
	// Object is kind, namespace and name.
	Object string
	// What is what is wrong with it, and what to do.
	What string
}

func (e *UnexpectedObjectError) Error() string { return fmt.Sprintf("%s %s", e.Object, e.What) }

// checkSanity fails with an *UnexpectedObjectError if a component's objects include
// duplicates or invalid values, or lack its workload.
func checkSanity(name string, objects []*unstructured.Unstructured, namespace string) error {
	seen := map[string]bool{}
	for _, object := range objects {
		called := nameOf(object)
		what := checkObject(object)
		if what == "" && seen[called] {
			what = "would be created twice: remove the value that adds the second"
		}
		if what != "" {
			return &UnexpectedObjectError{called, what}
		}
		seen[called] = true
	}
	workload := component.Find(name).Workload
	want := workload.Kind + " " + namespace + "/" + workload.Name
	if workload.Kind != "" && !seen[want] {
		return &UnexpectedObjectError{want,
			"would be missing: remove the values that disable it, such as profile remote or istiodRemote.enabled"}
	}
	return nil
}

// checkObject returns what is wrong with an object. Empty: nothing.
func checkObject(object *unstructured.Unstructured) string {
	if unchecked[object.GetKind()] {
		return ""
	}
	if at, what := findInvalid(object.Object, ""); what != "" {
		return fmt.Sprintf("has %s at %s: correct the value", what, at)
	}
	return ""
}

// unchecked are the kinds in which any string and any number is valid.
var unchecked = map[string]bool{"ConfigMap": true, "CustomResourceDefinition": true}

func nameOf(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetKind() + " " + object.GetName()
	}
	return object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
}

// findInvalid returns the path of a misplaced or invalid value that Kubernetes would
// accept. Both results are empty if there is none.
func findInvalid(value any, at string) (path, what string) {
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if path, what = findInvalid(item, fmt.Sprintf("%s[%d]", at, i)); what != "" {
				return path, what
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if path, what = findInvalid(value[key], strings.TrimPrefix(at+"."+key, ".")); what != "" {
				return path, what
			}
		}
	}
	return at, checkLeaf(value)
}

// checkLeaf detects a string that a template made of a map, in Go's format, and a number
// that Kubernetes would truncate to an integer of 32 bits.
func checkLeaf(value any) string {
	switch value := value.(type) {
	case string:
		if strings.HasPrefix(value, "map[") || strings.HasPrefix(value, "[map[") {
			return "a map or a list instead of a string"
		}
	case float64:
		return "a number that is not an integer or is too large"
	case int64:
		if value != int64(int32(value)) {
			return "a number that is too large"
		}
	}
	return ""
}

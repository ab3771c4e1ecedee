// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Objects are the objects that helm install makes of the chart on a cluster without the
// operator, and the operator's namespace, without what only Helm uses. The CRD is first, then
// the namespaces. Hooks are left out.
func Objects(loaded *chart.Chart) ([]*unstructured.Unstructured, error) {
	return ObjectsFor(loaded, withPolicies)
}

// ObjectsFor are the objects for that version of Kubernetes.
func ObjectsFor(loaded *chart.Chart, kubernetes string) ([]*unstructured.Unstructured, error) {
	manifests, err := render(loaded, kubernetes)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, one := range manifests {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(one.Content), &object.Object); err != nil {
			return nil, err
		}
		withoutHelm(object)
		objects = append(objects, object)
	}
	return slices.Insert(objects, 1, operatorNamespace(objects[1].GetLabels())), nil // after the CRD
}

// operatorNamespace has the labels of the chart's other objects. Without any, each server-side
// apply would change it: the API server records no manager of no field.
func operatorNamespace(labels map[string]string) *unstructured.Unstructured {
	namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	namespace.SetName(Namespace)
	namespace.SetLabels(labels)
	return namespace
}

// Encode is the text of the objects, as documents of YAML.
func Encode(objects []*unstructured.Unstructured) ([]byte, error) {
	var text bytes.Buffer
	for i, object := range objects {
		content, err := yaml.Marshal(object.Object)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text.WriteString("---\n")
		}
		text.Write(content)
	}
	return text.Bytes(), nil
}

// helmLabels are those that name the chart and its release: they would change with each version
// of the chart, or are wrong without Helm.
var helmLabels = []string{"helm.sh/chart", "app.kubernetes.io/managed-by"}

// helmPrefixes are of annotations and arguments that only Helm, or an operator that Helm
// installed, uses.
var helmPrefixes = []string{"helm.sh/", "meta.helm.sh/", "--helm-release="}

func ofHelm(text string) bool {
	return slices.ContainsFunc(helmPrefixes, func(prefix string) bool { return strings.HasPrefix(text, prefix) })
}

// withoutHelm removes what only Helm uses from an object and from its pod template.
func withoutHelm(object *unstructured.Unstructured) {
	for _, metadata := range [][]string{{"metadata"}, {"spec", "template", "metadata"}} {
		for _, label := range helmLabels {
			unstructured.RemoveNestedField(object.Object, append(slices.Clone(metadata), "labels", label)...)
		}
		path := append(slices.Clone(metadata), "annotations")
		annotations, _, _ := unstructured.NestedStringMap(object.Object, path...)
		for name := range annotations {
			if ofHelm(name) {
				unstructured.RemoveNestedField(object.Object, append(slices.Clone(path), name)...)
				delete(annotations, name)
			}
		}
		if annotations != nil && len(annotations) == 0 {
			unstructured.RemoveNestedField(object.Object, path...)
		}
	}
	containers, _, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", "template", "spec", "containers")
	list, _ := containers.([]any)
	for _, container := range list {
		withoutArguments(container.(map[string]any))
	}
}

func withoutArguments(container map[string]any) {
	if args, ok := container["args"].([]any); ok {
		container["args"] = slices.DeleteFunc(args, func(arg any) bool { return ofHelm(arg.(string)) })
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/hack/manifest"
)

// renderObjects are the objects that the chart renders, and the operator's namespace, without
// what only Helm uses.
func renderObjects(loaded *chart.Chart) ([]*unstructured.Unstructured, error) {
	manifests, err := manifest.Render(loaded)
	if err != nil {
		return nil, err
	}
	namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	namespace.SetName(manifest.Namespace)
	objects := []*unstructured.Unstructured{namespace}
	for _, one := range manifests {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(one.Content), &object.Object); err != nil {
			return nil, err
		}
		withoutHelm(object)
		objects = append(objects, object)
	}
	return objects, nil
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

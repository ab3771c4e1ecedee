// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Classified reports whether it is known how the programs of Istio read that ConfigMap.
func Classified(configMap string) bool { return indexOf(configMap) >= 0 }

// DigestOf is the digest on pods of that spec, beside a ConfigMap of that name and data.
func DigestOf(name, data, pod string) (string, error) {
	spec := map[string]any{}
	if err := yaml.Unmarshal([]byte(pod), &spec); err != nil {
		return "", err
	}
	workload := &unstructured.Unstructured{Object: map[string]any{"kind": "DaemonSet", "spec": map[string]any{"template": map[string]any{"spec": spec}}}}
	configMap := &unstructured.Unstructured{Object: map[string]any{
		"kind": "ConfigMap", "metadata": map[string]any{"name": name}, "data": map[string]any{"a": data},
	}}
	err := digestConfiguration([]*unstructured.Unstructured{configMap, workload})
	digest, _, _ := unstructured.NestedString(workload.Object, "spec", "template", "metadata", "annotations", v1.ConfigDigestAnnotation)
	return digest, err
}

// CheckBounds is checkBounds.
var CheckBounds = checkBounds

// RenderInterrupted reports whether a rendering was not started or was stopped.
func RenderInterrupted(err error) bool { return renderInterrupted(err) }

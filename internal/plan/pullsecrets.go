// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/base64"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// PullSecret is a Secret in the operator's namespace that the operator copies to the
// install namespace.
type PullSecret struct {
	// Name of the Secret in both namespaces.
	Name string
	// From is the namespace that it is copied from.
	From string
	// Type of the Secret.
	Type string
	// Data of the Secret.
	Data map[string][]byte
}

// copyOf is the copy of a pull secret. It is applied before the objects that need it.
func copyOf(secret PullSecret, namespace string) *unstructured.Unstructured {
	data := map[string]any{}
	for key, content := range secret.Data {
		data[key] = base64.StdEncoding.EncodeToString(content)
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": secret.Type, "data": data,
		"metadata": map[string]any{
			"name": secret.Name, "namespace": namespace,
			"annotations": map[string]any{v1.CopiedFromAnnotation: secret.From + "/" + secret.Name},
		},
	}}
}

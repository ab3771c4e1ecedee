// SPDX-License-Identifier: Apache-2.0

package admission

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// For tests of every rule in the schema.
var (
	LoadSchema = loadSchema
	Evaluate   = evaluate
)

// Stored is the object as the API server would store it.
func Stored(object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	object, _, err := stored(object)
	return object, err
}

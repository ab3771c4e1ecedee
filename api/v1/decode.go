// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"
)

// UnmarshalJSON decodes a resource part by part where it cannot be decoded as a whole: one
// stored object must stop neither the list that it is in nor its own removal. What is wrong
// stands in DecodeError, and the fields concerned stay empty.
func (s *ServiceMeshController) UnmarshalJSON(data []byte) error {
	type plain ServiceMeshController
	whole := plain{}
	if json.Unmarshal(data, &whole) == nil {
		*s = ServiceMeshController(whole)
		return nil
	}
	var parts map[string]rawJSON
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	whole = plain{}
	whole.APIVersion, whole.Kind = GroupVersion.String(), "ServiceMeshController"
	failed := slices.Concat(
		decodeFields("metadata", parts["metadata"], &whole.ObjectMeta),
		decodeFields("spec", parts["spec"], &whole.Spec),
		decodeFields("status", parts["status"], &whole.Status))
	whole.DecodeError = strings.Join(failed, "; ")
	*s = ServiceMeshController(whole)
	return nil
}

// rawJSON is a text of JSON that is decoded later.
type rawJSON []byte

// UnmarshalJSON keeps the text.
func (r *rawJSON) UnmarshalJSON(data []byte) error {
	*r = slices.Clone(data)
	return nil
}

// decodeFields decodes an object field by field into a struct, and says of each field that
// cannot be decoded why. The texts are of types and names, and hold nothing that stands in
// the field.
func decodeFields[T any](path string, data rawJSON, into *T) []string {
	if len(data) == 0 {
		return nil
	}
	var fields map[string]rawJSON
	if json.Unmarshal(data, &fields) != nil {
		return []string{path + " is no object"}
	}
	var failed []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		key, err := json.Marshal(name)
		if err != nil {
			continue // A key of a decoded object can be encoded.
		}
		one, probe := slices.Concat([]byte("{"), key, []byte(":"), fields[name], []byte("}")), *new(T)
		if json.Unmarshal(one, &probe) != nil || json.Unmarshal(one, into) != nil {
			failed = append(failed, fmt.Sprintf("%s.%s is not what this operator can read", path, name))
		}
	}
	return failed
}

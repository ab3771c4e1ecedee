// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/values"
	"github.com/gloo-operator/gloo-operator/internal/yamllimit"
)

// userValues are what users wrote as values: spec.values of each mesh, and all keys of the
// extensions ConfigMap, those of other products too.
func userValues(meshes []*v1.ServiceMeshController, extensions map[string]string) []values.Layer {
	var layers []values.Layer
	for _, smc := range meshes {
		if smc.Spec.Values != nil {
			layers = append(layers, layerOf(string(smc.Spec.Values.Raw)))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(extensions)) {
		layers = append(layers, layerOf(extensions[key]))
	}
	return layers
}

// layerOf decodes values. A text that is none is one value, and so is each of its words.
func layerOf(text string) values.Layer {
	tree := map[string]any{}
	if size, err := yamllimit.Expanded([]byte(text)); err == nil && size.Values <= yamllimit.MaxValues && size.Bytes <= maxLogRead {
		if content, err := yaml.YAMLToJSON([]byte(text)); err == nil && json.Unmarshal(content, &tree) == nil {
			return values.Layer{FromUser: true, Values: tree}
		}
	}
	words := []any{text}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'", r) }) {
		words = append(words, word)
	}
	return values.Layer{FromUser: true, Values: map[string]any{"values": words}}
}

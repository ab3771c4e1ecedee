// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/json"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

// extensionKeys are the keys of the ConfigMap v1.ExtensionsName, and the component
// whose chart each has values for.
var extensionKeys = keysOfExtensions()

func keysOfExtensions() map[string]string {
	keys := map[string]string{}
	for _, c := range component.Charted() {
		for _, key := range c.ExtensionKeys {
			keys[key] = c.Name
		}
	}
	return keys
}

// ExtensionsError reports what is wrong with the extensions ConfigMap, and where.
type ExtensionsError struct {
	// Key is the ConfigMap's key.
	Key string
	// Line of the key's text, from 1. It is 0 if the whole text is wrong.
	Line  int
	cause error
}

func (e *ExtensionsError) Error() string {
	at := ""
	if e.Line > 0 {
		at = fmt.Sprintf(", line %d", e.Line)
	}
	return fmt.Sprintf("ConfigMap %s, key %s%s: %v", v1.ExtensionsName, e.Key, at, e.cause)
}

func (e *ExtensionsError) Unwrap() error { return e.cause }

// foreignKeys lists the keys of the extensions ConfigMap that no component of a mesh has:
// the Gloo Operator's users have values of other products there.
func foreignKeys(data map[string]string) []string {
	var foreign []string
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if _, known := extensionKeys[key]; !known {
			foreign = append(foreign, key)
		}
	}
	return foreign
}

// extensionLayers returns the extensions ConfigMap as layers, one for each key of a
// component, sorted by key.
func extensionLayers(data map[string]string) ([]values.Layer, error) {
	var layers []values.Layer
	for _, key := range slices.Sorted(maps.Keys(data)) {
		component, known := extensionKeys[key]
		if !known {
			continue // See foreignKeys.
		}
		content, err := decodeExtension(data[key])
		if err != nil {
			return nil, &ExtensionsError{Key: key, cause: err}
		}
		layers = append(layers, values.Layer{Name: layerExtensions + " " + key, Chart: component, FromUser: true, Values: content})
	}
	return layers, nil
}

func decodeExtension(text string) (tree, error) {
	content, err := toJSON(text)
	if err != nil {
		return nil, err // Names the line.
	}
	decoded := tree{}
	if strings.TrimSpace(string(content)) == "null" {
		return decoded, nil
	}
	if err := json.Unmarshal(content, &decoded); err != nil {
		return nil, errors.New("not a map of Helm values: write keys and values, as in a values file")
	}
	return decoded, values.Check(decoded)
}

// locate adds the key and line to the error about a value in the extensions whose type is
// wrong.
func locate(err error, data map[string]string) error {
	wrong, layer := &values.TypeError{}, &values.LayerError{}
	if !errors.As(err, &wrong) || !errors.As(err, &layer) {
		return err
	}
	key, ours := strings.CutPrefix(layer.Layer, layerExtensions+" ")
	if !ours {
		return err
	}
	return &ExtensionsError{Key: key, Line: lineOf(data[key], wrong.Path), cause: wrong}
}

// lineOf returns the line of the longest part of a dotted path in the text, or 0.
func lineOf(text, path string) int {
	document := yamlv3.Node{}
	if yamlv3.Unmarshal([]byte(text), &document) != nil || len(document.Content) == 0 {
		return 0
	}
	line, node := 0, document.Content[0]
	for _, name := range strings.Split(path, ".") {
		next := childOf(node, name)
		if next == nil {
			continue // The chart's own section, which the text can omit.
		}
		line, node = next[0].Line, next[1]
	}
	return line
}

// childOf returns the key node and the value node of that name in a mapping, or nil.
func childOf(node *yamlv3.Node, name string) []*yamlv3.Node {
	for i := 0; node.Kind == yamlv3.MappingNode && i < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i : i+2]
		}
	}
	return nil
}

// ExtensionsOf returns all texts of the extensions ConfigMap. kubectl puts files that are not
// UTF-8 under binaryData: they are read like the others, so that they are refused by name.
func ExtensionsOf(configMap *corev1.ConfigMap) map[string]string {
	texts := maps.Clone(configMap.Data)
	for key, content := range configMap.BinaryData {
		if texts == nil {
			texts = map[string]string{}
		}
		texts[key] = string(content)
	}
	return texts
}

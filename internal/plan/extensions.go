// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/json"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

// extensionKeys are the keys of the ConfigMap v1.ExtensionsName, and the component
// whose chart each has values for.
var extensionKeys = map[string]string{
	"values.istio-base":    v1.ComponentBase,
	"values.base":          v1.ComponentBase,
	"values.istiod":        v1.ComponentIstiod,
	"values.istio-cni":     v1.ComponentCNI,
	"values.cni":           v1.ComponentCNI,
	"values.istio-ztunnel": v1.ComponentZtunnel,
	"values.ztunnel":       v1.ComponentZtunnel,
}

// ExtensionsError says what is wrong with the extensions ConfigMap, and where.
type ExtensionsError struct {
	// Key of the ConfigMap.
	Key string
	// Line of the key's text, from 1; 0 where the whole text is meant.
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

// extensionLayers reads the data of the extensions ConfigMap: one layer for each
// key, sorted by key.
func extensionLayers(data map[string]string) ([]values.Layer, error) {
	var layers []values.Layer
	for _, key := range slices.Sorted(maps.Keys(data)) {
		component, known := extensionKeys[key]
		if !known {
			return nil, &ExtensionsError{Key: key, cause: fmt.Errorf("no such key: the keys are %s",
				strings.Join(slices.Sorted(maps.Keys(extensionKeys)), ", "))}
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
		return nil, errors.New("not a section of Helm values: write keys and values, as in a values file")
	}
	return decoded, values.Check(decoded)
}

// locate finds the key and line of a value of the wrong kind, where it stands in
// the extensions.
func locate(err error, data map[string]string) error {
	wrong := &values.TypeError{}
	if !errors.As(err, &wrong) {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if strings.HasPrefix(err.Error(), layerExtensions+" "+key+":") {
			return &ExtensionsError{Key: key, Line: lineOf(data[key], wrong.Path), cause: wrong}
		}
	}
	return err
}

// lineOf is the line of the longest part of a dotted path that stands in the text;
// 0 where none does.
func lineOf(text, path string) int {
	document := yamlv3.Node{}
	if yamlv3.Unmarshal([]byte(text), &document) != nil || len(document.Content) == 0 {
		return 0
	}
	line, node := 0, document.Content[0]
	for _, name := range strings.Split(path, ".") {
		next := childOf(node, name)
		if next == nil {
			continue // The chart's own section, which the text need not name.
		}
		line, node = next[0].Line, next[1]
	}
	return line
}

// childOf is a mapping's key node and value node of that name, or nil.
func childOf(node *yamlv3.Node, name string) []*yamlv3.Node {
	for i := 0; node.Kind == yamlv3.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i : i+2]
		}
	}
	return nil
}

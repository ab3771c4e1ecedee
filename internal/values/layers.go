// SPDX-License-Identifier: Apache-2.0

package values

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Layer is one source of values.
type Layer struct {
	// Name is shown to users as the origin of a value, such as spec.values.
	Name string
	// Chart limits the layer to one chart, by component name. Empty: all charts.
	Chart string
	// FromUser reports whether a person wrote the values. Unread reports only those, and a
	// Redactor hides only those.
	FromUser bool
	// Values is the tree. It is never changed.
	Values map[string]any
}

// Tree is the result of merging layers for one chart.
type Tree struct {
	// Values are what the chart is rendered with.
	Values map[string]any
	// Origin is the name of the layer that set each leaf, by dotted path.
	Origin map[string]string
}

// Merge merges the layers for a chart; later layers take precedence. Maps are merged, all
// other values replaced. It fails with a *TypeError if a layer has a plain value where an
// earlier layer or the chart has a map.
func Merge(chart Chart, layers []Layer) (Tree, error) {
	tree := Tree{Values: map[string]any{}, Origin: map[string]string{}}
	for _, layer := range layers {
		if layer.Chart != "" && layer.Chart != chart.Component {
			continue
		}
		adapted, err := chart.adapt(layer.Values)
		if err != nil {
			return Tree{}, &LayerError{Layer: layer.Name, Cause: err}
		}
		if err := chart.normalizeTypes(adapted); err != nil {
			return Tree{}, &LayerError{Layer: layer.Name, Cause: err}
		}
		if err := tree.merge(tree.Values, adapted, nil, layer.Name); err != nil {
			return Tree{}, &LayerError{Layer: layer.Name, Cause: err}
		}
	}
	return tree, nil
}

func (t Tree) merge(into, from map[string]any, at []string, origin string) error {
	for _, key := range sortedKeys(from) {
		path := append(slices.Clone(at), key)
		section, isSection := into[key].(map[string]any)
		switch value := from[key].(type) {
		case map[string]any:
			if !isSection {
				section = map[string]any{}
				into[key] = section
			}
			if len(section) == 0 {
				t.setOrigin(path, origin)
			}
			if len(value) > 0 {
				delete(t.Origin, Path(path))
			}
			if err := t.merge(section, value, path, origin); err != nil {
				return err
			}
		default:
			if len(section) > 0 && value != nil {
				return &TypeError{Path: Path(path), Want: typeMap, Got: typeOf(value)}
			}
			into[key] = value
			t.setOrigin(path, origin)
		}
	}
	return nil
}

// setOrigin marks the path as a leaf that the layer has set.
func (t Tree) setOrigin(path []string, origin string) {
	leaf := Path(path)
	maps.DeleteFunc(t.Origin, func(known, _ string) bool { return strings.HasPrefix(known, leaf+".") })
	t.Origin[leaf] = origin
}

// LayerError is what is wrong with a layer.
type LayerError struct {
	// Layer is its name.
	Layer string
	Cause error
}

func (e *LayerError) Error() string { return e.Layer + ": " + e.Cause.Error() }

func (e *LayerError) Unwrap() error { return e.Cause }

// TypeError reports a value of the wrong type: its path, the expected type and the actual
// type.
type TypeError struct{ Path, Want, Got string }

func (e *TypeError) Error() string {
	return fmt.Sprintf("%s must be %s, not %s", e.Path, e.Want, e.Got)
}

// typeOf is the type of a value that is not null.
func typeOf(value any) string {
	switch value.(type) {
	case bool:
		return "a boolean"
	case string:
		return typeString
	case []any:
		return typeList
	case map[string]any:
		return typeMap
	default:
		return typeNumber
	}
}

// Path joins a path with dots, as for Helm's --set.
func Path(path []string) string {
	escaped := make([]string, len(path))
	for i, key := range path {
		escaped[i] = strings.ReplaceAll(key, ".", `\.`)
	}
	return strings.Join(escaped, ".")
}

// Leaves calls visit for each value in the tree that is not a map, and each empty map, in
// sorted order.
func Leaves(tree map[string]any, visit func(path []string, value any)) {
	visitLeaves(tree, nil, visit)
}

func visitLeaves(tree map[string]any, at []string, visit func(path []string, value any)) {
	for _, key := range sortedKeys(tree) {
		path := append(slices.Clone(at), key)
		if section, ok := tree[key].(map[string]any); ok && len(section) > 0 {
			visitLeaves(section, path, visit)
			continue
		}
		visit(path, tree[key])
	}
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

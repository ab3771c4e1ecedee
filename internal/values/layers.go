// SPDX-License-Identifier: Apache-2.0

// Package values makes one tree of Helm values for each chart out of layers that
// win over one another, and can tell which layer set what and what no chart
// reads. It is pure.
package values

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Layer is one source of values.
type Layer struct {
	// Name tells users where a value comes from, such as spec.values.
	Name string
	// Chart limits the layer to one chart, by component name. Empty: all charts.
	Chart string
	// FromUser is set where a person wrote the values, so that what no chart reads is
	// told.
	FromUser bool
	// Values is the tree. It is never changed.
	Values map[string]any
}

// Tree is the result of merging layers for one chart.
type Tree struct {
	// Values are what the chart is rendered with.
	Values map[string]any
	// Origin tells the name of the layer that set each leaf, by dotted path.
	Origin map[string]string
}

// Merge merges the layers for a chart, later ones winning. Maps are merged,
// everything else is replaced. It fails where a layer has a plain value and an
// earlier one a section.
func Merge(chart Chart, layers []Layer) (Tree, error) {
	tree := Tree{Values: map[string]any{}, Origin: map[string]string{}}
	for _, layer := range layers {
		if layer.Chart != "" && layer.Chart != chart.Component {
			continue
		}
		adapted, err := chart.adapt(layer.Values)
		if err != nil {
			return Tree{}, fmt.Errorf("%s: %w", layer.Name, err)
		}
		if err := chart.settleKinds(adapted); err != nil {
			return Tree{}, fmt.Errorf("%s: %w", layer.Name, err)
		}
		if err := tree.merge(tree.Values, adapted, nil, layer.Name); err != nil {
			return Tree{}, fmt.Errorf("%s: %w", layer.Name, err)
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
				t.originate(path, origin)
			}
			if len(value) > 0 {
				delete(t.Origin, Path(path))
			}
			if err := t.merge(section, value, path, origin); err != nil {
				return err
			}
		default:
			if len(section) > 0 && value != nil {
				return &TypeError{Path: Path(path), Want: "a section", Got: kindOf(value)}
			}
			into[key] = value
			t.originate(path, origin)
		}
	}
	return nil
}

// originate says that the path is a leaf now, and who set it.
func (t Tree) originate(path []string, origin string) {
	leaf := Path(path)
	maps.DeleteFunc(t.Origin, func(known, _ string) bool { return strings.HasPrefix(known, leaf+".") })
	t.Origin[leaf] = origin
}

// TypeError says that a value is of the wrong kind.
type TypeError struct{ Path, Want, Got string }

func (e *TypeError) Error() string {
	return fmt.Sprintf("%s must be %s, not %s", e.Path, e.Want, e.Got)
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "a section"
	default:
		return "a number"
	}
}

// Path writes a path with dots, as Helm's --set does.
func Path(path []string) string {
	escaped := make([]string, len(path))
	for i, key := range path {
		escaped[i] = strings.ReplaceAll(key, ".", `\.`)
	}
	return strings.Join(escaped, ".")
}

// Leaves calls visit for each value in the tree that is no section, and each
// empty section, in sorted order.
func Leaves(tree map[string]any, visit func(path []string, value any)) {
	walk(tree, nil, visit)
}

func walk(tree map[string]any, at []string, visit func(path []string, value any)) {
	for _, key := range sortedKeys(tree) {
		path := append(slices.Clone(at), key)
		if section, ok := tree[key].(map[string]any); ok && len(section) > 0 {
			walk(section, path, visit)
			continue
		}
		visit(path, tree[key])
	}
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

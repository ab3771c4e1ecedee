// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"maps"
	"reflect"
	"slices"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Field is a field in which two states of an object differ.
type Field struct {
	// Path such as .spec.template.spec.containers[name="ztunnel"].image.
	Path string
	// Before and After are its values as JSON decodes them. Nil: there is none.
	Before, After any
	// Hidden reports whether the values may be secret, and are left out.
	Hidden bool
}

// unremarkable are the fields that the API server writes by itself, as paths. The
// annotation is a counter: k8s.io/kubernetes/pkg/apis/apps/v1, Convert_apps_DaemonSet_To_v1_DaemonSet.
var unremarkable = []string{
	".metadata.managedFields", ".metadata.resourceVersion", ".metadata.generation", ".metadata.uid", ".metadata.creationTimestamp",
	".metadata.annotations.deprecated.daemonset.template.generation", ".status",
}

// differing lists the fields in which two objects differ, those of each section by name.
func differing(before, after map[string]any) []Field {
	c := comparison{}
	c.maps(nil, before, after)
	return c.fields
}

// comparison collects fields.
type comparison struct{ fields []Field }

func (c *comparison) add(path fieldpath.Path, before, after any) {
	c.fields = append(c.fields, Field{Path: path.String(), Before: before, After: after})
}

func (c *comparison) values(path fieldpath.Path, before, after any) {
	if reflect.DeepEqual(before, after) || slices.Contains(unremarkable, path.String()) {
		return
	}
	if was, ok := before.(map[string]any); ok {
		if is, ok := after.(map[string]any); ok {
			c.maps(path, was, is)
			return
		}
	}
	if was, ok := before.([]any); ok {
		if is, ok := after.([]any); ok {
			c.lists(path, was, is)
			return
		}
	}
	c.add(path, before, after)
}

func (c *comparison) maps(path fieldpath.Path, before, after map[string]any) {
	for _, name := range names(before, after) {
		c.values(below(path, fieldpath.PathElement{FieldName: &name}), before[name], after[name])
	}
}

// lists compares items of the same key, or where there are no keys those that are in one
// list only. Where nothing but the order differs, the list as a whole does.
func (c *comparison) lists(path fieldpath.Path, before, after []any) {
	found := len(c.fields)
	if key := keyOf(before, after); key != nil {
		c.keyed(path, byKey(before, key), byKey(after, key))
	} else {
		c.unkeyed(path, before, after)
	}
	if len(c.fields) == found {
		c.add(path, before, after)
	}
}

func (c *comparison) keyed(path fieldpath.Path, before, after map[string]item) {
	for _, key := range names(before, after) {
		element := before[key].element
		if _, found := before[key]; !found {
			element = after[key].element
		}
		c.values(below(path, element), before[key].value, after[key].value)
	}
}

// names lists the keys of either map, sorted.
func names[V any](a, b map[string]V) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

func (c *comparison) unkeyed(path fieldpath.Path, before, after []any) {
	removed, added := missing(before, after), missing(after, before)
	for i := range max(len(before), len(after)) {
		_, gone := removed[i]
		_, come := added[i]
		if gone || come {
			c.add(below(path, fieldpath.PathElement{Index: &i}), removed[i], added[i])
		}
	}
}

// missing lists by index the items that another list does not have, or not as often.
func missing(items, other []any) map[int]any {
	rest := slices.Clone(other)
	found := map[int]any{}
	for i, item := range items {
		if at := slices.IndexFunc(rest, func(o any) bool { return reflect.DeepEqual(o, item) }); at >= 0 {
			rest = slices.Delete(rest, at, at+1)
		} else {
			found[i] = item
		}
	}
	return found
}

func below(path fieldpath.Path, element fieldpath.PathElement) fieldpath.Path {
	return append(path.Copy(), element)
}

// listKeys are the fields by which Kubernetes' lists identify their items, the usual
// one first: +listMapKey in k8s.io/api.
var listKeys = [][]string{{"name"}, {"mountPath"}, {"containerPort", "protocol"}, {"port", "protocol"}}

// item is an item of a list with its key.
type item struct {
	element fieldpath.PathElement
	value   any
}

// keyOf finds the key that all items of both lists have, each list a value once; nil
// where there is none.
func keyOf(before, after []any) []string {
	for _, key := range listKeys {
		if len(byKey(before, key)) == len(before) && len(byKey(after, key)) == len(after) {
			return key
		}
	}
	return nil
}

// byKey lists the items that have the key.
func byKey(list []any, key []string) map[string]item {
	items := map[string]item{}
	for _, value := range list {
		content, ok := value.(map[string]any)
		if !ok {
			continue
		}
		if element, ok := elementOf(content, key); ok {
			items[element.String()] = item{element, value}
		}
	}
	return items
}

func elementOf(content map[string]any, key []string) (fieldpath.PathElement, bool) {
	var pairs []any
	for _, name := range key {
		value, found := content[name]
		switch value.(type) {
		case string, int64:
		default:
			found = false
		}
		if !found {
			return fieldpath.PathElement{}, false
		}
		pairs = append(pairs, name, value)
	}
	return fieldpath.PathElement{Key: fieldpath.KeyByFields(pairs...)}, true
}

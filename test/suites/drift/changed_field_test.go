// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// step is one step on the way to a field: into a map by its key, or into a list by
// its index and, for server-side apply, by the keys of the list's elements.
type step struct {
	key    string
	index  int
	inList bool
	by     []string
}

// leaf is a field of an object that somebody overwrites.
type leaf struct {
	path []step
	// theirs is the value that somebody writes.
	theirs any
}

func in(keys ...string) []step {
	steps := make([]step, len(keys))
	for i, key := range keys {
		steps[i] = step{key: key}
	}
	return steps
}

// first goes to a list's first element, which its keys by name.
func first(by ...string) []step { return []step{{inList: true, by: by}} }

// anyKey is a key of a map: the first one that is not the owner's label.
var anyKey = []step{{key: "*"}}

// candidate is a field that matters wherever it occurs, and what somebody makes of
// its value. None is one that the operator yields to others.
type candidate struct {
	path   []step
	theirs func(ours any) any
}

// candidates in the order of preference.
var candidates = []candidate{
	{slices.Concat(in("data"), anyKey), text},
	{in("rules"), constant([]any{map[string]any{"apiGroups": []any{""}, "resources": []any{"pods"}, "verbs": []any{"get"}}})},
	{in("subjects"), constant([]any{map[string]any{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "somebody"}})},
	{slices.Concat(in("spec", "template", "spec", "containers"), first("name"), in("image")), text},
	{slices.Concat(in("webhooks"), first("name"), in("clientConfig", "service", "path")), text},
	{slices.Concat(in("spec", "ports"), first("port", "protocol"), in("targetPort")), constant(int64(4))},
	{in("spec", "names", "categories"), constant([]any{"somebodys"})},
	{in("spec", "minAvailable"), constant(int64(2))},
	{in("spec", "maxReplicas"), constant(int64(9))},
	{in("spec", "hard", "pods"), constant("7")},
	{in("spec", "policyTypes"), constant([]any{"Egress"})},
	{in("metadata", "labels", "pod-security.kubernetes.io/enforce"), constant("baseline")},
	{slices.Concat(in("metadata", "labels"), anyKey), text},
}

func text(ours any) any { return fmt.Sprint(ours) + "-of-somebody" }

func constant(value any) func(any) any { return func(any) any { return value } }

// leafOf chooses the field of an object to overwrite. Every object has one: all
// are labelled.
func leafOf(body map[string]any) (leaf, error) {
	for _, c := range candidates {
		path, found := resolve(body, c.path)
		if !found {
			continue
		}
		ours, _ := lookup(body, path)
		return leaf{path: path, theirs: c.theirs(ours)}, nil
	}
	return leaf{}, fmt.Errorf("%v has no field that a test could overwrite", body)
}

// resolve replaces any key by a key that the body has.
func resolve(body any, path []step) ([]step, bool) {
	resolved := slices.Clone(path)
	for i, s := range resolved {
		if s.key == "*" {
			section, _ := lookup(body, resolved[:i])
			keys, _ := section.(map[string]any)
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				if !strings.HasPrefix(key, "operator.gloo.solo.io/") {
					resolved[i].key = key
					break
				}
			}
		}
	}
	_, found := lookup(body, resolved)
	return resolved, found
}

func lookup(body any, path []step) (any, bool) {
	for _, s := range path {
		if s.inList {
			list, _ := body.([]any)
			if s.index >= len(list) {
				return nil, false
			}
			body = list[s.index]
			continue
		}
		section, _ := body.(map[string]any)
		value, found := section[s.key]
		if !found {
			return nil, false
		}
		body = value
	}
	return body, true
}

// set writes the field of an object that has it.
func set(body any, path []step, value any) error {
	last := path[len(path)-1]
	parent, found := lookup(body, path[:len(path)-1])
	section, isMap := parent.(map[string]any)
	if !found || !isMap || last.inList {
		return fmt.Errorf("no field %s", dotted(path, body))
	}
	section[last.key] = value
	return nil
}

// dotted is the path as managed fields and events spell it.
func dotted(path []step, body any) string {
	var spelled strings.Builder
	for i, s := range path {
		if !s.inList {
			spelled.WriteString("." + s.key)
			continue
		}
		element, _ := lookup(body, path[:i+1])
		var keys []string
		for _, by := range s.by {
			value, _ := lookup(element, in(by))
			if word, ok := value.(string); ok {
				value = fmt.Sprintf("%q", word)
			}
			keys = append(keys, fmt.Sprintf("%s=%v", by, value))
		}
		spelled.WriteString("[" + strings.Join(keys, ",") + "]")
	}
	return spelled.String()
}

// pointer is the path as a JSON patch spells it.
func pointer(path []step) string {
	var spelled strings.Builder
	for _, s := range path {
		if s.inList {
			fmt.Fprintf(&spelled, "/%d", s.index)
			continue
		}
		spelled.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s.key))
	}
	return spelled.String()
}

// alone is an object that holds nothing but its name and the field: what a merge
// patch or a server-side apply sends.
func (l leaf) alone(object *unstructured.Unstructured) *unstructured.Unstructured {
	content := map[string]any{"apiVersion": object.GetAPIVersion(), "kind": object.GetKind(), "metadata": map[string]any{"name": object.GetName()}}
	if object.GetNamespace() != "" {
		content["metadata"].(map[string]any)["namespace"] = object.GetNamespace()
	}
	graft(content, l.path, object.Object, l.theirs)
	return &unstructured.Unstructured{Object: content}
}

// graft grows the path in a tree, with the keys that list elements have in the
// original.
func graft(tree map[string]any, path []step, original any, value any) {
	key := path[0].key
	original, _ = lookup(original, path[:1])
	switch {
	case len(path) == 1:
		tree[key] = value
	case path[1].inList:
		element, _ := lookup(original, path[1:2])
		grown := map[string]any{}
		for _, by := range path[1].by {
			grown[by], _ = lookup(element, in(by))
		}
		graft(grown, path[2:], element, value)
		tree[key] = []any{grown}
	default:
		grown, ok := tree[key].(map[string]any)
		if !ok {
			grown = map[string]any{}
			tree[key] = grown
		}
		graft(grown, path[1:], original, value)
	}
}

// throughLists reports whether a merge patch cannot reach the field.
func (l leaf) throughLists() bool {
	return slices.ContainsFunc(l.path, func(s step) bool { return s.inList })
}

// ownerLabel is the path of the owner's label.
var ownerLabel = in("metadata", "labels", v1.OwnerLabel)

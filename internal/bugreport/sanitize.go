// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// The annotations whose values are shown.
var ownAnnotations = []string{"operator.gloo.solo.io/", "meta.helm.sh/", "helm.sh/resource-policy", "deployment.kubernetes.io/", "deprecated.daemonset.template.generation"}

// The fields that are removed: what nobody needs, and addresses.
var droppedFields = []string{"managedFields", "podIP", "podIPs", "hostIP", "hostIPs", "addresses"}

// object returns an object without managed fields, addresses, values of environment variables, of
// annotations of others and of HTTP headers, and with all other texts scrubbed but its identity.
func (s scrubber) object(content map[string]any) map[string]any {
	clean, _ := s.tree(content, "").(map[string]any)
	for _, field := range []string{"apiVersion", "kind"} {
		restore(clean, content, field)
	}
	before, _ := content["metadata"].(map[string]any)
	if after, ok := clean["metadata"].(map[string]any); ok {
		restore(after, before, "name")
		restore(after, before, "namespace")
	}
	return clean
}

func restore(into, from map[string]any, field string) {
	if value, found := from[field]; found {
		into[field] = value
	}
}

// tree returns the value of a field without what must not be shown.
func (s scrubber) tree(value any, field string) any {
	switch value := value.(type) {
	case map[string]any:
		return s.fields(value, field)
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = s.tree(item, field)
		}
		return items
	case string:
		return s.scrub(value)
	}
	return value
}

func (s scrubber) fields(from map[string]any, field string) map[string]any {
	into := map[string]any{}
	for key, value := range from {
		switch {
		case slices.Contains(droppedFields, key):
		case field == "annotations":
			into[key] = s.annotation(key, value)
		case key == "value" && (field == "env" || field == "httpHeaders"), key == "values" && field == "spec":
			into[key] = masked(value)
		default:
			into[key] = s.tree(value, key)
		}
	}
	return into
}

func (s scrubber) annotation(key string, value any) any {
	if slices.ContainsFunc(ownAnnotations, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
		return s.tree(value, key)
	}
	return redacted
}

// masked returns a tree with its keys, and without its values.
func masked(value any) any {
	switch value := value.(type) {
	case map[string]any:
		into := map[string]any{}
		for key, item := range value {
			into[key] = masked(item)
		}
		return into
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = masked(item)
		}
		return items
	}
	return redacted
}

// document returns an object as YAML, sanitized.
func (s scrubber) document(content map[string]any) ([]byte, error) {
	return yaml.Marshal(s.object(content))
}

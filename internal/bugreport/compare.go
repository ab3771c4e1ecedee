// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// yamlKey matches the key of a line of YAML.
var yamlKey = regexp.MustCompile(`^\s*(?:- )?[A-Za-z0-9_.-]+:(?:\s|$)`)

// onlyCommon returns a value without what another one does not have: an object that is rendered with
// the values of users, without all that comes from them. Keys stay.
func onlyCommon(value, other any) any {
	switch value := value.(type) {
	case map[string]any:
		others, _ := other.(map[string]any)
		into := map[string]any{}
		for key, item := range value {
			into[key] = onlyCommon(item, others[key])
		}
		return into
	case []any:
		others, _ := other.([]any)
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = onlyCommon(item, counterpart(item, i, others))
		}
		return items
	case string:
		return commonText(value, other)
	}
	if reflect.DeepEqual(value, other) {
		return value
	}
	return redacted
}

// counterpart returns the item of the other list that an item is compared with: the equal one, that
// of the same name, or that of the same place.
func counterpart(item any, at int, others []any) any {
	name := nameOf(item)
	i := slices.IndexFunc(others, func(other any) bool {
		return reflect.DeepEqual(item, other) || name != nil && name == nameOf(other)
	})
	switch {
	case i >= 0:
		return others[i]
	case at < len(others):
		return others[at]
	}
	return nil
}

// nameOf returns the name of an item of a list. Nil: it has none.
func nameOf(item any) any {
	fields, _ := item.(map[string]any)
	name, named := fields["name"].(string)
	if !named {
		return nil
	}
	return name
}

// commonText returns the lines of a text that the other one has too, and the keys of others.
func commonText(text string, other any) string {
	base, _ := other.(string)
	if text == base {
		return text
	}
	if !strings.Contains(text, "\n") {
		return redacted
	}
	known, lines := strings.Split(base, "\n"), strings.Split(text, "\n")
	for i, line := range lines {
		if !slices.Contains(known, line) {
			key := strings.TrimRight(yamlKey.FindString(line), " ")
			if lines[i] = redacted; key != "" {
				lines[i] = key + " " + redacted
			}
		}
	}
	return strings.Join(lines, "\n")
}

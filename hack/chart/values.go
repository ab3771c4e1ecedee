// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

// value is one value of the chart with the comments above it.
type value struct {
	name        string
	description string
	// schema is JSON schema that an @schema line adds.
	schema map[string]any
	// of names a schema of the CRD that is the value's, by a @schema-of line.
	of string
	// node is the default.
	node *yamlv3.Node
	// sections are the values below one that has a fixed set of them.
	sections []value
}

// readValues reads an annotated values.yaml.
func readValues(file string) ([]value, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	document := yamlv3.Node{}
	if err := yamlv3.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	values, err := sectionsOf(document.Content[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return values, nil
}

func sectionsOf(mapping *yamlv3.Node) ([]value, error) {
	var values []value
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		v, err := newValue(mapping.Content[i], mapping.Content[i+1])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", mapping.Content[i].Line, err)
		}
		values = append(values, v)
	}
	return values, nil
}

func newValue(key, node *yamlv3.Node) (value, error) {
	v := value{name: key.Value, node: node}
	var text []string
	for _, line := range strings.Split(key.HeadComment, "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(line, "#"))
		if of, found := strings.CutPrefix(line, "@schema-of "); found {
			v.of = of
			continue
		}
		schema, found := strings.CutPrefix(line, "@schema ")
		if !found {
			text = append(text, line)
			continue
		}
		if err := json.Unmarshal([]byte(schema), &v.schema); err != nil {
			return v, fmt.Errorf("@schema: %w", err)
		}
	}
	v.description = strings.TrimSpace(strings.Join(text, " "))
	if !v.free() {
		var err error
		v.sections, err = sectionsOf(node)
		return v, err
	}
	return v, nil
}

// free reports whether a value is not a section with fixed values in it.
func (v value) free() bool {
	_, open := v.schema["additionalProperties"]
	return v.node.Kind != yamlv3.MappingNode || len(v.node.Content) == 0 || open
}

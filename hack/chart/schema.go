// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/gloo-operator/gloo-operator/config/crd"
)

type tree = map[string]any

// types are JSON schema's names of YAML's.
var types = map[string]string{
	"!!str": "string", "!!bool": "boolean", "!!int": "integer", "!!float": "number", "!!map": "object", "!!seq": "array",
}

// schemaFile is the JSON schema of the values.
func schemaFile(values []value) (string, error) {
	root, err := section(values)
	if err != nil {
		return "", err
	}
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "Values of the chart gloo-operator"
	root["properties"].(tree)["global"] = tree{"type": "object", "description": "Helm's own, where this is a chart's dependency."}
	text, err := json.MarshalIndent(root, "", "  ")
	return string(text) + "\n", err
}

func section(values []value) (tree, error) {
	properties := tree{}
	for _, v := range values {
		property, err := v.jsonSchema()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		properties[v.name] = property
	}
	return tree{"type": "object", "properties": properties, "additionalProperties": false}, nil
}

func (v value) jsonSchema() (tree, error) {
	schema := tree{"type": types[v.node.Tag]}
	var err error
	switch {
	case v.of != "":
		schema, err = meshSchema(v.of)
	case !v.free():
		schema, err = section(v.sections)
	}
	if err != nil {
		return nil, err
	}
	if v.description != "" {
		schema["description"] = v.description
	}
	maps.Copy(schema, v.schema)
	return schema, nil
}

// meshSchema is a field's schema in the CRD as far as JSON schema knows it. Nothing is
// required at its top: the default is empty.
func meshSchema(field string) (tree, error) {
	definition, err := crd.ServiceMeshControllers()
	if err != nil {
		return nil, err
	}
	properties, found := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties[field]
	if !found {
		return nil, fmt.Errorf("the CRD has no %s", field)
	}
	schema, err := plain(properties)
	delete(schema, "required")
	return schema, err
}

// plain drops what only Kubernetes knows. What it forbids by leaving it out is
// forbidden by name.
func plain(properties apiextensionsv1.JSONSchemaProps) (tree, error) {
	text, err := json.Marshal(properties)
	if err != nil {
		return nil, err
	}
	schema := tree{}
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, err
	}
	return strip(schema), nil
}

func strip(schema tree) tree {
	open := schema["x-kubernetes-preserve-unknown-fields"] == true
	maps.DeleteFunc(schema, func(key string, _ any) bool {
		return strings.HasPrefix(key, "x-kubernetes-") || slices.Contains([]string{"description", "default"}, key)
	})
	if items, ok := schema["items"].(tree); ok {
		schema["items"] = strip(items)
	}
	properties, ok := schema["properties"].(tree)
	if !ok {
		return schema
	}
	for name, property := range properties {
		properties[name] = strip(property.(tree))
	}
	if !open {
		schema["additionalProperties"] = false
	}
	return schema
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/gloo-operator/gloo-operator/config/crd"
)

// schema is a part of the CRD's schema.
type schema = apiextensionsv1.JSONSchemaProps

// apiFields lists every field of a ServiceMeshController in Markdown, from the CRD that the
// types in api/v1 generate.
func apiFields() (string, error) {
	definition, err := crd.ServiceMeshControllers()
	if err != nil {
		return "", err
	}
	root := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	text := "## metadata\n\n" + rules(root)
	for _, name := range []string{"spec", "status"} {
		property := root.Properties[name]
		text += fmt.Sprintf("## %s\n\n%s\n\n", name, sentence(property.Description)) + fieldTables(name, &property)
	}
	return text, nil
}

// fieldTables are the table of an object's fields, and those of the objects in it, each below
// a heading.
func fieldTables(path string, object *schema) string {
	var text strings.Builder
	text.WriteString(rules(object) + "| Field | Type | Default | Validation | Description |\n|---|---|---|---|---|\n")
	var inner strings.Builder
	for _, name := range fieldNames(object) {
		field := object.Properties[name]
		kind := typeName(&field)
		if content := contentOf(&field); kind != conditions && len(content.Properties) > 0 {
			below := path + "." + name
			if content != &field {
				below += "[]"
			}
			kind = fmt.Sprintf("[%s](#%s)", kind, anchor(below))
			inner.WriteString("### " + below + "\n\n" + fieldTables(below, content))
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s | %s |\n", name, kind, defaultOf(&field),
			cell.Replace(validation(&field, slices.Contains(object.Required, name))), cell.Replace(sentence(field.Description)))
	}
	return text.String() + "\n" + inner.String()
}

// fieldNames are the required fields, then the others.
func fieldNames(object *schema) []string {
	var names []string
	for name := range object.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if first, second := slices.Contains(object.Required, a), slices.Contains(object.Required, b); first != second {
			if first {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

// contentOf is the schema of a list's items, or the schema itself.
func contentOf(field *schema) *schema {
	if field.Items != nil && field.Items.Schema != nil {
		return field.Items.Schema
	}
	return field
}

// conditions is the type of status.conditions, which is Kubernetes' own.
const conditions = "list of [conditions](https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Condition)"

func typeName(field *schema) string {
	_, condition := contentOf(field).Properties["lastTransitionTime"]
	switch {
	case condition:
		return conditions
	case field.XIntOrString:
		return "integer or string"
	case field.Type == "array":
		return "list of " + typeName(contentOf(field)) + "s"
	default:
		return field.Type
	}
}

func defaultOf(field *schema) string {
	if field.Default == nil {
		return ""
	}
	return fmt.Sprintf("`%s`", strings.Trim(string(field.Default.Raw), `"`))
}

// validation is what the API server requires of a field: the messages of its rules rather
// than their expressions.
func validation(field *schema, required bool) string {
	var parts []string
	if required {
		parts = append(parts, "required")
	}
	if len(field.Enum) > 0 {
		parts = append(parts, "one of "+alternatives(field.Enum))
	}
	parts = append(parts, limits(field)...)
	for _, rule := range field.XValidations {
		parts = append(parts, rule.Message)
	}
	return strings.Join(parts, "; ")
}

// limits are the bounds of a field's size and form.
func limits(field *schema) []string {
	var parts []string
	add := func(format string, bound *int64) {
		if bound != nil {
			parts = append(parts, fmt.Sprintf(format, *bound))
		}
	}
	if field.MinLength != nil && *field.MinLength == 1 {
		parts = append(parts, "not empty")
	} else {
		add("at least %d characters", field.MinLength)
	}
	add("at most %d characters", field.MaxLength)
	add("at most %d items", field.MaxItems)
	if field.Minimum != nil {
		parts = append(parts, fmt.Sprintf("at least %v", *field.Minimum))
	}
	if field.Pattern != "" {
		parts = append(parts, "matches `"+field.Pattern+"`")
	}
	return parts
}

func alternatives(values []apiextensionsv1.JSON) string {
	names := make([]string, len(values))
	for i, value := range values {
		names[i] = "`" + strings.Trim(string(value.Raw), `"`) + "`"
	}
	return strings.Join(names, ", ")
}

// rules lists the rules that concern several fields of an object.
func rules(object *schema) string {
	var text strings.Builder
	for _, rule := range object.XValidations {
		fmt.Fprintf(&text, "- %s\n", sentence(rule.Message))
	}
	if text.Len() > 0 {
		text.WriteString("\n")
	}
	return text.String()
}

// sentence joins the lines of a description.
func sentence(text string) string { return strings.Join(strings.Fields(text), " ") }

// anchor is the fragment by which GitHub finds a heading of that path.
func anchor(path string) string {
	return strings.NewReplacer(".", "", "[", "", "]", "").Replace(strings.ToLower(path))
}

// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

// printObjects prints every object as a YAML document, in the order in which they
// are applied.
func printObjects(out io.Writer, built *plan.Plan) error {
	for _, component := range built.Components {
		for _, object := range component.Objects {
			document, err := yaml.JSONToYAML(object.Body)
			if err != nil {
				return err
			}
			if err := printDocument(out, component.Name, document); err != nil {
				return err
			}
		}
	}
	return nil
}

// printValues prints the values of each chart as one YAML document.
func printValues(out io.Writer, built *plan.Plan) error {
	for _, component := range built.Components {
		if component.Rendered == nil {
			continue
		}
		document, err := yaml.Marshal(component.Values.Values)
		if err != nil {
			return err
		}
		if err := printDocument(out, component.Name, document); err != nil {
			return err
		}
	}
	return nil
}

func printDocument(out io.Writer, component string, document []byte) error {
	_, err := fmt.Fprintf(out, "---\n# component: %s\n%s", component, document)
	return err
}

// explain prints a table of all values with the layer that set each.
func explain(out io.Writer, built *plan.Plan) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tPATH\tVALUE\tSET BY")
	for _, component := range built.Components {
		values.Leaves(component.Values.Values, func(path []string, value any) {
			name := values.Path(path)
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", component.Name, name, compact(value), component.Values.Origin[name])
		})
	}
	return table.Flush()
}

// maxValueWidth is the maximum width of a value in the table, in characters.
const maxValueWidth = 60

// compact returns a value as JSON on one line, cut to maxValueWidth.
func compact(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	text := []rune(string(encoded))
	if len(text) > maxValueWidth {
		return string(text[:maxValueWidth-1]) + "…"
	}
	return string(text)
}

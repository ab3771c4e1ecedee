// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

const docsHead = `# Values of the chart

Written by hack/chart from ` + "`charts/gloo-operator/values.yaml`" + `: run ` + "`make generate`" + `. Values that are not in this table are refused.

| Value | Default | What it does |
|---|---|---|
`

// docs is a table of the values.
func docs(values []value) string {
	var text strings.Builder
	text.WriteString(docsHead)
	rows(&text, "", values)
	return text.String()
}

func rows(text *strings.Builder, prefix string, values []value) {
	for _, v := range values {
		name := prefix + v.name
		if !v.free() {
			if v.description != "" {
				fmt.Fprintf(text, "| **%s** | | %s |\n", name, cell(v.description))
			}
			rows(text, name+".", v.sections)
			continue
		}
		fmt.Fprintf(text, "| `%s` | `%s` | %s |\n", name, cell(byDefault(v)), cell(describe(v)))
	}
}

func byDefault(v value) string {
	var decoded any
	if err := v.node.Decode(&decoded); err != nil {
		return ""
	}
	text, err := json.Marshal(decoded)
	if err != nil {
		return ""
	}
	return string(text)
}

func describe(v value) string {
	choices, ok := v.schema["enum"].([]any)
	if !ok || v.description != "" {
		return v.description
	}
	names := make([]string, len(choices))
	for i, choice := range choices {
		names[i] = fmt.Sprint(choice)
	}
	return "One of " + strings.Join(names, ", ") + "."
}

func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

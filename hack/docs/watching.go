// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/metrics"
)

// alertsFile is where the chart has its alert rules, from the root of the repository.
const alertsFile = "charts/gloo-operator/files/alerts.yaml"

// cell makes a text fit into a cell of a table.
var cell = strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;")

// measured is the metrics in Markdown.
func measured(metrics []metrics.Metric) string {
	var rows strings.Builder
	rows.WriteString("| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n")
	for _, m := range metrics {
		fmt.Fprintf(&rows, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, strings.Join(m.Labels, ", "), cell.Replace(m.Help))
	}
	return rows.String()
}

// alerts is the alert rules of a file in Markdown, each with a link to its section.
func alerts(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(content, &rules); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	var rows strings.Builder
	rows.WriteString("| Alert | Severity | Fires after | When |\n|---|---|---|---|\n")
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			fmt.Fprintf(&rows, "| [%s](#%s) | %s | %s | `%s` |\n",
				r.Alert, strings.ToLower(r.Alert), r.Labels["severity"], r.For, strings.ReplaceAll(strings.TrimSpace(r.Expr), "|", `\|`))
		}
	}
	return rows.String(), nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"path"
	"strings"
	"text/template"
)

//go:embed README.md.tmpl
var readmeTemplate string

// readme is the chart's README. It is a part of the chart, so its links are addresses.
func (m metadata) readme(repository string, values []value) (string, error) {
	parsed, err := template.New("README.md").Funcs(template.FuncMap{"page": m.page}).Parse(readmeTemplate)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = parsed.Execute(&text, map[string]any{
		"Chart": m, "Newest": newest(), "OCI": "oci://" + path.Join(path.Dir(repository), "charts", m.Name), "Values": table(values),
	})
	return text.String(), err
}

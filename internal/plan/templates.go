// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gloo-operator/gloo-operator/internal/values"
)

// templated is the one value that a chart runs as a template: Istio's istiod chart,
// templates/deployment.yaml, calls tpl with it.
var templated = []string{"pilot", "initContainers"}

// maxTemplates is how many expressions that value may have: each may be as long as
// any value.
const maxTemplates = 32

// lookups matches the expressions that may stand there: the name of a value. More
// would let a text run without end.
var lookups = regexp.MustCompile(`\{\{-?\s*\$?(\.(Values|Release|Chart)(\.\w+)+)(\s*\|\s*quote)?\s*-?\}\}`)

// TemplateError says that a value has an expression that may not be run.
type TemplateError struct{ Path string }

func (e *TemplateError) Error() string {
	return fmt.Sprintf("%s: templates here may only name values, such as {{ .Values.global.hub }}, %d times at most: write the rest out", e.Path, maxTemplates)
}

// checkTemplates fails with a *TemplateError where the value that istiod's chart runs
// as a template does more than to name values.
func checkTemplates(merged values.Tree) error {
	value, _ := tagAt(merged.Values, templated)
	count := 0
	if !harmless(value, &count) || count > maxTemplates {
		return &TemplateError{Path: values.Path(templated)}
	}
	return nil
}

func harmless(value any, count *int) bool {
	switch value := value.(type) {
	case string:
		*count += strings.Count(value, "{{")
		return !strings.Contains(lookups.ReplaceAllString(value, ""), "{{")
	case []any:
		for _, item := range value {
			if !harmless(item, count) {
				return false
			}
		}
	case map[string]any:
		for key, item := range value {
			if !harmless(key, count) || !harmless(item, count) {
				return false
			}
		}
	}
	return true
}

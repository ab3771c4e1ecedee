// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gloo-operator/gloo-operator/internal/values"
)

// templated is the one value that a chart evaluates as a template: istiod's
// templates/deployment.yaml calls tpl with it.
var templated = []string{"pilot", "initContainers"}

// maxTemplates limits the expressions in that value: each can expand to the size of any
// other value.
const maxTemplates = 32

// lookups matches the allowed expressions: references to values. Others could run without
// end.
var lookups = regexp.MustCompile(`\{\{-?\s*\$?(\.(Values|Release|Chart)(\.\w+)+)(\s*\|\s*quote)?\s*-?\}\}`)

// TemplateError reports a value with an expression that is not allowed.
type TemplateError struct{ Path string }

func (e *TemplateError) Error() string {
	return fmt.Sprintf("%s: a template here can only reference values, such as {{ .Values.global.hub }}, at most %d times: replace other expressions with their result", e.Path, maxTemplates)
}

// checkTemplates fails with a *TemplateError if the value that istiod's chart evaluates as
// a template does more than reference values.
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

// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/values"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// checkLineInjection fails with an *UnexpectedObjectError if line breaks in a string change
// the structure of a manifest: templates write strings into YAML unquoted, and what follows
// a line break could be fields and objects. It renders the chart again with spaces in place
// of line breaks: the result may differ in strings only.
func checkLineInjection(chart *helm.Chart, request helm.Request, objects []*unstructured.Unstructured) error {
	flat, multiline := joinLines(request.Values, nil)
	if len(multiline) == 0 {
		return nil
	}
	request.Values = flat.(tree)
	what := "changes its structure through the line breaks of " + wording.List(multiline) + ": write each value on one line"
	_, again, err := chart.Render(request)
	if renderInterrupted(err) {
		return err
	}
	if err != nil || len(again) != len(objects) {
		return &UnexpectedObjectError{"chart " + chart.Name(), what}
	}
	for i, object := range objects {
		if !sameStructure(object.Object, again[i].Object) {
			return &UnexpectedObjectError{nameOf(again[i]), what}
		}
	}
	return nil
}

// renderInterrupted reports whether a rendering was not started or was stopped, in contrast
// to one that failed.
func renderInterrupted(err error) bool {
	started, stopped := &helm.StartError{}, &helm.StoppedError{}
	return errors.As(err, &started) || errors.As(err, &stopped)
}

// lineBreaks are YAML's: https://yaml.org/spec/1.1/#id871136.
const lineBreaks = "\n\r\u0085\u2028\u2029"

// joinLines returns a copy of a value with spaces for line breaks, and the paths of strings
// that had one.
func joinLines(value any, at []string) (any, []string) {
	var multiline []string
	switch value := value.(type) {
	case string:
		if !strings.ContainsAny(value, lineBreaks) {
			return value, nil
		}
		return strings.Join(strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(lineBreaks, r) }), " "), []string{values.Path(at)}
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			flat, more := joinLines(item, at)
			items[i], multiline = flat, append(multiline, more...)
		}
		return items, multiline
	case map[string]any:
		section := make(tree, len(value))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			flat, more := joinLines(value[key], append(slices.Clone(at), key))
			section[key], multiline = flat, append(multiline, more...)
		}
		return section, multiline
	}
	return value, nil
}

// sameStructure reports whether two decoded documents differ in strings only, and not in
// keys.
func sameStructure(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, sameStructure)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameStructure)
	case string:
		_, ok := b.(string)
		return ok
	default:
		return a == b
	}
}

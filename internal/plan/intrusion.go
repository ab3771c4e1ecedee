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

// intrudes fails with an *UnexpectedObjectError where a text's line breaks change the
// structure of a manifest: templates write texts into YAML as they are, and what
// stands behind a line break could be fields and objects. The chart is rendered once
// more with the breaks as spaces; what that makes must differ in texts alone.
func intrudes(chart *helm.Chart, request helm.Request, objects []*unstructured.Unstructured) error {
	flat, broken := flatten(request.Values, nil)
	if len(broken) == 0 {
		return nil
	}
	request.Values = flat.(tree)
	what := "gets another structure from the line breaks of " + wording.List(broken) + ": write each on one line"
	_, again, err := chart.Render(request)
	if notRendered(err) {
		return err
	}
	if err != nil || len(again) != len(objects) {
		return &UnexpectedObjectError{"chart " + chart.Name(), what}
	}
	for i, object := range objects {
		if !sameShape(object.Object, again[i].Object) {
			return &UnexpectedObjectError{nameOf(again[i]), what}
		}
	}
	return nil
}

// notRendered tells a rendering that did not end from one that failed.
func notRendered(err error) bool {
	started, stopped := &helm.StartError{}, &helm.StoppedError{}
	return errors.As(err, &started) || errors.As(err, &stopped)
}

// lineBreaks are YAML's: https://yaml.org/spec/1.1/#id871136.
const lineBreaks = "\n\r\u0085\u2028\u2029"

// flatten copies a value with spaces for line breaks, and lists the paths of the
// texts that had one.
func flatten(value any, at []string) (any, []string) {
	var broken []string
	switch value := value.(type) {
	case string:
		if !strings.ContainsAny(value, lineBreaks) {
			return value, nil
		}
		return strings.Join(strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(lineBreaks, r) }), " "), []string{values.Path(at)}
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			flat, more := flatten(item, at)
			items[i], broken = flat, append(broken, more...)
		}
		return items, broken
	case map[string]any:
		section := make(tree, len(value))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			flat, more := flatten(value[key], append(slices.Clone(at), key))
			section[key], broken = flat, append(broken, more...)
		}
		return section, broken
	}
	return value, nil
}

// sameShape tells that two decoded documents differ in texts alone, and not in names.
func sameShape(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, sameShape)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameShape)
	case string:
		_, ok := b.(string)
		return ok
	default:
		return a == b
	}
}

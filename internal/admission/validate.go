// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
)

// validateSchema checks types, enums, lengths and required fields. Errors are sorted, since
// the validator iterates over maps.
func validateSchema(object map[string]any, schema *structuralschema.Structural) field.ErrorList {
	result := validate.NewSchemaValidator(schema.ToKubeOpenAPI(), nil, "", strfmt.Default).Validate(object)
	var invalid field.ErrorList
	for _, err := range result.Errors {
		var failure *openapierrors.Validation
		if errors.As(err, &failure) {
			invalid = append(invalid, fieldError(failure))
		} else {
			invalid = append(invalid, field.Invalid(nil, "", err.Error()))
		}
	}
	slices.SortFunc(invalid, func(a, b *field.Error) int { return strings.Compare(a.Error(), b.Error()) })
	return invalid
}

// fieldError converts a failure to the API server's message
// (k8s.io/apiextensions-apiserver/pkg/apiserver/validation,
// kubeOpenAPIResultToFieldErrors).
func fieldError(failure *openapierrors.Validation) *field.Error {
	var at *field.Path
	if name := strings.TrimPrefix(failure.Name, "."); name != "" {
		at = at.Child(name)
	}
	value := failure.Value
	if value == nil {
		value = ""
	}
	limit, _ := failure.Valid.(int64)
	count, _ := failure.Value.(int64)
	switch failure.Code() {
	case openapierrors.RequiredFailCode:
		return field.Required(at, "")
	case openapierrors.EnumFailCode:
		return field.NotSupported(at, failure.Value, allowed(failure.Values))
	case openapierrors.TooLongFailCode:
		return field.TooLong(at, "", int(limit))
	case openapierrors.MaxItemsFailCode:
		return field.TooMany(at, int(count), int(limit))
	case openapierrors.InvalidTypeCode:
		return field.TypeInvalid(at, value, failure.Error())
	default:
		return field.Invalid(at, value, failure.Error())
	}
}

func allowed(values []any) []string {
	names := make([]string, len(values))
	for i, value := range values {
		names[i] = fmt.Sprint(value)
	}
	return names
}

// validateRules evaluates the schema's CEL rules for the value at that path and everything
// below it.
func validateRules(value any, schema *structuralschema.Structural, at *field.Path) field.ErrorList {
	var invalid field.ErrorList
	for _, rule := range schema.XValidations {
		holds, err := evaluate(rule.Rule, value)
		switch {
		case err != nil:
			invalid = append(invalid, field.InternalError(at, err))
		case !holds && schema.Type == "object":
			invalid = append(invalid, field.Invalid(at, field.OmitValueType{}, rule.Message))
		case !holds:
			invalid = append(invalid, field.Invalid(at, value, rule.Message))
		}
	}
	items, _ := value.([]any)
	for i, item := range items {
		if schema.Items != nil {
			invalid = append(invalid, validateRules(item, schema.Items, at.Index(i))...)
		}
	}
	section, _ := value.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(section)) {
		if property, ok := schema.Properties[key]; ok {
			invalid = append(invalid, validateRules(section[key], &property, at.Child(key))...)
		}
	}
	return invalid
}

// matches is a rule that a regular expression matches or does not match. CEL's expressions
// are Go's.
var matches = regexp.MustCompile(`^(!?)self\.matches\('([^']*)'\)$`)

// durations is a rule about a length of time: its form, then its bounds, of which the lower one
// may be missing.
var durations = regexp.MustCompile(`^self\.matches\('([^']*)'\)(?: && duration\(self\) >= duration\('([^']*)'\))? && duration\(self\) <= duration\('([^']*)'\)$`)

// rules are the other rules of the schema. CEL itself would add all of the API server's
// libraries; a test checks that every rule can be evaluated.
var rules = map[string]func(self any) bool{
	`size(self.metadata.name) <= 63`: func(self any) bool {
		return utf8.RuneCountInString(text(self, "metadata", "name")) <= 63
	},
	`self.dataplaneMode == 'Sidecar' || self.trafficCaptureMode == 'Auto'`: func(self any) bool {
		return text(self, "dataplaneMode") == "Sidecar" || text(self, "trafficCaptureMode") == "Auto"
	},
	`!has(self.registry) || size(self.registry) == 0 || !has(self.repository) || !self.repository.contains(':')`: func(self any) bool {
		return text(self, "registry") == "" || !strings.Contains(text(self, "repository"), ":")
	},
	`self.startsWith('oci://') || self.startsWith('https://')`: func(self any) bool {
		url, _ := self.(string)
		return strings.HasPrefix(url, "oci://") || strings.HasPrefix(url, "https://")
	},
	`(has(self.timeout) ? duration(self.timeout) : duration('3s')) < (has(self.interval) ? duration(self.interval) : duration('30s'))`: func(self any) bool {
		timeout, timeoutErr := time.ParseDuration(cmp.Or(text(self, "timeout"), "3s"))
		interval, intervalErr := time.ParseDuration(cmp.Or(text(self, "interval"), "30s"))
		return timeoutErr == nil && intervalErr == nil && timeout < interval
	},
	`timestamp(self) >= timestamp('1970-01-01T00:00:00Z')`: func(self any) bool {
		value, _ := self.(string)
		at, err := time.Parse(time.RFC3339, value)
		return err == nil && at.Unix() >= 0
	},
	`type(self) == int ? self >= 0 && self <= 2147483647 : self.matches('^(100|[1-9]?[0-9])%$')`: func(self any) bool {
		if number, ok := self.(int64); ok {
			return number >= 0 && number <= math.MaxInt32
		}
		percentage, _ := self.(string)
		return percent.MatchString(percentage)
	},
}

var percent = regexp.MustCompile(`^(100|[1-9]?[0-9])%$`)

// evaluate reports whether a rule holds for a new object.
func evaluate(rule string, self any) (bool, error) {
	if strings.Contains(rule, "oldSelf") {
		return true, nil // About changes: the API server skips it at creation.
	}
	if match := matches.FindStringSubmatch(rule); match != nil {
		expression, err := regexp.Compile(match[2])
		if err != nil {
			return false, err
		}
		value, _ := self.(string)
		return expression.MatchString(value) == (match[1] == ""), nil
	}
	if match := durations.FindStringSubmatch(rule); match != nil {
		return evaluateDuration(match[1], match[2], match[3], self)
	}
	if holds, ok := rules[rule]; ok {
		return holds(self), nil
	}
	return false, fmt.Errorf("the rule %q cannot be evaluated offline", rule)
}

func text(self any, path ...string) string {
	section, _ := self.(map[string]any)
	value, _, _ := unstructured.NestedString(section, path...)
	return value
}

// evaluateDuration reports whether a length of time has that form and is within those bounds. An
// empty bound is none.
func evaluateDuration(form, shortest, longest string, self any) (bool, error) {
	expression, err := regexp.Compile(form)
	if err != nil {
		return false, err
	}
	value, _ := self.(string)
	length, err := time.ParseDuration(value)
	if err != nil || !expression.MatchString(value) {
		return false, nil
	}
	for bound, within := range map[string]func(time.Duration) bool{
		shortest: func(bound time.Duration) bool { return length >= bound },
		longest:  func(bound time.Duration) bool { return length <= bound },
	} {
		if bound == "" {
			continue
		}
		limit, err := time.ParseDuration(bound)
		if err != nil {
			return false, err
		}
		if !within(limit) {
			return false, nil
		}
	}
	return true, nil
}

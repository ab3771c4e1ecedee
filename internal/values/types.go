// SPDX-License-Identifier: Apache-2.0

package values

import (
	"regexp"
	"slices"
	"strconv"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// The types of values, as in messages.
const (
	typeMap     = "a map"
	typeList    = "a list"
	typeBoolean = "true or false"
	typeNumber  = "a number"
	typeString  = "a string"
)

// itemTypes are the types of items in lists, valueTypes those of values in maps, that are
// empty in the charts' defaults. Istio documents them where values.yaml has [] or {}.
var (
	itemTypes = map[string]string{
		"imagePullSecrets": typeString, "excludeNamespaces": typeString, "certSigners": typeString, "ipFamilies": typeString,
		"revisionTags": typeString, "excludedCRDs": typeString, "extraContainerArgs": typeString, "defaultTemplates": typeString,
		"tolerations": typeMap, "volumes": typeMap, "volumeMounts": typeMap, "initContainers": typeMap,
		"envVarFrom": typeMap, "topologySpreadConstraints": typeMap, "enablementSelectors": typeMap,
		"neverInjectSelector": typeMap, "alwaysInjectSelector": typeMap,
	}
	valueTypes = map[string]string{
		"env": typeString, "podLabels": typeString, "podAnnotations": typeString, "nodeSelector": typeString, "labels": typeString, "annotations": typeString,
		"deploymentLabels": typeString, "deploymentAnnotations": typeString, "daemonSetLabels": typeString, "serviceAnnotations": typeString,
		"serviceAccountAnnotations": typeString, "sidecarInjectorWebhookAnnotations": typeString, "injectedAnnotations": typeString,
		"proxyMetadata": typeString,
	}
)

// numeric matches strings that can stand for a number or percentage.
var numeric = regexp.MustCompile(`^-?[0-9]+([.][0-9]+)?%?$`)

// normalizeTypes compares an adapted tree with the chart's defaults. It converts the
// strings true and false to booleans if the default is one, since a template takes any
// string for true. It fails with a *TypeError at a value whose type is not that of its
// default.
func (c Chart) normalizeTypes(tree map[string]any, at ...string) error {
	for _, key := range sortedKeys(tree) {
		path := append(slices.Clone(at), key)
		if tree[key] == nil {
			continue // For Helm: without the default.
		}
		var err error
		if tree[key], err = c.normalizeType(path, tree[key]); err != nil {
			return err
		}
	}
	return nil
}

func (c Chart) normalizeType(path []string, value any) (any, error) {
	want := expectedType(c.defaultAt(path))
	if want == typeBoolean && (value == "true" || value == "false") {
		return value == "true", nil
	}
	if want != "" && !fits(want, value) {
		return nil, c.typeError(path, want, value)
	}
	switch value := value.(type) {
	case []any:
		return value, c.checkItems(path, value)
	case map[string]any:
		return value, c.normalizeMap(path, value)
	}
	return value, nil
}

func (c Chart) checkItems(path []string, list []any) error {
	want, known := itemTypes[path[len(path)-1]]
	for i, item := range list {
		if known && item != nil && !fits(want, item) {
			return c.typeError(append(path, strconv.Itoa(i)), want, item)
		}
	}
	return nil
}

func (c Chart) normalizeMap(path []string, content map[string]any) error {
	want, known := valueTypes[path[len(path)-1]]
	if !known {
		return c.normalizeTypes(content, path...)
	}
	for _, name := range sortedKeys(content) {
		if content[name] != nil && !fits(want, content[name]) {
			return c.typeError(append(path, name), want, content[name])
		}
	}
	return nil
}

// defaultAt returns the chart's default for a path of an adapted tree, in the chart's own
// section or at the root. Nil: there is none.
func (c Chart) defaultAt(path []string) any {
	if path[0] == section[c.Component] {
		if value, ok := c.Reader.Default(path[1:]); ok {
			return value
		}
	}
	value, _ := c.Reader.Default(path)
	return value
}

func (c Chart) typeError(path []string, want string, value any) error {
	if c.Component == v1.ComponentZtunnel && !slices.Contains(shared, path[0]) {
		path = append([]string{section[c.Component]}, path...) // Where users write it.
	}
	return &TypeError{Path: Path(path), Want: want, Got: typeOf(value)}
}

// expectedType returns the type of a default. Empty: any type is allowed.
func expectedType(standard any) string {
	switch standard.(type) {
	case nil:
		return ""
	case map[string]any:
		return typeMap
	case []any:
		return typeList
	case bool:
		return typeBoolean
	case string:
		return typeString
	default:
		return typeNumber
	}
}

// fits reports whether a value can be used as that type. Templates write numbers and
// booleans as strings, and numeric strings as numbers.
func fits(want string, value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return want == typeMap
	case []any:
		return want == typeList
	case bool:
		return want == typeBoolean || want == typeString
	case string:
		return want == typeString || want == typeNumber && numeric.MatchString(value)
	default:
		return want == typeNumber || want == typeString
	}
}

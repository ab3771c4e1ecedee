// SPDX-License-Identifier: Apache-2.0

package values

import (
	"regexp"
	"slices"
	"strconv"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// The kinds of values, as messages name them.
const (
	aSection = "a section"
	aList    = "a list"
	aBoolean = "true or false"
	aNumber  = "a number"
	aText    = "a text"
)

// items is the kind of the items of lists, and contents that of the values in
// sections, which the charts' defaults leave empty. Istio documents them where the
// charts' values.yaml shows them as [] or {}.
var (
	items = map[string]string{
		"imagePullSecrets": aText, "excludeNamespaces": aText, "certSigners": aText, "ipFamilies": aText,
		"revisionTags": aText, "excludedCRDs": aText, "extraContainerArgs": aText, "defaultTemplates": aText,
		"tolerations": aSection, "volumes": aSection, "volumeMounts": aSection, "initContainers": aSection,
		"envVarFrom": aSection, "topologySpreadConstraints": aSection, "enablementSelectors": aSection,
		"neverInjectSelector": aSection, "alwaysInjectSelector": aSection,
	}
	contents = map[string]string{
		"env": aText, "podLabels": aText, "podAnnotations": aText, "nodeSelector": aText, "labels": aText, "annotations": aText,
		"deploymentLabels": aText, "deploymentAnnotations": aText, "daemonSetLabels": aText, "serviceAnnotations": aText,
		"serviceAccountAnnotations": aText, "sidecarInjectorWebhookAnnotations": aText, "injectedAnnotations": aText,
		"proxyMetadata": aText,
	}
)

// numeric is what a template may write where Kubernetes wants a number or a
// percentage.
var numeric = regexp.MustCompile(`^-?[0-9]+([.][0-9]+)?%?$`)

// settleKinds compares an adapted tree with the chart's defaults, and makes booleans
// of the texts true and false where the default is one: a template would take any
// text for true. It fails with a *TypeError at a value of another kind than the
// default at its place.
func (c Chart) settleKinds(tree map[string]any, at ...string) error {
	for _, key := range sortedKeys(tree) {
		path := append(slices.Clone(at), key)
		own, isSection := tree[key].(map[string]any)
		var err error
		switch {
		case tree[key] == nil: // For Helm: without the default.
		case isSection && len(at) == 0 && key == section[c.Component]:
			err = c.settleKinds(own, path...)
		default:
			tree[key], err = c.settleKind(path, tree[key])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c Chart) settleKind(path []string, value any) (any, error) {
	standard, _ := c.defaultAt(path)
	want := kindWanted(standard)
	if want == aBoolean && (value == "true" || value == "false") {
		return value == "true", nil
	}
	if want != "" && !fits(want, value) {
		return nil, c.wrongKind(path, want, value)
	}
	switch value := value.(type) {
	case []any:
		return value, c.checkItems(path, value)
	case map[string]any:
		return value, c.settleSection(path, value)
	}
	return value, nil
}

func (c Chart) checkItems(path []string, list []any) error {
	want, known := items[path[len(path)-1]]
	for i, item := range list {
		if known && item != nil && !fits(want, item) {
			return c.wrongKind(append(path, strconv.Itoa(i)), want, item)
		}
	}
	return nil
}

func (c Chart) settleSection(path []string, content map[string]any) error {
	want, known := contents[path[len(path)-1]]
	if !known {
		return c.settleKinds(content, path...)
	}
	for _, name := range sortedKeys(content) {
		if content[name] != nil && !fits(want, content[name]) {
			return c.wrongKind(append(path, name), want, content[name])
		}
	}
	return nil
}

// defaultAt is the chart's default for a path of an adapted tree, which may stand in
// the chart's own section or at the root.
func (c Chart) defaultAt(path []string) (any, bool) {
	if path[0] == section[c.Component] && len(path) > 1 {
		if value, ok := c.Reader.Default(path[1:]); ok {
			return value, true
		}
	}
	return c.Reader.Default(path)
}

func (c Chart) wrongKind(path []string, want string, value any) error {
	if c.Component == v1.ComponentZtunnel && !slices.Contains(shared, path[0]) {
		path = append([]string{section[c.Component]}, path...) // Where users write it.
	}
	return &TypeError{Path: Path(path), Want: want, Got: kindOf(value)}
}

// kindWanted is the kind that stands where the default does; empty where anything
// may.
func kindWanted(standard any) string {
	switch standard.(type) {
	case nil:
		return ""
	case map[string]any:
		return aSection
	case []any:
		return aList
	case bool:
		return aBoolean
	case string:
		return aText
	default:
		return aNumber
	}
}

// fits tells whether a value can stand where that kind is wanted. Templates write
// numbers and booleans as text, and texts that look like numbers as numbers.
func fits(want string, value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return want == aSection
	case []any:
		return want == aList
	case bool:
		return want == aBoolean || want == aText
	case string:
		return want == aText || want == aNumber && numeric.MatchString(value)
	default:
		return want == aNumber || want == aText
	}
}

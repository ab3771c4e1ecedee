// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"path"
	"regexp"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
)

// defaultsKey is where Istio's charts keep their defaults in values.yaml, so that
// profiles can be merged between them and the user's values.
const defaultsKey = "_internal_defaults_do_not_set"

// mergeTemplates process whole maps, or name removed keys: they do not show which keys are
// read.
var mergeTemplates = map[string]bool{"zzz_profile.yaml": true, "zzy_descope_legacy.yaml": true, "NOTES.txt": true}

// alwaysRead are the keys that mergeTemplates read.
var alwaysRead = []string{"profile", "platform", "compatibilityVersion", "global.profile", "global.platform"}

// valuesReference matches .Values.a.b, (.Values.a).b and $.Values.a.
var valuesReference = regexp.MustCompile(`\.Values\)?((?:\.[A-Za-z_]\w*\)?)+)`)

// reads is what a chart reads from its values.
type reads struct {
	defaults   map[string]any
	references map[string]bool
}

// findReads collects the keys of the chart's defaults and the paths that its templates and
// files reference.
func findReads(c *chart.Chart) reads {
	r := reads{defaults: c.Values, references: map[string]bool{}}
	if inner, ok := c.Values[defaultsKey].(map[string]any); ok {
		r.defaults = inner
	}
	for _, reference := range alwaysRead {
		r.references[reference] = true
	}
	for _, file := range append(c.Templates, c.Files...) {
		if mergeTemplates[path.Base(file.Name)] {
			continue
		}
		for _, match := range valuesReference.FindAllSubmatch(file.Data, -1) {
			r.references[strings.Trim(strings.ReplaceAll(string(match[1]), ")", ""), ".")] = true
		}
	}
	return r
}

// Reads reports whether the chart can read the value at that path: its defaults have the
// path or an empty map above it, or a template references the path, a parent or a child. It
// errs on the side of true, so that a value with an effect is never reported as unused.
func (c *Chart) Reads(valuePath []string) bool {
	return inDefaults(c.reads.defaults, valuePath) || c.reads.referenced(valuePath)
}

// HasDefault reports whether the chart's defaults have that key at their root.
func (c *Chart) HasDefault(key string) bool {
	_, ok := c.reads.defaults[key]
	return ok
}

// Default returns the chart's default at that path, and false if there is none.
func (c *Chart) Default(valuePath []string) (any, bool) {
	var node any = c.reads.defaults
	for _, key := range valuePath {
		section, ok := node.(map[string]any)
		if !ok {
			return nil, false
		}
		if node, ok = section[key]; !ok {
			return nil, false
		}
	}
	return node, true
}

func inDefaults(defaults map[string]any, valuePath []string) bool {
	var node any = defaults
	for _, key := range valuePath {
		section, ok := node.(map[string]any)
		if !ok {
			return false
		}
		if len(section) == 0 {
			return true
		}
		if node, ok = section[key]; !ok {
			return false
		}
	}
	return true
}

func (r reads) referenced(valuePath []string) bool {
	joined := strings.Join(valuePath, ".")
	for reference := range r.references {
		if reference == joined || strings.HasPrefix(reference, joined+".") || strings.HasPrefix(joined, reference+".") {
			return true
		}
	}
	return false
}

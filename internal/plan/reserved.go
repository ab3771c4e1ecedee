// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

// ReservedError reports a value that spec decides, or that would break the mesh.
type ReservedError struct {
	// Path is the path of the value, Layer the one that set it.
	Path, Layer string
	// Why is why it is reserved, and what to do instead.
	Why string
}

func (e *ReservedError) Error() string {
	return fmt.Sprintf("%s: %s cannot be set: %s", e.Layer, e.Path, e.Why)
}

// reservation is a value that charts read and users must not choose.
type reservation struct {
	// component is the one whose chart reads the value. Empty: all.
	component string
	path      []string
	// allowed returns the allowed values.
	allowed func(Input) []any
	why     string
}

const (
	whyRevision  = "a ServiceMeshController always installs the default revision; remove the value"
	whyScope     = "the mesh is installed as a whole; remove the value"
	whyCRDs      = "the mesh is installed with all of its CRDs; remove the value"
	whyInternal  = "it replaces the chart's defaults; set the values themselves"
	whyNames     = "the names of the mesh's objects are fixed; remove the value"
	whyNamespace = "spec.installNamespace sets the namespace; remove the value"
)

// reserved are all reservations.
var reserved = []reservation{
	{"", []string{"global", "istioNamespace"}, onlyInstallNamespace, whyNamespace},
	{v1.ComponentZtunnel, []string{"istioNamespace"}, onlyInstallNamespace, whyNamespace},
	{"", []string{"global", "resourceScope"}, oneOf("all"), whyScope},
	{v1.ComponentZtunnel, []string{"resourceScope"}, oneOf("all"), whyScope},
	{v1.ComponentIstiod, []string{"pilot", "revision"}, oneOf(""), whyRevision},
	{v1.ComponentCNI, []string{"cni", "revision"}, oneOf(""), whyRevision},
	{v1.ComponentZtunnel, []string{"revision"}, oneOf(""), whyRevision},
	{v1.ComponentZtunnel, []string{"resourceName"}, oneOf("", v1.ComponentZtunnel), whyNames},
	{v1.ComponentBase, []string{"base", "defaultRevision"}, oneOf("default"), whyRevision},
	{v1.ComponentBase, []string{"defaultRevision"}, oneOf("default"), whyRevision},
	{"", []string{"base", "enableCRDTemplates"}, oneOf(true), whyCRDs},
	{"", []string{"base", "enableIstioConfigCRDs"}, oneOf(true), whyCRDs},
	{v1.ComponentBase, []string{"base", "excludedCRDs"}, oneOf(), whyCRDs},
	{"", []string{"_internal_defaults_do_not_set"}, oneOf(), whyInternal},
	{"", []string{"defaults"}, oneOf(), whyInternal},
}

func oneOf(standard ...any) func(Input) []any { return func(Input) []any { return standard } }

func onlyInstallNamespace(input Input) []any { return []any{namespaceOf(input.Spec)} }

// checkReserved fails with a *ReservedError at a reserved value that is not allowed.
func checkReserved(component string, merged values.Tree, input Input) error {
	for _, r := range reserved {
		if r.component != "" && r.component != component {
			continue
		}
		value, found := tagAt(merged.Values, r.path)
		if !found || value == nil || isAllowed(r.allowed(input), value) {
			continue
		}
		return &ReservedError{Path: values.Path(r.path), Layer: originOf(merged, r.path), Why: r.why}
	}
	return nil
}

// isAllowed reports whether a value is in the list, or is an empty list.
func isAllowed(standard []any, value any) bool {
	switch value := value.(type) {
	case []any:
		return len(value) == 0
	case map[string]any:
		return false
	default:
		return slices.Contains(standard, value)
	}
}

// originOf returns the layer that set a value, or the first value below it.
func originOf(merged values.Tree, path []string) string {
	at := values.Path(path)
	for _, leaf := range slices.Sorted(maps.Keys(merged.Origin)) {
		if leaf == at || strings.HasPrefix(leaf, at+".") {
			return merged.Origin[leaf]
		}
	}
	return layerValues
}

// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"helm.sh/helm/v3/pkg/chart"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// crdSpecs are the specs of the CRDs in a chart's files, by the number that replaces each
// in the stripped chart. Istio's base chart parses that file twice and writes it once, and
// its output is parsed again, though no template reads a spec: without them a plan costs a
// fraction.
type crdSpecs map[string]*Spec

// Spec is the spec of a CRD that no template has touched, in place of a map. It marshals to
// the original JSON. Two Specs are equal only if they are the same.
type Spec struct{ content json.RawMessage }

// MarshalJSON returns the spec as JSON.
func (s *Spec) MarshalJSON() ([]byte, error) { return s.content, nil }

// placeholderKey is the key under which a stripped spec has its number.
const placeholderKey = "gloo-operator-stand-in"

// The lines at which files of CRDs are cut: between documents, and before a spec, which
// is the last of a document.
var (
	betweenDocuments = []byte("\n---\n")
	beforeSpec       = []byte("\nspec:\n")
)

// extractCRDSpecs returns a copy of the chart with placeholders for the specs of CRDs in
// its files, and the specs. All else is shared with the original.
func extractCRDSpecs(original *chart.Chart) (*chart.Chart, crdSpecs, error) {
	stripped, specs := *original, crdSpecs{}
	stripped.Files = make([]*chart.File, len(original.Files))
	for i, file := range original.Files {
		stripped.Files[i] = file
		if !bytes.Contains(file.Data, []byte("\nkind: CustomResourceDefinition\n")) {
			continue
		}
		documents := bytes.Split(file.Data, betweenDocuments)
		for at, document := range documents {
			documents[at] = specs.extract(document)
		}
		stripped.Files[i] = &chart.File{Name: file.Name, Data: bytes.Join(documents, betweenDocuments)}
	}
	return &stripped, specs, specs.parse()
}

// extract replaces the spec of a document by a placeholder and keeps its text. A document
// of any other form is left unchanged.
func (c crdSpecs) extract(document []byte) []byte {
	before, spec, found := bytes.Cut(document, beforeSpec)
	if !found || !isIndented(spec) {
		return document
	}
	number := strconv.Itoa(len(c))
	c[number] = &Spec{content: spec}
	return fmt.Appendf(nil, "%s%s  %s: %q\n", before, beforeSpec, placeholderKey, number)
}

// isIndented reports whether every line of the text is indented or empty, so that it is a
// single map.
func isIndented(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line[0] != ' ' && line[0] != '\n' {
			return false
		}
	}
	return true
}

// parse converts the texts from YAML to JSON.
func (c crdSpecs) parse() error {
	numbers := make([]string, 0, len(c))
	for number := range c {
		numbers = append(numbers, number)
	}
	return forEachParallel(len(numbers), func(i int) error {
		content, err := yaml.YAMLToJSON(c[numbers[i]].content)
		if err != nil {
			return fmt.Errorf("reading the spec of a CRD: %w", err)
		}
		c[numbers[i]].content = content
		return nil
	})
}

// restore puts the specs back in place of their placeholders.
func (c crdSpecs) restore(objects []*unstructured.Unstructured) {
	for _, object := range objects {
		spec, _ := object.Object["spec"].(map[string]any)
		if number, ok := spec[placeholderKey].(string); ok {
			object.Object["spec"] = c[number]
		}
	}
}

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

// aside are the specs of the CRDs that a chart has in a file, by the number that
// stands for each in the light form of the chart. Istio's base chart reads that file
// as YAML twice, writes it once, and what it makes is read once more, though no
// template looks into a spec: that is nearly all the work of a plan.
type aside map[string]*Spec

// Spec is the spec of a CRD that no template has touched, in the place of a map: it
// is encoded as what it was, and equal to itself alone.
type Spec struct{ content json.RawMessage }

// MarshalJSON is the spec.
func (s *Spec) MarshalJSON() ([]byte, error) { return s.content, nil }

// standIn is the key of the number in the light form.
const standIn = "gloo-operator-stand-in"

// The lines at which files of CRDs are cut: between documents, and before a spec, which
// is the last of a document.
var (
	betweenDocuments = []byte("\n---\n")
	beforeSpec       = []byte("\nspec:\n")
)

// setAside makes the light form of a chart: with stand-ins for the specs of CRDs in its
// files. It shares all else with the chart.
func setAside(whole *chart.Chart) (*chart.Chart, aside, error) {
	light, specs := *whole, aside{}
	light.Files = make([]*chart.File, len(whole.Files))
	for i, file := range whole.Files {
		light.Files[i] = file
		if !bytes.Contains(file.Data, []byte("\nkind: CustomResourceDefinition\n")) {
			continue
		}
		documents := bytes.Split(file.Data, betweenDocuments)
		for at, document := range documents {
			documents[at] = specs.cut(document)
		}
		light.Files[i] = &chart.File{Name: file.Name, Data: bytes.Join(documents, betweenDocuments)}
	}
	return &light, specs, specs.parse()
}

// cut puts a stand-in into a document and keeps the text of its spec. A document of
// another form is left as it is.
func (a aside) cut(document []byte) []byte {
	before, spec, found := bytes.Cut(document, beforeSpec)
	if !found || !indented(spec) {
		return document
	}
	number := strconv.Itoa(len(a))
	a[number] = &Spec{content: spec}
	return fmt.Appendf(nil, "%s%s  %s: %q\n", before, beforeSpec, standIn, number)
}

// indented tells that nothing but one section is in the text.
func indented(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line[0] != ' ' && line[0] != '\n' {
			return false
		}
	}
	return true
}

// parse makes JSON of the texts.
func (a aside) parse() error {
	numbers := make([]string, 0, len(a))
	for number := range a {
		numbers = append(numbers, number)
	}
	return together(len(numbers), func(i int) error {
		content, err := yaml.YAMLToJSON(a[numbers[i]].content)
		if err != nil {
			return fmt.Errorf("reading the spec of a CRD: %w", err)
		}
		a[numbers[i]].content = content
		return nil
	})
}

// putBack puts the specs in the place of their stand-ins.
func (a aside) putBack(objects []*unstructured.Unstructured) {
	for _, object := range objects {
		spec, _ := object.Object["spec"].(map[string]any)
		if number, ok := spec[standIn].(string); ok {
			object.Object["spec"] = a[number]
		}
	}
}

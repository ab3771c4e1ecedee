// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/config/crd"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// metadata is Chart.yaml as far as something is generated from it.
type metadata struct {
	Name, Description, AppVersion, KubeVersion, Home string
	// text is the file up to its annotations, which are its end.
	text string
}

const annotationsLine = "\nannotations:\n"

func readMetadata(root string) (metadata, error) {
	file := filepath.Join(root, chartDir, "Chart.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		return metadata{}, err
	}
	var m metadata
	if err := yaml.Unmarshal(content, &m); err != nil {
		return m, fmt.Errorf("%s: %w", file, err)
	}
	text, _, found := strings.Cut(string(content), annotationsLine)
	if !found {
		return m, fmt.Errorf("%s has no annotations", file)
	}
	m.text = text + annotationsLine
	return m, nil
}

// page is the address of a file of the repository.
func (m metadata) page(file string) string { return m.Home + "/blob/main/" + file }

// annotation is one of the chart. A value that is no string is written as YAML in a string.
type annotation struct {
	name  string
	value any
}

// annotated is the file with its annotations: the one for the chart's notes, and those of
// Artifact Hub, https://artifacthub.io/docs/topics/annotations/helm/. A release adds the
// changes, and the digest to the image.
func (m metadata) annotated(root, repository string) (string, error) {
	crds, crdsErr := listedCRDs()
	examples, examplesErr := readExamples(root)
	if err := errors.Join(crdsErr, examplesErr); err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString(m.text)
	for _, a := range []annotation{
		{"gloo-operator/newest-istio", newest()},
		{"artifacthub.io/category", "networking"},
		{"artifacthub.io/license", "Apache-2.0"},
		{"artifacthub.io/operator", `"true"`},
		{"artifacthub.io/operatorCapabilities", "Seamless Upgrades"},
		{"artifacthub.io/images", []image{{"gloo-operator", repository + ":" + m.AppVersion, []string{"linux/amd64", "linux/arm64"}}}},
		{"artifacthub.io/links", m.links()},
		{"artifacthub.io/crds", crds},
		{"artifacthub.io/crdsExamples", examples},
	} {
		if err := a.write(&text); err != nil {
			return "", fmt.Errorf("%s: %w", a.name, err)
		}
	}
	return text.String(), nil
}

func (a annotation) write(text *strings.Builder) error {
	if value, ok := a.value.(string); ok {
		fmt.Fprintf(text, "  %s: %s\n", a.name, value)
		return nil
	}
	value, err := yaml.Marshal(a.value)
	if err != nil {
		return err
	}
	fmt.Fprintf(text, "  %s: |\n", a.name)
	for line := range strings.Lines(string(value)) {
		text.WriteString("    " + line)
	}
	return nil
}

type image struct {
	Name      string   `json:"name"`
	Image     string   `json:"image"`
	Platforms []string `json:"platforms"`
}

type link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// links lead to pages of the repository. Artifact Hub knows the name support.
func (m metadata) links() []link {
	return []link{
		{"documentation", m.page("docs/README.md")},
		{"changelog", m.page("CHANGELOG.md")},
		{"security policy", m.page("SECURITY.md")},
		{"support", m.page("SUPPORT.md")},
	}
}

type listedCRD struct {
	Kind        string `json:"kind"`
	Version     string `json:"version"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
}

func listedCRDs() ([]listedCRD, error) {
	definition, err := crd.ServiceMeshControllers()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(definition.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Storage })
	version := definition.Spec.Versions[i]
	return []listedCRD{{
		Kind: definition.Spec.Names.Kind, Version: version.Name, Name: definition.Name,
		DisplayName: "Service Mesh Controller", Description: strings.ReplaceAll(version.Schema.OpenAPIV3Schema.Description, "\n", " "),
	}}, nil
}

// exampleFiles are the samples that Artifact Hub shows.
var exampleFiles = []string{"config/samples/minimal.yaml", "config/samples/two-clusters.yaml"}

func readExamples(root string) ([]map[string]any, error) {
	var examples []map[string]any
	for _, file := range exampleFiles {
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return nil, err
		}
		example := map[string]any{}
		if err := yaml.Unmarshal(content, &example); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		examples = append(examples, example)
	}
	return examples, nil
}

// imageRepository is the default of manager.image.repository.
func imageRepository(values []value) (string, error) {
	found := value{sections: values}
	for _, name := range []string{"manager", "image", "repository"} {
		i := slices.IndexFunc(found.sections, func(v value) bool { return v.name == name })
		if i < 0 {
			return "", fmt.Errorf("values.yaml has no %s in %s", name, cmp.Or(found.name, "its root"))
		}
		found = found.sections[i]
	}
	return found.node.Value, nil
}

// newest is the newest bundled release of Istio.
func newest() string {
	versions := istio.Versions()
	return versions[len(versions)-1]
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/config/crd"
	"github.com/gloo-operator/gloo-operator/internal/admission"
)

// root is the root directory of the repository.
const root = "../.."

func loadChart() *chart.Chart {
	GinkgoHelper()
	loaded, err := loader.LoadDir(filepath.Join(root, chartDir))
	Expect(err).NotTo(HaveOccurred())
	return loaded
}

// rendered is what the chart renders with its defaults, its test included.
func rendered(loaded *chart.Chart) string {
	GinkgoHelper()
	values, err := chartutil.ToRenderValues(loaded, nil, chartutil.ReleaseOptions{Name: "gloo-operator", Namespace: "gloo-operator", IsInstall: true}, nil)
	Expect(err).NotTo(HaveOccurred())
	files, err := engine.Render(loaded, values)
	Expect(err).NotTo(HaveOccurred())
	return strings.Join(slices.Collect(maps.Values(files)), "\n---\n")
}

// list is an annotation that is a list in YAML.
func list[T any](loaded *chart.Chart, name string) []T {
	GinkgoHelper()
	var decoded []T
	Expect(yaml.UnmarshalStrict([]byte(loaded.Metadata.Annotations[name]), &decoded)).To(Succeed(), name)
	return decoded
}

// repositoryAddress is the address of a file of the repository.
var repositoryAddress = regexp.MustCompile(`https://(?:github\.com|raw\.githubusercontent\.com)/gloo-operator/gloo-operator/(?:blob/)?main/([^\s)#]+)(?:#([a-z-]+))?`)

// expectAddresses looks for the files and headings to which a text links.
func expectAddresses(text string) {
	GinkgoHelper()
	found := repositoryAddress.FindAllStringSubmatch(text, -1)
	Expect(found).NotTo(BeEmpty())
	for _, address := range found {
		content, err := os.ReadFile(filepath.Join(root, address[1]))
		Expect(err).NotTo(HaveOccurred())
		if address[2] != "" {
			Expect(strings.ToLower(strings.ReplaceAll(string(content), " ", "-"))).To(ContainSubstring("#-" + address[2] + "\n"))
		}
	}
}

var _ = Describe("The chart", func() {
	It("names its image as it renders it", func() {
		loaded := loadChart()
		images := map[string]bool{}
		for _, match := range regexp.MustCompile(`(?m)^\s*(?:- )?image: (\S+)$`).FindAllStringSubmatch(rendered(loaded), -1) {
			images[match[1]] = true
		}
		var listed []string
		for _, one := range list[image](loaded, "artifacthub.io/images") {
			listed = append(listed, one.Image)
		}
		Expect(listed).To(ConsistOf(slices.Collect(maps.Keys(images))))
	})

	It("lists the CRDs that it renders", func() {
		loaded := loadChart()
		var names []string
		for _, match := range regexp.MustCompile(`(?m)^kind: CustomResourceDefinition\nmetadata:\n(?:  .*\n)*?  name: (\S+)$`).FindAllStringSubmatch(rendered(loaded), -1) {
			names = append(names, match[1])
		}
		definition, err := crd.ServiceMeshControllers()
		Expect(err).NotTo(HaveOccurred())
		Expect(names).To(ConsistOf(definition.Name))
		Expect(list[listedCRD](loaded, "artifacthub.io/crds")).To(ConsistOf(And(
			HaveField("Name", definition.Name), HaveField("Kind", definition.Spec.Names.Kind), HaveField("Version", v1.GroupVersion.Version),
		)))
	})

	It("has examples of its CRDs that the API server accepts, with fields that it knows", func() {
		examples := list[map[string]any](loadChart(), "artifacthub.io/crdsExamples")
		Expect(examples).To(HaveLen(len(exampleFiles)))
		for _, example := range examples {
			admitted, err := admission.Admit(&unstructured.Unstructured{Object: example})
			Expect(err).NotTo(HaveOccurred())
			Expect(admitted.Warnings).To(BeEmpty())
		}
	})

	It("links to pages and pictures that exist", func() {
		loaded := loadChart()
		expectAddresses(loaded.Metadata.Icon)
		Expect(list[link](loaded, "artifacthub.io/links")).To(HaveEach(HaveField("URL", MatchRegexp(repositoryAddress.String()))))
		expectAddresses(loaded.Metadata.Annotations["artifacthub.io/links"])
		readme, err := os.ReadFile(filepath.Join(root, chartDir, "README.md"))
		Expect(err).NotTo(HaveOccurred())
		expectAddresses(string(readme))
	})

	It("names the licence of the repository", func() {
		licence, err := os.ReadFile(filepath.Join(root, "LICENSE"))
		Expect(err).NotTo(HaveOccurred())
		Expect(loadChart().Metadata.Annotations).To(HaveKeyWithValue("artifacthub.io/license", "Apache-2.0"))
		Expect(string(licence)).To(ContainSubstring("Apache License\n                           Version 2.0"))
	})
})

var _ = Describe("The chart's README", func() {
	It("has a row for each value, with its type and default", func() {
		values, err := readValues(filepath.Join(root, chartDir, "values.yaml"))
		Expect(err).NotTo(HaveOccurred())
		files, err := chartFiles(root, values)
		Expect(err).NotTo(HaveOccurred())
		Expect(files.readme).To(ContainSubstring("| `manager.replicas` | int | `2` | Number of replicas"))
		for _, name := range names("", loadChart().Values) {
			Expect(files.readme).To(ContainSubstring("| `" + name))
		}
	})
})

// names are the keys of values that are no maps, by their paths.
func names(prefix string, values map[string]any) []string {
	var all []string
	for name, value := range values {
		section, ok := value.(map[string]any)
		if !ok {
			all = append(all, prefix+name)
			continue
		}
		if prefix+name == "manager.resources" || prefix+name == "metrics.dashboard.labels" { // free maps
			continue
		}
		all = append(all, names(prefix+name+".", section)...)
	}
	return all
}

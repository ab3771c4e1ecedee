// SPDX-License-Identifier: Apache-2.0

// Package gitops tests what Argo CD and Flux make of a ServiceMeshController, with the files in
// config/argocd and config/flux.
package gitops

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func TestGitOps(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "GitOps")
}

// examples are the resources that hack/statuses computes, by the name of their situation.
func examples() map[string]*unstructured.Unstructured {
	GinkgoHelper()
	content, err := os.ReadFile("testdata/statuses.yaml")
	Expect(err).NotTo(HaveOccurred())
	all := map[string]*unstructured.Unstructured{}
	for _, document := range bytes.Split(content, []byte("\n---\n"))[1:] {
		var example struct {
			Name   string         `json:"name"`
			Object map[string]any `json:"object"`
		}
		Expect(yaml.UnmarshalStrict(document, &example)).To(Succeed())
		object := &unstructured.Unstructured{}
		Expect(object.UnmarshalJSON(asJSON(example.Object))).To(Succeed()) // Numbers are integers, as a client has them.
		all[example.Name] = object
	}
	return all
}

func asJSON(value any) []byte {
	GinkgoHelper()
	content, err := yaml.Marshal(value)
	Expect(err).NotTo(HaveOccurred())
	content, err = yaml.YAMLToJSON(content)
	Expect(err).NotTo(HaveOccurred())
	return content
}

// expectEach compares what a tool says of each example.
func expectEach(expected map[string]string, says func(*unstructured.Unstructured) string) {
	GinkgoHelper()
	all := examples()
	Expect(slices.Sorted(maps.Keys(all))).To(Equal(slices.Sorted(maps.Keys(expected))), "each example is expected")
	said := map[string]string{}
	for name, object := range all {
		said[name] = says(object)
	}
	Expect(said).To(Equal(expected))
}

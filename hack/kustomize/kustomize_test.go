// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/hack/manifest"
)

// root is the root directory of the repository.
const root = "../.."

// build is what kustomize builds from a directory, by kind, namespace and name.
func build(ctx context.Context, directory string) map[string]*unstructured.Unstructured {
	GinkgoHelper()
	command := exec.CommandContext(ctx, "go", "tool", "-modfile=hack/tools/kustomize/go.mod", "kustomize", "build", directory)
	command.Dir, command.Stderr = root, GinkgoWriter
	out, err := command.Output()
	Expect(err).NotTo(HaveOccurred())
	var objects []*unstructured.Unstructured
	for _, document := range releaseutil.SplitManifests(string(out)) {
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), &object.Object)).To(Succeed())
		objects = append(objects, object)
	}
	return keyed(objects)
}

func keyed(objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	GinkgoHelper()
	byKey := map[string]*unstructured.Unstructured{}
	for _, object := range objects {
		key := object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
		Expect(byKey).NotTo(HaveKey(key))
		byKey[key] = object
	}
	return byKey
}

func renderedObjects() []*unstructured.Unstructured {
	GinkgoHelper()
	loaded, err := loader.LoadDir(filepath.Join(root, chartDir))
	Expect(err).NotTo(HaveOccurred())
	objects, err := manifest.Objects(loaded)
	Expect(err).NotTo(HaveOccurred())
	return objects
}

// copied is a copy of the directory config: what the test itself reads decides whether go test
// runs it again.
func copied() string {
	GinkgoHelper()
	directory := filepath.Join(GinkgoT().TempDir(), configDir)
	Expect(os.CopyFS(directory, os.DirFS(filepath.Join(root, configDir)))).To(Succeed())
	return directory
}

var _ = Describe("kustomize", func() {
	var config string

	BeforeEach(func() { config = copied() })

	It("builds from config/default what the chart renders, but for Helm", func(ctx SpecContext) {
		built, rendered := build(ctx, filepath.Join(config, "default")), keyed(renderedObjects())
		Expect(slices.Sorted(maps.Keys(built))).To(Equal(slices.Sorted(maps.Keys(rendered))))
		for key, object := range rendered {
			Expect(built[key].Object).To(Equal(object.Object), key)
		}
		deployment := built["Deployment gloo-operator/gloo-operator"]
		Expect(yaml.Marshal(deployment.Object)).NotTo(ContainSubstring("helm"))
		Expect(deployment.GetLabels()).To(Equal(map[string]string{
			"app.kubernetes.io/name": "gloo-operator", "app.kubernetes.io/instance": "gloo-operator", "app.kubernetes.io/version": "0.1.0",
		}))
	})

	It("builds the operator without what would delete a mesh, for users who uninstall it", func(ctx SpecContext) {
		operator := build(ctx, filepath.Join(config, "manager"))
		maps.Copy(operator, build(ctx, filepath.Join(config, "rbac")))
		for key := range operator {
			Expect(key).NotTo(Or(HavePrefix("CustomResourceDefinition "), HavePrefix("Namespace ")))
		}
		Expect(operator).To(HaveKey("Deployment gloo-operator/gloo-operator"))
	})

	It("replaces the image from a directory of the user's", func(ctx SpecContext) {
		directory := GinkgoT().TempDir()
		relative, err := filepath.Rel(directory, filepath.Join(config, "default"))
		Expect(err).NotTo(HaveOccurred())
		docs, err := os.ReadFile(filepath.Join(root, "docs/install.md"))
		Expect(err).NotTo(HaveOccurred())
		_, example, found := strings.Cut(string(docs), "# kustomization.yaml\n")
		Expect(found).To(BeTrue())
		example, _, _ = strings.Cut(example, "```")
		const remote = "https://github.com/gloo-operator/gloo-operator//config/default?ref=main"
		Expect(example).To(ContainSubstring(remote))
		Expect(os.WriteFile(filepath.Join(directory, kustomizationFile), []byte(strings.ReplaceAll(example, remote, relative)), 0o600)).To(Succeed())
		deployment := build(ctx, directory)["Deployment gloo-operator/gloo-operator"]
		Expect(yaml.Marshal(deployment.Object)).To(ContainSubstring("image: registry.example.com/gloo-operator:v1\n"))
	})

	It("has a place for each kind that the chart renders", func() {
		object := &unstructured.Unstructured{Object: map[string]any{"kind": "Other"}}
		_, err := layout([]*unstructured.Unstructured{object})
		Expect(err).To(MatchError(ContainSubstring("no file for kind Other")))
	})
})

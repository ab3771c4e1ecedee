// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"encoding/json"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// inManifest lists the objects of a manifest, which is rendered whole, as JSON.
func inManifest(rendered *helm.Rendered) []string {
	GinkgoHelper()
	manifest, err := rendered.Manifest()
	Expect(err).NotTo(HaveOccurred())
	var objects []string
	for _, document := range strings.Split(manifest, "\n---\n# Source: ") {
		object, err := yaml.YAMLToJSON([]byte("# " + strings.TrimPrefix(document, "---\n")))
		Expect(err).NotTo(HaveOccurred())
		objects = append(objects, string(object))
	}
	return objects
}

// encoded lists objects as JSON.
func encoded(objects []*unstructured.Unstructured) []string {
	GinkgoHelper()
	texts := make([]string, len(objects))
	for i, object := range objects {
		content, err := json.Marshal(object.Object)
		Expect(err).NotTo(HaveOccurred())
		texts[i] = string(content)
	}
	return texts
}

var _ = Describe("Specs of CRDs that are stripped", func() {
	for _, release := range istio.Releases() {
		DescribeTable("are what the whole chart of Istio "+release.Version+" makes:", func(crds int, values tree) {
			base, err := helm.Load(release.Charts, "charts/base", release.Version)
			Expect(err).NotTo(HaveOccurred())
			rendered, objects, err := base.Render(request(values))
			Expect(err).NotTo(HaveOccurred())
			stripped := 0
			for _, object := range objects {
				if _, ok := object.Object["spec"].(*helm.Spec); ok {
					stripped++
				}
			}
			Expect(stripped).To(BeNumerically(">=", crds), "nothing is gained otherwise")
			Expect(encoded(objects)).To(Equal(inManifest(rendered)))
		},
			Entry("as it is", 10, tree{}),
			Entry("with labels", 10, tree{"global": tree{"istioNamespace": "mesh", "platform": "openshift"}, "revision": "canary", "defaultRevision": "canary"}),
			Entry("without some", 10, tree{"base": tree{"excludedCRDs": []any{"wasmplugins.extensions.istio.io"}}}),
			Entry("not as templates", 10, tree{"base": tree{"enableCRDTemplates": false}}),
			Entry("of a profile", 10, tree{"profile": "ambient"}),
			Entry("for a namespace", 0, tree{"global": tree{"resourceScope": "namespace"}}),
		)
	}

	It("leave documents of another form as they are", func() {
		const crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.example.com}\nspec:\n  group: example.com\n"
		for _, document := range []string{crd + "status: {}\n", strings.Replace(crd, "spec:\n", "spec: # text\n", 1)} {
			chart := chartOf("", map[string]string{"a.yaml": `{{ .Files.Get "crds.yaml" }}`}, "crds.yaml", document)
			rendered, objects, err := chart.Render(request(nil))
			Expect(err).NotTo(HaveOccurred())
			Expect(objects[0].Object["spec"]).To(Equal(tree{"group": "example.com"}))
			Expect(rendered.Manifest()).To(ContainSubstring(strings.TrimSpace(document)))
		}
	})
})

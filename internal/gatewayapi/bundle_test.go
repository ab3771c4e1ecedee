// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

const routes = `{
  "apiVersion": "apiextensions.k8s.io/v1",
  "kind": "CustomResourceDefinition",
  "metadata": {"name": "httproutes.gateway.networking.k8s.io", "creationTimestamp": null},
  "spec": {"group": "gateway.networking.k8s.io"},
  "status": {"conditions": []}
}`

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }

var _ = Describe("A bundle", func() {
	It("is parsed without what the API server writes", func() {
		objects, err := gatewayapi.Parse(fstest.MapFS{"crds/v1.0.0/routes.json": file(routes)}, "crds/v1.0.0")
		Expect(err).NotTo(HaveOccurred())
		Expect(objects).To(HaveLen(1))
		Expect(objects[0].Object).To(Equal(map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1",
			"kind":       "CustomResourceDefinition",
			"metadata":   map[string]any{"name": "httproutes.gateway.networking.k8s.io"},
			"spec":       map[string]any{"group": "gateway.networking.k8s.io"},
		}))
	})

	It("says how to get it where the binary was built without", func() {
		_, err := gatewayapi.Parse(fstest.MapFS{"crds/README.md": file("")}, "crds/v1.0.0")
		Expect(err).To(MatchError(gatewayapi.ErrNotBundled))
		Expect(err).To(MatchError(And(ContainSubstring("v1.0.0"), ContainSubstring("make build"))))
	})

	It("holds nothing but CRDs", func() {
		policy := `{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "safe-upgrades"}}`
		_, err := gatewayapi.Parse(fstest.MapFS{"crds/v1.0.0/policy.json": file(policy)}, "crds/v1.0.0")
		Expect(err).To(MatchError(ContainSubstring("ValidatingAdmissionPolicy")))
	})

	It("names the file that cannot be read", func() {
		_, err := gatewayapi.Parse(fstest.MapFS{"crds/v1.0.0/routes.json": file(`{"a": [`)}, "crds/v1.0.0")
		Expect(err).To(MatchError(ContainSubstring("routes.json")))
	})

	It("that a release was made for names its version and channel", func() {
		for _, release := range istio.Releases() {
			objects, err := gatewayapi.Bundle(release.GatewayAPI)
			Expect(err).NotTo(HaveOccurred())
			Expect(len(objects)).To(BeNumerically(">=", 5))
			for _, object := range objects {
				Expect(object.GetName()).To(HaveSuffix("." + gatewayapi.Group))
				Expect(object.GetAnnotations()).To(HaveKeyWithValue(gatewayapi.VersionAnnotation, release.GatewayAPI))
				Expect(object.GetAnnotations()).To(HaveKeyWithValue(gatewayapi.ChannelAnnotation, "standard"))
			}
		}
	})

	It("that is not bundled is said to be so", func() {
		Expect(gatewayapi.Bundled("v0.1.0")).To(BeFalse())
	})
})

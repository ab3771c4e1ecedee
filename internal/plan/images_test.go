// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

var _ = Describe("The images of a mesh", func() {
	// listed are the names of the images, with what they are for.
	listed := func(edits ...option) map[string][]string {
		GinkgoHelper()
		images, err := build(inputOf(edits...)).Images()
		Expect(err).NotTo(HaveOccurred())
		found := map[string][]string{}
		for _, image := range images {
			Expect(found).NotTo(HaveKey(image.Name))
			found[image.Name] = image.For
		}
		return found
	}
	for _, version := range istio.Versions() {
		It("are those of its pods and of the proxies that istiod starts: "+version, func() {
			hub, suffix := "docker.io/istio/", ":"+version+"-distroless"
			Expect(listed(ofVersion(version))).To(Equal(map[string][]string{
				hub + "pilot" + suffix:       {v1.ComponentIstiod},
				hub + "install-cni" + suffix: {v1.ComponentCNI},
				hub + "ztunnel" + suffix:     {v1.ComponentZtunnel},
				hub + "proxyv2" + suffix:     {plan.Proxies},
			}))
		})
	}

	It("are those of spec.image", func() {
		Expect(listed(func(s *v1.ServiceMeshControllerSpec) { s.Image = &v1.Image{Repository: "mirror:5000/istio"} })).To(
			HaveKeyWithValue("mirror:5000/istio/proxyv2:1.29.1-distroless", []string{plan.Proxies}))
	})

	It("are fewer in sidecar mode without a CNI plugin", func() {
		Expect(listed(func(s *v1.ServiceMeshControllerSpec) {
			s.DataplaneMode, s.TrafficCaptureMode = v1.Sidecar, v1.CaptureInitContainer
		})).To(HaveLen(2))
	})

	DescribeTable("are those that values choose:", func(values, image string) {
		Expect(listed(withValues(values))).To(HaveKeyWithValue(image, ContainElement(plan.Proxies)))
	},
		Entry("a proxy with another name", `{"global":{"proxy":{"image":"envoy"}}}`, "docker.io/istio/envoy:1.29.1-distroless"),
		Entry("a proxy with a full name", `{"global":{"proxy":{"image":"example.com/envoy:1"}}}`, "example.com/envoy:1"),
		Entry("an init container with another name", `{"global":{"proxy_init":{"image":"init"}}}`, "docker.io/istio/init:1.29.1-distroless"),
		Entry("a variant", `{"global":{"variant":"debug"}}`, "docker.io/istio/proxyv2:1.29.1-debug"),
		Entry("the variant of proxies alone", `{"global":{"proxy":{"variant":"debug"}}}`, "docker.io/istio/proxyv2:1.29.1-debug"),
		Entry("the type in the mesh config", `{"meshConfig":{"defaultConfig":{"image":{"imageType":"debug"}}}}`, "docker.io/istio/proxyv2:1.29.1-debug"),
		Entry("no type", `{"meshConfig":{"defaultConfig":{"image":{"imageType":"default"}}}}`, "docker.io/istio/proxyv2:1.29.1"),
		Entry("agentgateway", `{"pilot":{"env":{"PILOT_ENABLE_AGENTGATEWAY":"true"}}}`, "docker.io/istio/agentgateway:1.29.1-distroless"),
	)
})

var _ = DescribeTable("A registry that the Istio project gives up is named where it is set", func(change option, where string) {
	notice := HaveField("Reason", v1.ReasonRegistryRetired)
	if where == "" {
		Expect(build(inputOf(change)).Notices).NotTo(ContainElement(notice))
		return
	}
	Expect(build(inputOf(change)).Notices).To(ContainElement(And(notice, HaveField("Message", HavePrefix(where+" names a registry")))))
},
	Entry("in spec.image", option(func(s *v1.ServiceMeshControllerSpec) {
		s.Image = &v1.Image{Registry: "registry.istio.io", Repository: "release"}
	}), "spec.image"),
	Entry("in spec.image, in its repository", option(func(s *v1.ServiceMeshControllerSpec) { s.Image = &v1.Image{Repository: "gcr.io/istio-release"} }), "spec.image"),
	Entry("in spec.repository", option(func(s *v1.ServiceMeshControllerSpec) {
		s.Repository = &v1.Repository{URL: "https://istio-release.storage.googleapis.com/charts"}
	}), "spec.repository"),
	Entry("in values", withValues(`{"global":{"hub":"gcr.io/istio-release"}}`), "spec.values global.hub"),
	Entry("not in another one", withValues(`{"global":{"hub":"gcr.io/istio-release-of-mine/x"}}`), ""),
)

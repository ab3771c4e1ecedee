// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

var _ = DescribeTable("The components of", func(mode v1.DataplaneMode, capture v1.TrafficCaptureMode, want ...string) {
	spec := v1.ServiceMeshControllerSpec{DataplaneMode: mode, TrafficCaptureMode: capture}
	Expect(plan.ComponentNames(spec)).To(Equal(want))
	input := inputOf(func(s *v1.ServiceMeshControllerSpec) { s.DataplaneMode, s.TrafficCaptureMode = mode, capture })
	for i, component := range build(input).Components {
		Expect(component.Name).To(Equal(want[i]))
	}
},
	Entry("an unset mode are ambient's", v1.DataplaneMode(""), v1.TrafficCaptureMode(""), "gateway-api", "istio-base", "istiod", "istio-cni", "ztunnel"),
	Entry("ambient include ztunnel", v1.Ambient, v1.CaptureAuto, "gateway-api", "istio-base", "istiod", "istio-cni", "ztunnel"),
	Entry("sidecars end with istio-cni", v1.Sidecar, v1.CaptureAuto, "gateway-api", "istio-base", "istiod", "istio-cni"),
	Entry("sidecars with init containers end with istiod", v1.Sidecar, v1.CaptureInitContainer, "gateway-api", "istio-base", "istiod"),
)

var _ = Describe("The install namespace", func() {
	namespaceOf := func(options ...option) corev1.Namespace {
		GinkgoHelper()
		input := inputOf(options...)
		name := input.Spec.InstallNamespace
		if name == "" {
			name = "istio-system"
		}
		return objectAs[corev1.Namespace](build(input), "Namespace", name)
	}

	It("lets istio-cni and ztunnel run", func() {
		Expect(namespaceOf().Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "privileged"))
	})

	It("names the network, where there is one", func() {
		Expect(namespaceOf().Labels).NotTo(HaveKey("topology.istio.io/network"))
		withNetwork := namespaceOf(func(s *v1.ServiceMeshControllerSpec) { s.Network = "network1" })
		Expect(withNetwork.Labels).To(HaveKeyWithValue("topology.istio.io/network", "network1"))
	})

	It("is where everything goes", func() {
		built := build(inputOf(func(s *v1.ServiceMeshControllerSpec) { s.InstallNamespace = "mesh" }))
		for _, component := range built.Components {
			for _, object := range component.Objects {
				Expect(object.Namespace).To(BeElementOf("", "mesh"), object.Name)
			}
		}
		Expect(objectAs[corev1.Namespace](built, "Namespace", "mesh").Labels).To(HaveKeyWithValue(v1.OwnerLabel, "managed-istio"))
		ztunnel := objectAs[appsv1.DaemonSet](built, "DaemonSet", "ztunnel")
		Expect(env(ztunnel.Spec.Template)).To(HaveKeyWithValue("XDS_ADDRESS", "istiod.mesh.svc:15012"))
	})
})

var _ = Describe("A plan follows the spec", func() {
	It("to another name of the owner", func() {
		input := inputOf()
		input.Owner = "somebody"
		expectMarks(build(input), "somebody")
	})

	It("to names of cluster, network and trust domain", func() {
		built := build(inputOf(func(s *v1.ServiceMeshControllerSpec) {
			s.Cluster, s.Network, s.TrustDomain = "cluster1", "network1", "cluster1.local"
		}))
		Expect(env(istiodOf(built).Spec.Template)).To(HaveKeyWithValue("CLUSTER_ID", "cluster1"))
		ztunnel := objectAs[appsv1.DaemonSet](built, "DaemonSet", "ztunnel")
		Expect(env(ztunnel.Spec.Template)).To(HaveKeyWithValue("ISTIO_META_CLUSTER_ID", "cluster1"))
		Expect(env(ztunnel.Spec.Template)).To(HaveKeyWithValue("NETWORK", "network1"))
		Expect(meshConfigOf(built)).To(HaveKeyWithValue("trustDomain", "cluster1.local"))
	})

	It("to FIPS, in istiod and in all proxies", func() {
		built := build(inputOf(func(s *v1.ServiceMeshControllerSpec) { s.Distribution = v1.FIPS }))
		Expect(env(istiodOf(built).Spec.Template)).To(HaveKeyWithValue("COMPLIANCE_POLICY", "fips-140-2"))
		Expect(meshConfigOf(built)["defaultConfig"]).To(HaveKeyWithValue("proxyMetadata", HaveKeyWithValue("COMPLIANCE_POLICY", "fips-140-2")))
		Expect(string(body(build(inputOf()), "ConfigMap", "istio"))).NotTo(ContainSubstring("COMPLIANCE_POLICY"))
	})

	It("to images and pull secrets of a registry of one's own", func() {
		built := build(inputOf(func(s *v1.ServiceMeshControllerSpec) {
			s.Image = &v1.Image{Registry: "registry.example.com:5000", Repository: "/mirror/istio/", Secrets: []v1.LocalSecret{{Name: "pull"}}}
		}))
		Expect(images(built)).To(HaveEach(MatchRegexp(`^registry\.example\.com:5000/mirror/istio/[a-z-]+:1\.29\.1(-distroless)?$`)))
		Expect(string(body(built, "ServiceAccount", "istiod"))).To(ContainSubstring(`"imagePullSecrets":[{"name":"pull"}]`))
	})

	DescribeTable("to", func(image v1.Image, want string) {
		Expect(images(build(inputOf(func(s *v1.ServiceMeshControllerSpec) { s.Image = &image })))).To(HaveEach(HavePrefix(want)))
	},
		Entry("Docker's registry where only the path is given", v1.Image{Repository: "mirror"}, "docker.io/mirror/"),
		Entry("the registry that the path begins with", v1.Image{Repository: "us-docker.pkg.dev/x/y"}, "us-docker.pkg.dev/x/y/"),
		Entry("the registry with a port that the path begins with", v1.Image{Repository: "registry:5000/y"}, "registry:5000/y/"),
		Entry("this machine's registry", v1.Image{Repository: "localhost/y"}, "localhost/y/"),
		Entry("a path with a dot in a registry", v1.Image{Registry: "quay.io", Repository: "x.y/z"}, "quay.io/x.y/z/"),
		Entry("Docker's registry where a later part has a dot", v1.Image{Repository: "mirror/x.y"}, "docker.io/mirror/x.y/"),
		Entry("the path istio where only the registry is given", v1.Image{Registry: "quay.io"}, "quay.io/istio/"),
	)

	It("to the CNI plugin or the init container in sidecars", func() {
		sidecar := func(capture v1.TrafficCaptureMode) string {
			built := build(inputOf(func(s *v1.ServiceMeshControllerSpec) { s.DataplaneMode, s.TrafficCaptureMode = v1.Sidecar, capture }))
			return objectAs[corev1.ConfigMap](built, "ConfigMap", "istio-sidecar-injector").Data["values"]
		}
		Expect(sidecar(v1.CaptureAuto)).To(MatchRegexp(`"cni": \{[^}]*"enabled": true`))
		Expect(sidecar(v1.CaptureInitContainer)).To(MatchRegexp(`"cni": \{[^}]*"enabled": false`))
	})
})

var _ = Describe("A scaling profile", func() {
	scaled := func(profile v1.ScalingProfile) *plan.Plan {
		GinkgoHelper()
		return build(inputOf(func(s *v1.ServiceMeshControllerSpec) { s.ScalingProfile = profile }))
	}
	kinds := func(built *plan.Plan) (found []string) {
		for _, object := range componentOf(built, v1.ComponentIstiod).Objects {
			found = append(found, object.GVK.Kind)
		}
		return found
	}

	DescribeTable("of", func(profile v1.ScalingProfile) {
		built := scaled(profile)
		istiod := istiodOf(built)
		Expect(istiod.Spec.Replicas).To(HaveValue(BeEquivalentTo(2)))
		Expect(istiod.Spec.Template.Spec.TopologySpreadConstraints).To(HaveLen(1))
		Expect(istiod.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels).To(HaveKeyWithValue("app", "istiod"))
		Expect(istiod.Spec.Template.Labels).To(HaveKeyWithValue("app", "istiod"))
		Expect(kinds(built)).To(And(ContainElement("PodDisruptionBudget"), Not(ContainElement("HorizontalPodAutoscaler"))))
	},
		Entry("Default runs two replicas, spread over nodes", v1.ScalingDefault),
		Entry("nothing is Default", v1.ScalingProfile("")),
	)

	It("of Demo runs one small replica", func() {
		built := scaled(v1.ScalingDemo)
		istiod := istiodOf(built)
		Expect(istiod.Spec.Replicas).To(HaveValue(BeEquivalentTo(1)))
		Expect(istiod.Spec.Template.Spec.Containers[0].Resources.Requests.Memory().String()).To(Equal("100Mi"))
		Expect(kinds(built)).NotTo(ContainElement("HorizontalPodAutoscaler"))
	})

	It("of Large is autoscaled from four big replicas and leaves their number to the autoscaler", func() {
		built := scaled(v1.ScalingLarge)
		istiod := istiodOf(built)
		Expect(istiod.Spec.Replicas).To(BeNil())
		Expect(istiod.Spec.Template.Spec.Containers[0].Resources.Requests.Memory().String()).To(Equal("4Gi"))
		Expect(string(body(built, "HorizontalPodAutoscaler", "istiod"))).To(And(
			ContainSubstring(`"minReplicas":4`), ContainSubstring(`"maxReplicas":10`)))
	})

	It("gives way to values", func() {
		built := build(inputOf(withValues("pilot: {replicaCount: 3}")))
		Expect(istiodOf(built).Spec.Replicas).To(HaveValue(BeEquivalentTo(3)))
		Expect(componentOf(built, v1.ComponentIstiod).Values.Origin).To(HaveKeyWithValue("pilot.replicaCount", "spec.values"))
	})
})

var _ = DescribeTable("The version decides the tag", func(values, named string) {
	built := build(inputOf(withValues(values)))
	Expect(images(built)).To(HaveEach(MatchRegexp(`:1\.29\.1(-distroless)?$`)))
	if named == "" {
		Expect(built.Notices).To(BeEmpty())
		return
	}
	Expect(built.Notices).To(Equal([]plan.Notice{{
		Reason: v1.ReasonValuesOverridden, Message: "spec.version sets the image tag, not " + named + "; to run other images, set spec.image",
	}}))
},
	Entry("rather than global.tag", "global: {tag: 1.26.2}", "global.tag"),
	Entry("rather than the root's", "tag: 1.26.2", "tag"),
	Entry("rather than a number", "tag: 1.26", "tag"),
	Entry("rather than pilot.tag and cni.tag", "pilot: {tag: a}\ncni: {tag: b}", "pilot.tag, cni.tag"),
	Entry("rather than ztunnel.tag", "ztunnel: {tag: a}", "ztunnel.tag"),
	Entry("and says nothing of the same", "global: {tag: 1.29.1}", ""),
	Entry("rather than an empty one, of which it says nothing", "global: {tag: ''}\npilot: {tag: ''}", ""),
	Entry("rather than null, of which it says nothing", "global: {tag: null}", ""),
)

var _ = It("Values decide the tag where spec.image is given", func() {
	built := build(inputOf(withValues("global: {tag: 1.29.1-patched}"), func(s *v1.ServiceMeshControllerSpec) { s.Image = &v1.Image{Registry: "quay.io"} }))
	Expect(images(built)).To(HaveEach(ContainSubstring(":1.29.1-patched")))
	Expect(built.Notices).To(BeEmpty())
})

var _ = Describe("istiod's PodDisruptionBudget", func() {
	for _, version := range istio.Versions() {
		It("is left out on one node, where nothing else changes that restarts pods: "+version, func() {
			input := inputOf(func(s *v1.ServiceMeshControllerSpec) { s.Version = version })
			several := build(input)
			input.Facts.SingleNode = true
			one := build(input)
			budgets := func(p *plan.Plan) int {
				return len(slices.DeleteFunc(p.Objects(), func(o object.Object) bool { return o.GVK.Kind != "PodDisruptionBudget" }))
			}
			Expect(budgets(several)).To(Equal(1))
			Expect(budgets(one)).To(BeZero())
			Expect(istiodOf(one)).To(Equal(istiodOf(several)))
			input.Spec.Values = inputOf(withValues("global: {defaultPodDisruptionBudget: {enabled: true}}")).Spec.Values
			Expect(budgets(build(input))).To(Equal(1), "users decide")
		})

		It("is left out for one replica, which it would protect from every drain: "+version, func() {
			input := inputOf(func(s *v1.ServiceMeshControllerSpec) { s.Version, s.ScalingProfile = version, v1.ScalingDemo })
			Expect(build(input).Objects()).NotTo(ContainElement(HaveField("GVK.Kind", "PodDisruptionBudget")))
		})
	}
})

var _ = DescribeTable("The Gateway API", func(installed []gatewayapi.Installed, want bool) {
	input := inputOf()
	input.Facts.GatewayAPI = installed
	built := build(input)
	Expect(built.Components[0].Name).To(Equal("gateway-api"))
	Expect(len(built.Components[0].Objects) > 0).To(Equal(want))
	Expect(built.Notices).To(BeEmpty())
},
	Entry("is installed where there is none", nil, true),
	Entry("is upgraded where it is ours", []gatewayapi.Installed{{Name: "gateways", Version: "v1.3.0", Owned: true}}, true),
	Entry("is left alone where it is the operator's and newer", []gatewayapi.Installed{{Name: "gateways", Version: "v1.9.0", Owned: true}}, false),
	Entry("is left alone where it is somebody's", []gatewayapi.Installed{{Name: "gateways", Version: "v1.3.0"}}, false),
)

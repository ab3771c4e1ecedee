// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// clusterKinds are the kinds of a mesh that belong to no namespace.
var clusterKinds = sets.New("Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding",
	"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")

// headOf is an object's metadata.
func headOf(o object.Object) metav1.PartialObjectMetadata {
	GinkgoHelper()
	head := metav1.PartialObjectMetadata{}
	Expect(json.Unmarshal(o.Body, &head)).To(Succeed())
	return head
}

var _ = Describe("A sample", func() {
	for _, version := range istio.Versions() {
		for name, mesh := range samples() {
			Describe(name+" with Istio "+version, Ordered, func() {
				var (
					input plan.Input
					built *plan.Plan
				)
				BeforeAll(func() {
					input = plan.Input{Owner: mesh.Name, Spec: mesh.Spec}
					input.Spec.Version = version
					built = build(input)
				})

				It("is a complete ambient mesh in its order", func() {
					var names []string
					for _, component := range built.Components {
						names = append(names, component.Name)
						Expect(component.Objects).NotTo(BeEmpty(), component.Name)
						Expect(component.Digest).NotTo(BeEmpty(), component.Name)
					}
					Expect(names).To(Equal([]string{"gateway-api", "istio-base", "istiod", "istio-cni", "ztunnel"}))
					Expect(built.Version).To(Equal(version))
					Expect(built.Components[0].Version).To(HavePrefix("v1."))
					Expect(built.Components[1].Version).To(Equal(version))
				})

				It("marks every object as its own and leaves none outside its scope", func() { expectMarks(built, input.Owner) })

				It("applies what others need first and webhooks last", func() { expectWaves(built) })

				It("runs that version's images from a real hub", func() {
					image := regexp.MustCompile(`^docker\.io/istio/(pilot|install-cni|ztunnel):` + regexp.QuoteMeta(version) + `(-distroless)?$`)
					Expect(images(built)).To(HaveLen(3))
					Expect(images(built)).To(HaveEach(MatchRegexp(image.String())))
				})

				It("keeps CRDs when Helm uninstalls the chart", func() {
					for _, object := range componentOf(built, v1.ComponentBase).Objects {
						if object.GVK.Kind == "CustomResourceDefinition" {
							Expect(headOf(object).Annotations).To(HaveKeyWithValue("helm.sh/resource-policy", "keep"), object.Name)
						}
					}
				})

				It("is the same bytes each time", func() { expectSameBytes(input, built) })
			})
		}
	}
})

func expectMarks(built *plan.Plan, owner string) {
	GinkgoHelper()
	for _, component := range built.Components {
		for _, object := range component.Objects {
			head := headOf(object)
			Expect(head.Labels).To(HaveKeyWithValue("operator.gloo.solo.io/owner", owner), object.Name)
			Expect(head.Labels).To(HaveKeyWithValue("operator.gloo.solo.io/component", component.Name), object.Name)
			Expect(head.Name).To(Equal(object.Name))
			Expect(head.GroupVersionKind()).To(Equal(object.GVK))
			if clusterKinds.Has(object.GVK.Kind) {
				Expect(object.Namespace).To(BeEmpty(), "%s %s", object.GVK.Kind, object.Name)
			} else {
				Expect(object.Namespace).To(Equal("istio-system"), "%s %s", object.GVK.Kind, object.Name)
			}
			if component.Rendered == nil || object.GVK.Kind == "Namespace" {
				Expect(head.Annotations).NotTo(HaveKey("meta.helm.sh/release-name"), object.Name)
			} else {
				Expect(head.Annotations).To(HaveKeyWithValue("meta.helm.sh/release-name", component.Name), object.Name)
				Expect(head.Annotations).To(HaveKeyWithValue("meta.helm.sh/release-namespace", "istio-system"), object.Name)
			}
		}
	}
}

func expectWaves(built *plan.Plan) {
	GinkgoHelper()
	for _, component := range built.Components {
		waves := map[string]int{}
		for _, object := range component.Objects {
			waves[object.GVK.Kind] = object.Wave
		}
		Expect(slices.IsSortedFunc(component.Objects, func(a, b object.Object) int { return a.Wave - b.Wave })).To(BeTrue(), component.Name)
		before := func(first, second string) {
			GinkgoHelper()
			one, both := waves[first]
			if other, ok := waves[second]; ok && both {
				Expect(one).To(BeNumerically("<", other), "%s before %s in %s", first, second, component.Name)
			}
		}
		for kind := range waves {
			if kind != "Namespace" {
				before("Namespace", kind)
			}
		}
		for _, workload := range []string{"Deployment", "DaemonSet"} {
			for _, needed := range []string{"CustomResourceDefinition", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "Service"} {
				before(needed, workload)
			}
			before(workload, "ValidatingWebhookConfiguration")
			before(workload, "MutatingWebhookConfiguration")
		}
	}
}

// expectSameBytes builds again: with the same builder and another, and with the
// values' keys in random order.
func expectSameBytes(input plan.Input, built *plan.Plan) {
	GinkgoHelper()
	want := text(built)
	builder := new(plan.Builder)
	Expect(text(buildWith(builder, input))).To(Equal(want), "with another builder")
	Expect(text(buildWith(builder, input))).To(Equal(want), "with the same builder")
	if input.Spec.Values == nil {
		return
	}
	random := rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), 0))
	for range 3 {
		var values any
		Expect(json.Unmarshal(input.Spec.Values.Raw, &values)).To(Succeed())
		raw := shuffled(random, values)
		input.Spec.Values = &apiextensionsv1.JSON{Raw: raw}
		Expect(text(buildWith(builder, input))).To(Equal(want), "seed %d, values %s", GinkgoRandomSeed(), raw)
		Expect(text(buildAnew(input))).To(Equal(want), "seed %d, values %s", GinkgoRandomSeed(), raw)
	}
}

var _ = Describe("The K3s and Cilium sample", func() {
	for _, version := range istio.Versions() {
		Describe("with Istio "+version, Ordered, func() {
			var built *plan.Plan
			BeforeAll(func() {
				input := plan.Input{Owner: "managed-istio", Spec: samples()["k3s-cilium.yaml"].Spec}
				input.Spec.Version = version
				built = build(input)
			})

			It("mounts the directories of Cilium, not those of K3s, into istio-cni", func() {
				daemonSet := objectAs[appsv1.DaemonSet](built, "DaemonSet", "istio-cni-node")
				paths := map[string]string{}
				for _, volume := range daemonSet.Spec.Template.Spec.Volumes {
					if volume.HostPath != nil {
						paths[volume.Name] = volume.HostPath.Path
					}
				}
				Expect(paths).To(HaveKeyWithValue("cni-bin-dir", "/opt/cni/bin"))
				Expect(paths).To(HaveKeyWithValue("cni-net-dir", "/etc/cni/net.d"))
				Expect(paths).NotTo(ContainElement(ContainSubstring("rancher")))
			})

			It("chains istio-cni behind Cilium and turns ambient on", func() {
				config := objectAs[corev1.ConfigMap](built, "ConfigMap", "istio-cni-config").Data
				Expect(config).To(HaveKeyWithValue("CHAINED_CNI_PLUGIN", "true"))
				Expect(config).To(HaveKeyWithValue("AMBIENT_ENABLED", "true"))
			})

			It("runs two istiods for ambient", func() {
				istiod := istiodOf(built)
				Expect(istiod.Spec.Replicas).To(HaveValue(BeEquivalentTo(2)))
				Expect(env(istiod.Spec.Template)).To(HaveKeyWithValue("PILOT_ENABLE_AMBIENT", "true"))
			})

			It("intercepts nothing in sidecars", func() {
				Expect(meshConfigOf(built)["defaultConfig"]).To(HaveKeyWithValue("interceptionMode", "NONE"))
			})

			It("names the one value that has no effect", func() {
				Expect(built.Notices).To(Equal([]plan.Notice{{
					Reason:  v1.ReasonValuesNotRead,
					Message: "no chart of Istio " + version + " reads these values, so they have no effect: ambient.redirectMode",
				}}))
			})
		})
	}
})

// everySection sets one value in each section.
const everySection = `
pilot: {podLabels: {probe: pilot-value}}
cni: {podAnnotations: {probe: cni-value}}
ztunnel: {logLevel: ztunnel-value}
base: {validationURL: https://base-value}
global: {imagePullPolicy: Never}
meshConfig: {accessLogFile: /dev/probe}
`

var _ = Describe("A value in the section", func() {
	for _, version := range istio.Versions() {
		Describe("with Istio "+version, Ordered, func() {
			var built *plan.Plan
			BeforeAll(func() { built = build(inputOf(ofVersion(version), withValues(everySection))) })

			DescribeTable("", func(kind, name, found string) {
				Expect(string(body(built, kind, name))).To(ContainSubstring(found))
			},
				Entry("pilot reaches istiod", "Deployment", "istiod", `"probe":"pilot-value"`),
				Entry("cni reaches istio-cni", "DaemonSet", "istio-cni-node", `"probe":"cni-value"`),
				Entry("ztunnel reaches ztunnel", "DaemonSet", "ztunnel", `"value":"ztunnel-value"`),
				Entry("base reaches the validating webhook", "ValidatingWebhookConfiguration", "istiod-default-validator", `"url":"https://base-value"`),
				Entry("global reaches istiod", "Deployment", "istiod", `"imagePullPolicy":"Never"`),
				Entry("global reaches istio-cni", "DaemonSet", "istio-cni-node", `"imagePullPolicy":"Never"`),
				Entry("global reaches ztunnel", "DaemonSet", "ztunnel", `"imagePullPolicy":"Never"`),
				Entry("meshConfig reaches the mesh config", "ConfigMap", "istio", `accessLogFile: /dev/probe`),
			)

			It("is known to be read", func() { Expect(built.Notices).To(BeEmpty()) })
		})
	}
})

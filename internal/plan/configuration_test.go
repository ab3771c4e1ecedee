// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

var _ = Describe("What pods read only when they start", func() {
	// digestOf is the digest on the pods of a workload; empty where there is none.
	digestOf := func(kind, name string, options ...option) string {
		workload := objectAs[appsv1.Deployment](build(inputOf(options...)), kind, name) // A DaemonSet's template stands at the same place.
		return workload.Spec.Template.Annotations[v1.ConfigDigestAnnotation]
	}

	for _, version := range istio.Versions() {
		// Hardened: a value that changes istio-cni-config alone | agents ran the old settings under SUCCEEDED
		It("has its digest on them: istio-cni-config of Istio "+version, func() {
			before := digestOf("DaemonSet", "istio-cni-node", ofVersion(version))
			Expect(before).NotTo(BeEmpty())
			Expect(digestOf("DaemonSet", "istio-cni-node", ofVersion(version), withValues("cni: {ambient: {ipv6: false}}"))).NotTo(Equal(before))
			Expect(digestOf("DaemonSet", "istio-cni-node", ofVersion(version), withValues("pilot: {env: {A: b}}"))).To(Equal(before))
		})

		It("is told for every ConfigMap of Istio "+version, func() {
			built := build(inputOf(ofVersion(version), withValues("pilot: {jwksResolverExtraRootCA: x}\ngatewayClasses: {istio: {service: {spec: {type: ClusterIP}}}}")))
			count := 0
			for _, component := range built.Components {
				for _, object := range component.Objects {
					if object.GVK.Kind == "ConfigMap" {
						count++
						Expect(plan.Classified(object.Name)).To(BeTrue(), "add %s to configMaps in configuration.go", object.Name)
					}
				}
			}
			Expect(count).To(BeNumerically(">=", 5))
		})
	}

	It("is nothing of ztunnel, nor of istiod as it is by default", func() {
		Expect(digestOf("DaemonSet", "ztunnel")).To(BeEmpty())
		Expect(digestOf("Deployment", "istiod")).To(BeEmpty())
	})

	It("is what istiod trusts besides, and not its mesh config", func() {
		trusting := func(more string) string {
			return digestOf("Deployment", "istiod", withValues("pilot: {jwksResolverExtraRootCA: "+more+"}"))
		}
		Expect(trusting("a")).NotTo(Or(BeEmpty(), Equal(trusting("b"))))
		mesh := withValues("pilot: {jwksResolverExtraRootCA: a}\nmeshConfig: {accessLogFile: /dev/stdout}")
		Expect(digestOf("Deployment", "istiod", mesh)).To(Equal(trusting("a")))
	})

	DescribeTable("follows from how a workload refers to it", func(reference string, changes bool) {
		digest := func(data string) string {
			found, err := plan.DigestOf("x", data, strings.ReplaceAll(reference, "NAME", "x"))
			Expect(err).NotTo(HaveOccurred())
			return found
		}
		Expect(digest("a") != digest("b")).To(Equal(changes))
		Expect(digest("a") != "").To(Equal(changes))
	},
		Entry("as environment", `{containers: [{envFrom: [{configMapRef: {name: NAME}}]}]}`, true),
		Entry("as one variable", `{initContainers: [{env: [{name: A, valueFrom: {configMapKeyRef: {name: NAME, key: a}}}]}]}`, true),
		Entry("as a volume", `{volumes: [{name: v, configMap: {name: NAME}}]}`, true),
		Entry("as a part of a volume", `{volumes: [{name: v, projected: {sources: [{configMap: {name: NAME}}]}}]}`, true),
		Entry("as a volume that is no ConfigMap", `{volumes: [{name: v, secret: {secretName: NAME}}]}`, false),
		Entry("as another object's name", `{volumes: [{name: NAME, configMap: {name: other}}]}`, false),
	)

	It("counts as a variable even where the program watches the ConfigMap", func() {
		variable, err := plan.DigestOf("istio", "a", `{containers: [{env: [{name: A, valueFrom: {configMapKeyRef: {name: istio, key: a}}}]}]}`)
		Expect(err).NotTo(HaveOccurred())
		volume, err := plan.DigestOf("istio", "a", `{volumes: [{name: v, configMap: {name: istio}}]}`)
		Expect(err).NotTo(HaveOccurred())
		Expect(variable).NotTo(BeEmpty())
		Expect(volume).To(BeEmpty())
	})
})

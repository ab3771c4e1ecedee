// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"errors"
	"sync"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

var _ = Describe("A builder", func() {
	It("refuses a version that is not bundled, and goes on", func() {
		builder := new(plan.Builder)
		_, err := builder.Build(inputOf(ofVersion("1.2.3")))
		var unknown *istio.UnknownVersionError
		Expect(errors.As(err, &unknown)).To(BeTrue())
		buildWith(builder, inputOf())
	})

	DescribeTable("refuses values, and goes on:", func(values, message string) {
		builder := new(plan.Builder)
		want := text(buildWith(builder, inputOf()))
		_, err := builder.Build(inputOf(withValues(values)))
		var invalid *plan.InvalidValuesError
		Expect(errors.As(err, &invalid)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring(message)))
		Expect(text(buildWith(builder, inputOf()))).To(Equal(want))
	},
		Entry("no section", "[1]", "spec.values is not a map"),
		Entry("a number for a section", "pilot: 3", "spec.values: pilot must be a map, not a number"),
		Entry("a number over a section of the operator's own", "global: {proxy: 3}", "spec.values: global.proxy must be a map, not a number"),
		Entry("an unknown platform", "global: {platform: nowhere}", "rendering chart base: unknown platform [global.platform]"),
		Entry("what a later chart refuses", "ztunnel: {resources: many}", "spec.values: ztunnel.resources must be a map, not a string"),
	)

	It("takes values that are null as none", func() {
		input := inputOf()
		want := text(buildAnew(input))
		input.Spec.Values = &apiextensionsv1.JSON{Raw: []byte("null")}
		Expect(text(buildAnew(input))).To(Equal(want))
	})

	It("takes spelled-out defaults as what they stand for", func() {
		want := text(buildAnew(inputOf()))
		Expect(text(buildAnew(inputOf(func(s *v1.ServiceMeshControllerSpec) {
			s.DataplaneMode, s.InstallNamespace, s.Distribution = v1.Ambient, "istio-system", v1.Standard
			s.ScalingProfile, s.TrafficCaptureMode, s.OnConflict = v1.ScalingDefault, v1.CaptureAuto, v1.Abort
		})))).To(Equal(want))
	})

	It("forgets nothing of what it is asked for when asked for something else between", func() {
		builder := new(plan.Builder)
		others := []plan.Input{
			inputOf(ofVersion("1.28.2")),
			inputOf(withValues("profile: demo")),
			inputOf(func(s *v1.ServiceMeshControllerSpec) { s.Network = "network1" }),
			inputOf(func(s *v1.ServiceMeshControllerSpec) { s.InstallNamespace = "mesh" }),
			{Owner: "somebody", Spec: inputOf().Spec},
			{Owner: "managed-istio", Spec: inputOf().Spec, Facts: plan.Facts{KubernetesVersion: "v1.30.0"}},
		}
		for _, other := range others {
			buildWith(builder, inputOf())
			Expect(text(buildWith(builder, other))).To(Equal(text(buildAnew(other))))
		}
		Expect(text(buildWith(builder, inputOf()))).To(Equal(text(buildAnew(inputOf()))))
	})

	It("keeps the plans of two versions, and no more", func() {
		builder := new(plan.Builder)
		running, next, other := inputOf(ofVersion("1.28.2")), inputOf(ofVersion("1.29.1")), inputOf(ofVersion("1.27.9"))
		first, second := buildWith(builder, running), buildWith(builder, next)
		for range 2 {
			Expect(buildWith(builder, running)).To(BeIdenticalTo(first))
			Expect(buildWith(builder, next)).To(BeIdenticalTo(second))
		}
		buildWith(builder, other)
		Expect(buildWith(builder, next)).To(BeIdenticalTo(second))
		Expect(buildWith(builder, running)).NotTo(BeIdenticalTo(first))
	})

	It("allocates next to nothing for a plan that was asked for before", func() {
		builder, input := new(plan.Builder), inputOf()
		buildWith(builder, input)
		Expect(testing.AllocsPerRun(10, func() { buildWith(builder, input) })).To(BeNumerically("<", 100))
	})

	It("notices a network that values hide", func() {
		builder := new(plan.Builder)
		hidden := withValues("global: {network: from-values}")
		buildWith(builder, inputOf(hidden))
		built := buildWith(builder, inputOf(hidden, func(s *v1.ServiceMeshControllerSpec) { s.Network = "network1" }))
		Expect(string(body(built, "Namespace", "istio-system"))).To(ContainSubstring(`"topology.istio.io/network":"network1"`))
	})

	It("tells where values come from now, though they are the same as before", func() {
		builder := new(plan.Builder)
		origin := func(built *plan.Plan) string {
			return componentOf(built, v1.ComponentIstiod).Values.Origin["pilot.replicaCount"]
		}
		Expect(origin(buildWith(builder, inputOf()))).To(Equal("spec.scalingProfile"))
		Expect(origin(buildWith(builder, inputOf(withValues("pilot: {replicaCount: 2}"))))).To(Equal("spec.values"))
	})

	It("gives a component another digest where values change, and only there", func() {
		builder := new(plan.Builder)
		before := buildWith(builder, inputOf())
		after := buildWith(builder, inputOf(withValues("ztunnel: {logLevel: debug}")))
		for i, component := range after.Components {
			changed := component.Name == v1.ComponentZtunnel
			Expect(component.Digest != before.Components[i].Digest).To(Equal(changed), component.Name)
		}
	})

	It("is used by several at once", func() {
		builder := new(plan.Builder)
		want := text(buildAnew(inputOf()))
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				defer GinkgoRecover()
				Expect(text(buildWith(builder, inputOf()))).To(Equal(want))
			})
		}
		group.Wait()
	})
})

var _ = It("Values win in the order of their layers", func() {
	built := build(inputOf(
		withValues("global: {network: from-values, hub: quay.io/istio}\nprofile: demo\npilot: {replicaCount: 5}"),
		func(s *v1.ServiceMeshControllerSpec) { s.Network, s.Cluster = "from-spec", "cluster1" },
	))
	Expect(componentOf(built, v1.ComponentIstiod).Values.Origin).To(And(
		HaveKeyWithValue("global.hub", "spec.values"),
		HaveKeyWithValue("global.tag", "release"),
		HaveKeyWithValue("global.network", "spec.values"),
		HaveKeyWithValue("global.multiCluster.clusterName", "spec"),
		HaveKeyWithValue("profile", "spec.values"),
		HaveKeyWithValue("pilot.replicaCount", "spec.values"),
		HaveKeyWithValue("pilot.autoscaleEnabled", "spec.scalingProfile"),
	))
})

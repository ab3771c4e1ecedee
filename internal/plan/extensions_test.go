// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

var _ = Describe("The extensions ConfigMap", func() {
	build := func(values string, data map[string]string) (*plan.Plan, error) {
		spec := v1.ServiceMeshControllerSpec{Version: "1.29.1", Values: &apiextensionsv1.JSON{Raw: []byte(values)}}
		return new(plan.Builder).Build(plan.Input{Owner: "x", Spec: spec, Extensions: data})
	}
	valuesOf := func(p *plan.Plan, component string) map[string]any {
		for _, c := range p.Components {
			if c.Name == component {
				return c.Values.Values
			}
		}
		return nil
	}

	It("reaches its own chart and no other, under each spelling of the key", func() {
		p, err := build(`{}`, map[string]string{
			"values.istio-base": "base: {validationURL: a}", "values.istiod": "traceSampling: 7", "values.istio-cni": "logging: {level: debug}", "values.istio-ztunnel": "logLevel: debug",
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(valuesOf(p, v1.ComponentBase)["base"]).To(HaveKeyWithValue("validationURL", "a"))
		Expect(valuesOf(p, v1.ComponentIstiod)["pilot"]).To(HaveKeyWithValue("traceSampling", BeNumerically("==", 7)))
		Expect(valuesOf(p, v1.ComponentCNI)["cni"]).To(HaveKeyWithValue("logging", map[string]any{"level": "debug"}))
		Expect(valuesOf(p, v1.ComponentZtunnel)).To(HaveKeyWithValue("logLevel", "debug"))
		Expect(valuesOf(p, v1.ComponentIstiod)).NotTo(HaveKey("logLevel"))

		p, err = build(`{}`, map[string]string{"values.base": "base: {validationURL: b}", "values.cni": "chained: false", "values.ztunnel": "logLevel: warn"})
		Expect(err).NotTo(HaveOccurred())
		Expect(valuesOf(p, v1.ComponentBase)["base"]).To(HaveKeyWithValue("validationURL", "b"))
		Expect(valuesOf(p, v1.ComponentCNI)["cni"]).To(HaveKeyWithValue("chained", false))
		Expect(valuesOf(p, v1.ComponentZtunnel)).To(HaveKeyWithValue("logLevel", "warn"))
	})

	It("loses to spec.values and wins over spec's own fields", func() {
		p, err := build(`{"ztunnel":{"logLevel":"error"}}`, map[string]string{"values.ztunnel": "logLevel: debug\nterminationGracePeriodSeconds: 9"})
		Expect(err).NotTo(HaveOccurred())
		Expect(valuesOf(p, v1.ComponentZtunnel)).To(And(HaveKeyWithValue("logLevel", "error"), HaveKeyWithValue("terminationGracePeriodSeconds", BeNumerically("==", 9))))
		p, err = build(`{}`, map[string]string{"values.istiod": "pilot: {replicaCount: 5}"})
		Expect(err).NotTo(HaveOccurred())
		Expect(valuesOf(p, v1.ComponentIstiod)["pilot"]).To(HaveKeyWithValue("replicaCount", BeNumerically("==", 5)))
	})

	It("does not choose the version", func() {
		p, err := build(`{}`, map[string]string{"values.ztunnel": "tag: 1.28.2"})
		Expect(err).NotTo(HaveOccurred())
		Expect(valuesOf(p, v1.ComponentZtunnel)).To(HaveKeyWithValue("tag", "1.29.1"))
		Expect(p.Notices).To(ContainElement(HaveField("Reason", v1.ReasonValuesOverridden)))
	})

	It("has the keys named that no chart reads", func() {
		p, err := build(`{}`, map[string]string{"values.ztunnel": "nonsense: 1"})
		Expect(err).NotTo(HaveOccurred())
		Expect(p.Notices).To(ContainElement(HaveField("Message", ContainSubstring("nonsense"))))
	})

	It("may have keys for other products, which are named", func() {
		p, err := build(`{}`, map[string]string{"values.kagent": "[", "values.gloo": "a: 1", "values.ztunnel": "logLevel: debug"})
		Expect(err).NotTo(HaveOccurred())
		Expect(valuesOf(p, v1.ComponentZtunnel)).To(HaveKeyWithValue("logLevel", "debug"))
		Expect(p.Notices).To(ConsistOf(plan.Notice{
			Reason: v1.ReasonValuesNotRead,
			Message: "the ConfigMap gloo-extensions-config has keys that are for no component of the mesh, so they have no effect: " +
				"values.gloo, values.kagent; the keys are values.base, values.cni, values.istio-base, values.istio-cni, values.istio-ztunnel, values.istiod, values.ztunnel",
		}))
	})

	It("may be empty", func() {
		_, err := build(`{}`, map[string]string{"values.istiod": "", "values.ztunnel": "# nothing\n"})
		Expect(err).NotTo(HaveOccurred())
	})

	DescribeTable("is refused with key and line",
		func(data map[string]string, message string) {
			_, err := build(`{}`, data)
			extensions := &plan.ExtensionsError{}
			Expect(errors.As(err, &extensions)).To(BeTrue(), "%v", err)
			Expect(extensions.Error()).To(ContainSubstring(message))
		},
		Entry("where the YAML is broken", map[string]string{"values.istiod": "a: 1\nb: [\n"}, "key values.istiod: yaml: line 2"),
		Entry("where a name stands twice", map[string]string{"values.istiod": "a: 1\na: 2\n"}, `line 2: key "a" already set`),
		Entry("where it is no section", map[string]string{"values.istiod": "text"}, "key values.istiod: not a map of Helm values"),
		Entry("where a section is something else", map[string]string{"values.istiod": "meshConfig:\n  enableTracing: true\nglobal: 7\n"},
			"key values.istiod, line 3: global must be a map, not a number"),
		Entry("where a deeper section is something else", map[string]string{"values.istiod": "pilot:\n  env: {}\n  topologySpreadConstraints: []\n  cni: 7\nglobal:\n  multiCluster: {}\nmeshConfig: []\n"},
			"key values.istiod, line 7: meshConfig must be a map, not a list"),
	)
})

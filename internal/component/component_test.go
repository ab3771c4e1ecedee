// SPDX-License-Identifier: Apache-2.0

package component_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/component"
)

var _ = Describe("The table of components", func() {
	It("is in the order of installation", func() {
		var names []string
		for _, c := range component.All() {
			names = append(names, c.Name)
		}
		Expect(names).To(Equal([]string{"gateway-api", "istio-base", "istiod", "istio-cni", "ztunnel", "probe"}))
		Expect(component.RemovalOrder()).To(Equal([]string{"probe", "ztunnel", "istio-cni", "istiod", "istio-base", "gateway-api"}))
	})

	It("has the charts and their sections of values", func() {
		Expect(component.Releases()).To(Equal([]string{"istio-base", "istiod", "istio-cni", "ztunnel"}))
		Expect(component.Charts()).To(Equal([]string{"base", "istiod", "cni", "ztunnel"}))
		Expect(component.Sections()).To(Equal([]string{"base", "pilot", "cni", "ztunnel"}))
		Expect(component.Find(v1.ComponentGatewayAPI).Chart).To(BeEmpty())
	})

	DescribeTable("has a component", func(name, directory, kind, workload string, keys ...string) {
		c := component.Find(name)
		Expect(c.Name).To(Equal(name))
		Expect(c.Directory).To(Equal(directory))
		Expect(c.Workload).To(Equal(component.Workload{Kind: kind, Name: workload}))
		Expect(c.ExtensionKeys).To(Equal(keys))
	},
		Entry(nil, v1.ComponentBase, "charts/base", "", "", "values.istio-base", "values.base"),
		Entry(nil, v1.ComponentIstiod, "charts/istio-control/istio-discovery", "Deployment", "istiod", "values.istiod"),
		Entry(nil, v1.ComponentCNI, "charts/istio-cni", "DaemonSet", "istio-cni-node", "values.istio-cni", "values.cni"),
		Entry(nil, v1.ComponentZtunnel, "charts/ztunnel", "DaemonSet", "ztunnel", "values.istio-ztunnel", "values.ztunnel"),
	)

	It("has no other component", func() {
		Expect(component.Find("istio-ingress")).To(Equal(component.Component{}))
	})

	It("tells which components a condition speaks of", func() {
		Expect(component.ByCondition()).To(Equal(map[string][]string{
			v1.ConditionCRDInstalled:         {v1.ComponentGatewayAPI, v1.ComponentBase},
			v1.ConditionControlPlaneDeployed: {v1.ComponentIstiod},
			v1.ConditionCNIDeployed:          {v1.ComponentCNI},
			v1.ConditionZtunnelDeployed:      {v1.ComponentZtunnel},
			v1.ConditionWebhookDeployed:      {v1.ComponentBase, v1.ComponentIstiod},
		}))
	})

	It("tells the component of a chart's objects", func() {
		Expect(component.ByAppName()).To(Equal(map[string]string{
			"istio-reader": v1.ComponentBase, "istiod": v1.ComponentIstiod, "istio-cni": v1.ComponentCNI, "ztunnel": v1.ComponentZtunnel,
		}))
	})
})

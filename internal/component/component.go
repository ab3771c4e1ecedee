// SPDX-License-Identifier: Apache-2.0

package component

import (
	"slices"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Component is a part of a mesh that is installed and removed as one.
type Component struct {
	// Name in the status, and of the Helm release.
	Name string
	// Chart is the name by which the Helm chart is published. Empty: there is none.
	Chart string
	// Directory is the chart's place in Istio's manifests.
	Directory string
	// Section is where the chart's own values stand in the one tree that users write, as
	// for istioctl.
	Section string
	// ExtensionKeys are the keys of the extensions ConfigMap that have values for the chart.
	ExtensionKeys []string
	// AppName is the value of the label app.kubernetes.io/name on the chart's objects.
	AppName string
	// Workload is the kind and the name of the workload without which the component
	// does nothing. Empty: it has none.
	Workload Workload
	// Conditions are the types of the conditions that speak of the component.
	Conditions []string
}

// Workload names a Deployment or a DaemonSet of the install namespace.
type Workload struct {
	// Kind and Name of the workload.
	Kind, Name string
}

// components is the table, in the order of installation.
var components = []Component{
	{
		Name:       v1.ComponentGatewayAPI,
		Conditions: []string{v1.ConditionCRDInstalled},
	},
	{
		Name: v1.ComponentBase, Chart: "base", Directory: "charts/base", Section: "base",
		ExtensionKeys: []string{"values.istio-base", "values.base"},
		AppName:       "istio-reader",
		Conditions:    []string{v1.ConditionCRDInstalled, v1.ConditionWebhookDeployed},
	},
	{
		Name: v1.ComponentIstiod, Chart: "istiod", Directory: "charts/istio-control/istio-discovery", Section: "pilot",
		ExtensionKeys: []string{"values.istiod"},
		AppName:       "istiod",
		Workload:      Workload{"Deployment", "istiod"},
		Conditions:    []string{v1.ConditionControlPlaneDeployed, v1.ConditionWebhookDeployed},
	},
	{
		Name: v1.ComponentCNI, Chart: "cni", Directory: "charts/istio-cni", Section: "cni",
		ExtensionKeys: []string{"values.istio-cni", "values.cni"},
		AppName:       "istio-cni",
		Workload:      Workload{"DaemonSet", "istio-cni-node"},
		Conditions:    []string{v1.ConditionCNIDeployed},
	},
	{
		Name: v1.ComponentZtunnel, Chart: "ztunnel", Directory: "charts/ztunnel", Section: "ztunnel",
		ExtensionKeys: []string{"values.istio-ztunnel", "values.ztunnel"},
		AppName:       "ztunnel",
		Workload:      Workload{"DaemonSet", "ztunnel"},
		Conditions:    []string{v1.ConditionZtunnelDeployed},
	},
	{Name: v1.ComponentProbe},
}

// All lists the components in the order of installation.
func All() []Component { return slices.Clone(components) }

// Charted lists the components that have a chart, in the order of installation.
func Charted() []Component {
	return slices.DeleteFunc(All(), func(c Component) bool { return c.Chart == "" })
}

// Find finds a component by its name; the zero Component where there is none.
func Find(name string) Component {
	for _, c := range components {
		if c.Name == name {
			return c
		}
	}
	return Component{}
}

// RemovalOrder lists the names of the components in the order in which they are
// removed: the reverse of the order of installation.
func RemovalOrder() []string {
	var names []string
	for _, c := range slices.Backward(components) {
		names = append(names, c.Name)
	}
	return names
}

// Releases lists the names of the Helm releases that the operator records: those of the
// components that have a chart.
func Releases() []string {
	var names []string
	for _, c := range Charted() {
		names = append(names, c.Name)
	}
	return names
}

// Charts lists the names by which the components' charts are published.
func Charts() []string {
	var names []string
	for _, c := range Charted() {
		names = append(names, c.Chart)
	}
	return names
}

// Sections lists the sections of values of the components' charts.
func Sections() []string {
	var names []string
	for _, c := range Charted() {
		names = append(names, c.Section)
	}
	return names
}

// ByCondition lists for each type of condition the names of the components that it
// speaks of, in the order of installation.
func ByCondition() map[string][]string {
	names := map[string][]string{}
	for _, c := range components {
		for _, condition := range c.Conditions {
			names[condition] = append(names[condition], c.Name)
		}
	}
	return names
}

// ByAppName returns for each value of the label app.kubernetes.io/name that Istio's
// charts set the name of the component.
func ByAppName() map[string]string {
	names := map[string]string{}
	for _, c := range Charted() {
		names[c.AppName] = c.Name
	}
	return names
}

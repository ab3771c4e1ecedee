// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/values"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// chartFolders is where each component's chart stands in Istio's manifests. A
// component's name is also its Helm release's.
var chartFolders = map[string]string{
	v1.ComponentBase:    "charts/base",
	v1.ComponentIstiod:  "charts/istio-control/istio-discovery",
	v1.ComponentCNI:     "charts/istio-cni",
	v1.ComponentZtunnel: "charts/ztunnel",
}

// ComponentNames lists the components that the spec asks for, in the order in
// which they are applied.
func ComponentNames(spec v1.ServiceMeshControllerSpec) []string {
	names := []string{v1.ComponentGatewayAPI, v1.ComponentBase, v1.ComponentIstiod}
	if spec.DataplaneMode != v1.Sidecar || spec.TrafficCaptureMode != v1.CaptureInitContainer {
		names = append(names, v1.ComponentCNI)
	}
	if spec.DataplaneMode != v1.Sidecar {
		names = append(names, v1.ComponentZtunnel)
	}
	return names
}

// load loads the charts of the components that the spec asks for.
func (b *Builder) load(release istio.Release, input Input) ([]values.Chart, error) {
	var charts []values.Chart
	for _, name := range ComponentNames(input.Spec)[1:] {
		load, key := chartOf(name, release, input.Archives)
		chart, err := b.charts.get(name, key, load)
		if err != nil {
			return nil, err
		}
		charts = append(charts, values.Chart{Component: name, Reader: chart})
	}
	return charts, nil
}

// component merges the values for a chart and renders it.
func (b *Builder) component(c values.Chart, layers []values.Layer, input Input) (Component, error) {
	merged, err := values.Merge(c, layers)
	if err != nil {
		return Component{}, err
	}
	if err := cmp.Or(checkReserved(c.Component, merged, input), checkTemplates(merged)); err != nil {
		return Component{}, err
	}
	component := Component{Name: c.Component, Version: input.Spec.Version, Values: merged}
	request := helm.Request{
		Release: c.Component, Namespace: namespaceOf(input.Spec),
		KubernetesVersion: input.Facts.KubernetesVersion, Values: merged.Values,
	}
	chart := c.Reader.(*helm.Chart)
	key := digest([]any{input.Owner, component.Version, chart.Digest(), input.Spec.Network, input.PullSecrets, request})
	component, err = b.components.get(c.Component, key, func() (Component, error) {
		rendered, objects, err := chart.Render(request)
		if err != nil {
			return Component{}, err
		}
		err = cmp.Or(checkBounds(chart.Name(), objects, request.Namespace),
			guard(c.Component, objects, request.Namespace), intrudes(chart, request, objects))
		if err != nil {
			return Component{}, err
		}
		component.Rendered = rendered
		return finish(component, objects, input)
	})
	component.Values = merged // The same values may come from other layers now.
	return component, err
}

// addNotices tells about values without effect.
func (p *Plan) addNotices(charts []values.Chart, layers []values.Layer, spec v1.ServiceMeshControllerSpec) {
	if unread := values.Unread(charts, layers); len(unread) > 0 {
		p.Notices = append(p.Notices, Notice{Reason: v1.ReasonValuesNotRead, Message: fmt.Sprintf(
			"values that no chart of Istio %s reads, kept and without effect: %s", p.Version, wording.List(unread))})
	}
	if spec.Image != nil {
		return
	}
	var paths []string
	for _, layer := range layers {
		if layer.FromUser {
			paths = append(paths, otherTags(layer.Values, p.Version)...)
		}
	}
	if len(paths) > 0 {
		p.Notices = append(p.Notices, Notice{Reason: v1.ReasonValuesOverridden, Message: fmt.Sprintf(
			"spec.version decides the image tag, not %s; to run other images set spec.image", wording.List(paths))})
	}
}

// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/values"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// ComponentNames lists the components that spec requires, in the order in which they are
// applied.
func ComponentNames(spec v1.ServiceMeshControllerSpec) []string {
	var names []string
	for _, c := range component.All() {
		if wanted(c.Name, spec) {
			names = append(names, c.Name)
		}
	}
	return names
}

// wanted reports whether spec requires a component.
func wanted(name string, spec v1.ServiceMeshControllerSpec) bool {
	switch name {
	case v1.ComponentCNI:
		return spec.DataplaneMode != v1.Sidecar || spec.TrafficCaptureMode != v1.CaptureInitContainer
	case v1.ComponentZtunnel:
		return spec.DataplaneMode != v1.Sidecar
	case v1.ComponentProbe:
		return ProbeEnabled(spec)
	default:
		return true
	}
}

// load loads the charts of the required components.
func (b *Builder) load(release istio.Release, input Input) ([]values.Chart, error) {
	var charts []values.Chart
	for _, c := range component.Charted() {
		if !wanted(c.Name, input.Spec) {
			continue
		}
		name := c.Name
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
			checkSanity(c.Component, objects, request.Namespace), checkLineInjection(chart, request, objects))
		if err != nil {
			return Component{}, err
		}
		component.Rendered = rendered
		return finish(component, objects, input)
	})
	component.Values = merged // The same values may come from other layers now.
	return component, err
}

// addNotices reports values without effect.
func (p *Plan) addNotices(charts []values.Chart, layers []values.Layer, input Input) {
	if foreign := foreignKeys(input.Extensions); len(foreign) > 0 {
		p.Notices = append(p.Notices, Notice{Reason: v1.ReasonValuesNotRead, Message: fmt.Sprintf(
			"the ConfigMap %s has keys that are for no component of the mesh, so they have no effect: %s; the keys are %s",
			v1.ExtensionsName, wording.List(foreign), wording.List(slices.Sorted(maps.Keys(extensionKeys))))})
	}
	if unread := values.Unread(charts, layers); len(unread) > 0 {
		p.Notices = append(p.Notices, Notice{Reason: v1.ReasonValuesNotRead, Message: fmt.Sprintf(
			"no chart of Istio %s reads these values, so they have no effect: %s", p.Version, wording.List(unread))})
	}
	p.addRetired(layers, input.Spec)
	if input.Spec.Image != nil {
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
			"spec.version sets the image tag, not %s; to run other images, set spec.image", wording.List(paths))})
	}
}

// addRetired reports images and charts at places that the Istio project gives up.
func (p *Plan) addRetired(layers []values.Layer, spec v1.ServiceMeshControllerSpec) {
	var from []string
	if spec.Image != nil && istio.Retired(hubOf(spec.Image)) {
		from = append(from, "spec.image")
	}
	if spec.Repository != nil && istio.Retired(spec.Repository.URL) {
		from = append(from, "spec.repository")
	}
	for _, layer := range layers {
		global, _ := layer.Values["global"].(tree)
		if hub, _ := global["hub"].(string); layer.FromUser && istio.Retired(hub) {
			from = append(from, layer.Name+" global.hub")
		}
	}
	if len(from) > 0 {
		p.Notices = append(p.Notices, Notice{Reason: v1.ReasonRegistryRetired, Message: fmt.Sprintf(
			"%s names a registry that has nothing of Istio 1.31 and newer and that the Istio project turns off in December 2026: "+
				"use docker.io/istio for images and %s for charts", wording.List(from), istio.DefaultRepository)})
	}
}

// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// Proxies is what Image.For has for proxies: sidecars, waypoints and gateways, which istiod
// starts.
const Proxies = "proxies"

// Image is an image that a mesh needs.
type Image struct {
	// Name is the full name with the tag, such as docker.io/istio/pilot:1.31.0-distroless.
	Name string
	// For are the components whose pods run it, and Proxies, sorted.
	For []string
}

// Images returns the images that the plan's pods run, and those of the proxies that istiod
// starts for users, sorted by name. Images that users set by annotations of their own pods
// are not among them.
func (p *Plan) Images() ([]Image, error) {
	users := map[string]map[string]bool{}
	add := func(user string, names ...string) {
		for _, name := range names {
			if users[name] == nil {
				users[name] = map[string]bool{}
			}
			users[name][user] = true
		}
	}
	for _, component := range p.Components {
		for _, o := range component.Objects {
			pod, err := podOf(o)
			if err != nil {
				return nil, err
			}
			add(component.Name, imagesOf(pod)...)
		}
		if component.Name == v1.ComponentIstiod {
			proxies, err := proxyImages(component)
			if err != nil {
				return nil, fmt.Errorf("finding the images of proxies: %w", err)
			}
			add(Proxies, proxies...)
		}
	}
	images := make([]Image, 0, len(users))
	for _, name := range slices.Sorted(maps.Keys(users)) {
		images = append(images, Image{Name: name, For: slices.Sorted(maps.Keys(users[name]))})
	}
	return images, nil
}

// podOf returns the pods of a workload. Those of another object have no containers.
func podOf(o object.Object) (corev1.PodSpec, error) {
	workload := struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}{}
	if !o.Key().Workload() {
		return corev1.PodSpec{}, nil
	}
	if err := json.Unmarshal(o.Body, &workload); err != nil {
		return corev1.PodSpec{}, fmt.Errorf("reading %s: %w", o.Key(), err)
	}
	return workload.Spec.Template.Spec, nil
}

func imagesOf(pod corev1.PodSpec) []string {
	var names []string
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		names = append(names, container.Image)
	}
	return names
}

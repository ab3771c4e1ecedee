// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// The names of the images of proxies unless values have others.
const (
	proxyImage        = "proxyv2"
	agentgatewayImage = "agentgateway"
)

// agentgatewayVariable turns the third kind of proxy on in istiod:
// pilot/pkg/features/experimental.go.
const agentgatewayVariable = "PILOT_ENABLE_AGENTGATEWAY"

// injection is by what istiod names the images of proxies.
type injection struct {
	// Global are values in the ConfigMap istio-sidecar-injector.
	Global struct {
		Hub          string     `json:"hub"`
		Tag          any        `json:"tag"`
		Variant      string     `json:"variant"`
		Proxy        namedImage `json:"proxy"`
		ProxyInit    namedImage `json:"proxy_init"`
		Agentgateway namedImage `json:"agentgateway"`
	} `json:"global"`
	// imageType is that of the mesh config. Empty: it has none.
	imageType string
	// agentgateway reports whether istiod starts this kind of proxy.
	agentgateway bool
}

type namedImage struct {
	Image string `json:"image"`
}

// proxyImages returns the images of sidecars, their init containers, waypoints and gateways.
// It names them as istiod does: ProxyImage, ProxyInitImage and AgentgatewayImage in
// pkg/kube/inject/inject.go, and the templates in
// manifests/charts/istio-control/istio-discovery/files.
func proxyImages(istiod Component) ([]string, error) {
	i := injection{}
	for _, o := range istiod.Objects {
		if err := i.read(o); err != nil {
			return nil, fmt.Errorf("reading %s: %w", o.Key(), err)
		}
	}
	imageType := cmp.Or(i.imageType, i.Global.Variant)
	names := []string{
		i.name(i.Global.Proxy, proxyImage, imageType),
		i.name(i.Global.ProxyInit, proxyImage, i.Global.Variant),
	}
	if i.agentgateway {
		names = append(names, i.name(i.Global.Agentgateway, agentgatewayImage, imageType))
	}
	return names, nil
}

// read takes what it needs from an object of istiod.
func (i *injection) read(o object.Object) error {
	switch {
	case o.Key().Workload():
		pod, err := podOf(o)
		i.agentgateway = i.agentgateway || variableOf(pod, agentgatewayVariable) == "true"
		return err
	case o.GVK.Kind == "ConfigMap" && o.Name == "istio-sidecar-injector":
		content, err := dataOf(o, "values")
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(content), i)
	case o.GVK.Kind == "ConfigMap" && o.Name == "istio":
		content, err := dataOf(o, "mesh")
		if err != nil {
			return err
		}
		return i.readMeshConfig(content)
	}
	return nil
}

func (i *injection) readMeshConfig(content string) error {
	decoded := struct {
		DefaultConfig struct {
			Image struct {
				ImageType string `json:"imageType"`
			} `json:"image"`
		} `json:"defaultConfig"`
	}{}
	err := yaml.Unmarshal([]byte(content), &decoded)
	i.imageType = decoded.DefaultConfig.Image.ImageType
	return err
}

// name returns the full name of an image: one with a slash is full already.
func (i *injection) name(image namedImage, otherwise, imageType string) string {
	if strings.Contains(image.Image, "/") {
		return image.Image
	}
	return fmt.Sprintf("%s/%s:%s", i.Global.Hub, cmp.Or(image.Image, otherwise), withType(fmt.Sprint(i.Global.Tag), imageType))
}

// dataOf returns a text of a ConfigMap.
func dataOf(o object.Object, key string) (string, error) {
	decoded := corev1.ConfigMap{}
	err := json.Unmarshal(o.Body, &decoded)
	return decoded.Data[key], err
}

// variableOf returns an environment variable of a pod. Empty: it has none.
func variableOf(pod corev1.PodSpec, name string) string {
	for _, container := range pod.Containers {
		for _, variable := range container.Env {
			if variable.Name == name {
				return variable.Value
			}
		}
	}
	return ""
}

// withType returns the tag of an image of that type: updateImageTypeIfPresent in
// pkg/kube/inject/inject.go.
func withType(tag, imageType string) string {
	if imageType == "" {
		return tag
	}
	tag = strings.TrimSuffix(strings.TrimSuffix(tag, "-distroless"), "-debug")
	if imageType == "default" {
		return tag
	}
	return tag + "-" + imageType
}

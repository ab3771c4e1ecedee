// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

// The platforms that need more values than their profile in Istio's charts.
const (
	platformK3s       = "k3s"
	platformK3d       = "k3d"
	platformOpenShift = "openshift"
)

// platformLayers are the values for the platform that users set, or for the detected one.
func platformLayers(input Input, users []values.Layer) []values.Layer {
	platform, given := platformOf(users)
	var layers []values.Layer
	if !given && input.Facts.Platform != "" {
		platform = input.Facts.Platform
		layers = append(layers, values.Layer{Name: layerPlatform, Values: tree{"global": tree{"platform": platform}}})
	}
	switch {
	case platform == platformOpenShift:
		// The profile trusts ztunnel in kube-system, where upstream's instructions put it.
		layers = append(layers, values.Layer{
			Name: layerPlatform, Chart: v1.ComponentIstiod, Values: tree{"trustedZtunnelNamespace": namespaceOf(input.Spec)},
		})
	case input.Facts.StandardCNIDirs && slices.Contains([]string{platformK3s, platformK3d}, platform):
		// The profile names the directories of K3s's own Flannel. Without it, K3s leaves
		// containerd's: k3s, pkg/agent/templates.
		layers = append(layers, values.Layer{
			Name: layerCNI, Chart: v1.ComponentCNI, Values: tree{"cni": tree{"cniBinDir": "/opt/cni/bin", "cniConfDir": "/etc/cni/net.d"}},
		})
	}
	return layers
}

// platformOf is the platform in users' values, for all charts or for one.
func platformOf(users []values.Layer) (platform string, given bool) {
	for _, layer := range users {
		global, _ := layer.Values["global"].(tree)
		for _, section := range []tree{layer.Values, global} {
			if value, ok := section["platform"].(string); ok {
				platform, given = value, true
			}
		}
	}
	return platform, given
}

// UserValue is the string that users set at that path of the component's values, in
// spec.values or in the extensions. Empty: they set none.
func (c Component) UserValue(path ...string) string {
	origin := c.Values.Origin[values.Path(path)]
	if origin != layerValues && !strings.HasPrefix(origin, layerExtensions+" ") {
		return ""
	}
	text, _, _ := unstructured.NestedString(c.Values.Values, path...)
	return text
}

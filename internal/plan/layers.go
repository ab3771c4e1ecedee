// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/values"
)

type tree = map[string]any

// The names of the layers, as users see them in render --explain.
const (
	layerRelease    = "release"
	layerProfile    = "profile"
	layerPlatform   = "platform"
	layerCNI        = "CNI plugin"
	layerScaling    = "spec.scalingProfile"
	layerSpec       = "spec"
	layerUpgrade    = "spec.upgrade"
	layerExtensions = v1.ExtensionsName
	layerValues     = "spec.values"
	layerEnforced   = "spec.version"
)

// tagPaths are the values by which a chart could run another version than
// spec.version says.
var tagPaths = [][]string{{"global", "tag"}, {"tag"}, {"pilot", "tag"}, {"cni", "tag"}, {"ztunnel", "tag"}}

// layersOf lists the layers of values for the input, later ones winning.
func layersOf(input Input, release istio.Release) ([]values.Layer, error) {
	user, err := decodeValues(input.Spec)
	if err != nil {
		return nil, err
	}
	extensions, err := extensionLayers(input.Extensions)
	if err != nil {
		return nil, err
	}
	layers := []values.Layer{
		{Name: layerRelease, Values: tree{"global": tree{"hub": release.Hub, "tag": release.Version}}},
		{Name: layerProfile, Values: profile(input.Spec.DataplaneMode, input.Spec.TrafficCaptureMode)},
	}
	users := append(extensions, values.Layer{Name: layerValues, FromUser: true, Values: user})
	layers = append(layers, platformLayers(input, users)...)
	layers = append(layers,
		values.Layer{Name: layerScaling, Values: scaling(input.Spec.ScalingProfile)},
		values.Layer{Name: layerSpec, Values: specValues(input.Spec)},
		values.Layer{Name: layerUpgrade, Values: strategies(input.Spec.Upgrade)})
	layers = append(layers, users...)
	if input.Spec.Image == nil {
		for _, layer := range users {
			layers = append(layers, values.Layer{Name: layerEnforced, Chart: layer.Chart, Values: enforced(layer.Values, release.Version)})
		}
	}
	return layers, nil
}

func decodeValues(spec v1.ServiceMeshControllerSpec) (tree, error) {
	user := tree{}
	if spec.Values == nil || len(spec.Values.Raw) == 0 {
		return user, nil
	}
	if err := values.CheckText(len(spec.Values.Raw)); err != nil {
		return nil, invalid(fmt.Errorf("%s: %w", layerValues, err), nil)
	}
	if err := json.Unmarshal(spec.Values.Raw, &user); err != nil {
		return nil, invalid(errors.New("spec.values is no section"), nil)
	}
	if err := values.Check(user); err != nil {
		return nil, invalid(fmt.Errorf("%s: %w", layerValues, err), nil)
	}
	return user, nil
}

// profile selects Istio's own profile for the data plane mode.
func profile(mode v1.DataplaneMode, capture v1.TrafficCaptureMode) tree {
	if mode != v1.Sidecar {
		return tree{"profile": "ambient"}
	}
	// istiod must know that a CNI plugin captures the traffic, or it injects
	// init containers: https://istio.io/latest/docs/setup/additional-setup/cni/.
	return tree{"pilot": tree{"cni": tree{"enabled": capture != v1.CaptureInitContainer}}}
}

// scaling sizes istiod. The default is two fixed replicas, spread over nodes where
// there are several; the chart adds a PodDisruptionBudget from two replicas on.
func scaling(profile v1.ScalingProfile) tree {
	switch profile {
	case v1.ScalingDemo:
		return tree{"pilot": tree{
			"autoscaleEnabled": false, "replicaCount": int64(1),
			"resources": requests("10m", "100Mi"),
		}}
	case v1.ScalingLarge:
		return tree{"pilot": tree{
			"autoscaleEnabled": true, "autoscaleMin": int64(4), "autoscaleMax": int64(10),
			"resources":                 requests("2", "4Gi"),
			"topologySpreadConstraints": spreadOverNodes(),
		}}
	default:
		return tree{"pilot": tree{
			"autoscaleEnabled": false, "replicaCount": int64(2),
			"topologySpreadConstraints": spreadOverNodes(),
		}}
	}
}

func requests(cpu, memory string) tree {
	return tree{"requests": tree{"cpu": cpu, "memory": memory}}
}

func spreadOverNodes() []any {
	return []any{tree{
		"maxSkew": int64(1), "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
		"labelSelector": tree{"matchLabels": tree{"app": "istiod"}},
	}}
}

// specValues are the values that spec's own fields stand for.
func specValues(spec v1.ServiceMeshControllerSpec) tree {
	global, meshConfig, pilot := tree{"istioNamespace": namespaceOf(spec)}, tree{}, tree{}
	if spec.Cluster != "" {
		global["multiCluster"] = tree{"clusterName": spec.Cluster}
	}
	if spec.Network != "" {
		global["network"] = spec.Network
	}
	if spec.TrustDomain != "" {
		meshConfig["trustDomain"] = spec.TrustDomain
	}
	if spec.Distribution == v1.FIPS {
		// COMPLIANCE_POLICY restricts istiod's TLS and, as proxy metadata, that of
		// waypoints, gateways and ztunnel: istio.io/istio/pkg/features/security.go.
		pilot["env"] = tree{"COMPLIANCE_POLICY": compliancePolicy}
		meshConfig["defaultConfig"] = tree{"proxyMetadata": tree{"COMPLIANCE_POLICY": compliancePolicy}}
	}
	if image := spec.Image; image != nil {
		global["hub"] = cmp.Or(image.Registry, "docker.io") + "/" + strings.Trim(cmp.Or(image.Repository, "istio"), "/")
		if len(image.Secrets) > 0 {
			global["imagePullSecrets"] = pullSecrets(image.Secrets)
		}
	}
	return tree{"global": global, "meshConfig": meshConfig, "pilot": pilot}
}

// compliancePolicy is the policy that every supported release knows.
const compliancePolicy = "fips-140-2"

func pullSecrets(secrets []v1.LocalSecret) []any {
	names := make([]any, len(secrets))
	for i, secret := range secrets {
		names[i] = secret.Name
	}
	return names
}

// enforced overrides the tags in the users' values: a tag left behind there would
// keep an upgrade from upgrading, an empty one from finding an image.
func enforced(user tree, version string) tree {
	values := tree{}
	for _, path := range tagPaths {
		if _, found := tagAt(user, path); !found {
			continue
		}
		section := values
		for _, key := range path[:len(path)-1] {
			section[key] = tree{}
			section = section[key].(tree)
		}
		section[path[len(path)-1]] = version
	}
	return values
}

// otherTags lists those of tagPaths at which the users' values ask for another
// version.
func otherTags(user tree, version string) []string {
	var others []string
	for _, path := range tagPaths {
		if tag, _ := tagAt(user, path); tag != nil && tag != "" && tag != version {
			others = append(others, values.Path(path))
		}
	}
	return others
}

func tagAt(user tree, path []string) (tag any, found bool) {
	section := user
	for _, key := range path[:len(path)-1] {
		section, _ = section[key].(tree)
	}
	tag, found = section[path[len(path)-1]]
	return tag, found
}

func namespaceOf(spec v1.ServiceMeshControllerSpec) string {
	return cmp.Or(spec.InstallNamespace, v1.DefaultInstallNamespace)
}

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
	layerSingleNode = "single node"
	layerSpec       = "spec"
	layerUpgrade    = "spec.upgrade"
	layerExtensions = v1.ExtensionsName
	layerValues     = "spec.values"
	layerEnforced   = "spec.version"
)

// tagPaths are the values by which a chart could run another version than spec.version.
var tagPaths = [][]string{{"global", "tag"}, {"tag"}, {"pilot", "tag"}, {"cni", "tag"}, {"ztunnel", "tag"}}

// layersOf lists the layers of values for the input. Later layers take precedence.
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
		{Name: layerProfile, Values: profile(input.Spec, release)},
	}
	users := append(extensions, values.Layer{Name: layerValues, FromUser: true, Values: user})
	layers = append(layers, platformLayers(input, users)...)
	layers = append(layers,
		values.Layer{Name: layerScaling, Values: scaling(input.Spec.ScalingProfile)},
		values.Layer{Name: layerSingleNode, Values: budget(input.Facts)},
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
		return nil, invalid(errors.New("spec.values is not a map"), nil)
	}
	if err := values.Check(user); err != nil {
		return nil, invalid(fmt.Errorf("%s: %w", layerValues, err), nil)
	}
	return user, nil
}

// profile selects Istio's profile for the data plane mode. In all releases, istio-cni captures
// again what it finds without rules when it starts, as it does by default from 1.29 on: a pod
// that has started before it, after a boot of the node, is otherwise outside of the mesh with the
// annotation of a captured pod.
func profile(spec v1.ServiceMeshControllerSpec, release istio.Release) tree {
	if spec.DataplaneMode != v1.Sidecar {
		ambient := tree{"profile": "ambient"}
		if !release.ReconcilesRules() {
			ambient["cni"] = tree{"ambient": tree{"reconcileIptablesOnStartup": true}}
		}
		return ambient
	}
	// istiod must know that a CNI plugin captures the traffic, or it injects
	// init containers: https://istio.io/latest/docs/setup/additional-setup/cni/.
	return tree{"pilot": tree{"cni": tree{"enabled": spec.TrafficCaptureMode != v1.CaptureInitContainer}}}
}

// scaling sizes istiod. The default is two fixed replicas, spread over nodes if there are
// several, with a PodDisruptionBudget. One replica has none: some charts would add one, which
// no drain could satisfy.
func scaling(profile v1.ScalingProfile) tree {
	switch profile {
	case v1.ScalingDemo:
		return tree{"pilot": tree{
			"autoscaleEnabled": false, "replicaCount": int64(1),
			"resources": requests("10m", "100Mi"),
		}, "global": withoutBudget()}
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

// budget leaves out istiod's PodDisruptionBudget where there is one node: the pods that drain
// evicts cannot start elsewhere, so that it would wait for them for ever
// (https://github.com/k3d-io/k3d/issues/1414). No pod's template depends on it.
func budget(facts Facts) tree {
	if !facts.SingleNode {
		return nil
	}
	return tree{"global": withoutBudget()}
}

func withoutBudget() tree { return tree{"defaultPodDisruptionBudget": tree{"enabled": false}} }

func requests(cpu, memory string) tree {
	return tree{"requests": tree{"cpu": cpu, "memory": memory}}
}

func spreadOverNodes() []any {
	return []any{tree{
		"maxSkew": int64(1), "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
		"labelSelector": tree{"matchLabels": tree{"app": "istiod"}},
	}}
}

// specValues are the values that spec's fields set.
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
		global["hub"] = hubOf(image)
		if len(image.Secrets) > 0 {
			global["imagePullSecrets"] = pullSecrets(image.Secrets)
		}
	}
	return tree{"global": global, "meshConfig": meshConfig, "pilot": pilot}
}

// hubOf returns where the images are. As in every image name, the first part of
// repository is the registry if it has a dot or a colon or is localhost:
// https://pkg.go.dev/github.com/distribution/reference#ParseNormalizedNamed.
func hubOf(image *v1.Image) string {
	path := strings.Trim(cmp.Or(image.Repository, "istio"), "/")
	first, _, _ := strings.Cut(path, "/")
	if image.Registry == "" && (strings.ContainsAny(first, ".:") || first == "localhost") {
		return path
	}
	return cmp.Or(image.Registry, "docker.io") + "/" + path
}

// compliancePolicy is the policy that every supported release has.
const compliancePolicy = "fips-140-2"

func pullSecrets(secrets []v1.LocalSecret) []any {
	names := make([]any, len(secrets))
	for i, secret := range secrets {
		names[i] = secret.Name
	}
	return names
}

// enforced overrides the tags in users' values: an old tag there would prevent an upgrade,
// and an empty one would name no image.
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

// otherTags lists those of tagPaths at which users' values set another version.
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

// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"path"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// configMap says how Istio's programs read a ConfigMap of its charts.
type configMap struct {
	// name is a pattern for path.Match.
	name string
	// watched: the program watches it, or no program reads it. To apply a change of any
	// other ConfigMap, its pods must restart.
	watched bool
}

// configMaps are those of Istio's charts. Paths are of istio.io/istio, in all bundled
// releases.
var configMaps = []configMap{
	// istiod's mesh config: pilot/pkg/bootstrap/mesh.go, a kubemesh source.
	{name: "istio", watched: true},
	// istiod's templates for sidecars and gateways: NewConfigMapWatcher in
	// pilot/pkg/bootstrap/sidecarinjector.go.
	{name: "istio-sidecar-injector", watched: true},
	// istiod's defaults for Gateways: found by the label gateway.istio.io/defaults-for-class
	// when one is reconciled: pilot/pkg/config/kube/gateway/deploymentcontroller.go.
	{name: "istio-*-gatewayclass-*", watched: true},
	// Read by istioctl, not by a pod: manifests/charts/istio-control/istio-discovery.
	{name: "values", watched: true},
	// envFrom of install-cni: manifests/charts/istio-cni/templates/daemonset.yaml; the
	// agent reads its environment once: cni/pkg/cmd/root.go.
	{name: "istio-cni-config"},
	// /cacerts of istiod: NewJwksResolver reads the bundle once:
	// pilot/pkg/model/jwks_resolver.go.
	{name: "pilot-jwks-extra-cacerts"},
}

// readAtStart reports whether a program reads a mounted ConfigMap only when it starts. This
// is assumed of each ConfigMap that is not in the table.
func readAtStart(name string) bool {
	i := indexOf(name)
	return i < 0 || !configMaps[i].watched
}

// indexOf is the index of a ConfigMap in the table, negative if it is not there.
func indexOf(name string) int {
	return slices.IndexFunc(configMaps, func(c configMap) bool {
		matches, err := path.Match(c.name, name)
		return err == nil && matches
	})
}

// digestConfiguration annotates the pod template of each workload with the digest of the
// configuration that its pods read only when they start, so that a change replaces them.
// A workload without such configuration is not changed.
func digestConfiguration(objects []*unstructured.Unstructured) error {
	contents := map[string]any{}
	for _, object := range objects {
		if object.GetKind() == "ConfigMap" {
			contents[object.GetName()] = []any{object.Object["data"], object.Object["binaryData"]}
		}
	}
	for _, object := range objects {
		pod, found, err := unstructured.NestedMap(object.Object, "spec", "template", "spec")
		if err != nil || !found {
			continue // No workload.
		}
		read := map[string]any{}
		references(pod, func(name string) {
			if content, ok := contents[name]; ok {
				read[name] = content
			}
		})
		if len(read) == 0 {
			continue
		}
		err = unstructured.SetNestedField(object.Object, digest(read), "spec", "template", "metadata", "annotations", v1.ConfigDigestAnnotation)
		if err != nil {
			return fmt.Errorf("annotating the pods of %s: %w", nameOf(object), err)
		}
	}
	return nil
}

// references calls found with the name of each ConfigMap from which containers take their
// environment, and of each that is mounted and that the program does not watch.
func references(value any, found func(name string)) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			references(item, found)
		}
	case map[string]any:
		for key, item := range value {
			name, _, err := unstructured.NestedString(value, key, "name")
			environment := key == "configMapRef" || key == "configMapKeyRef"
			if err == nil && name != "" && (environment || key == "configMap" && readAtStart(name)) {
				found(name)
			}
			references(item, found)
		}
	}
}

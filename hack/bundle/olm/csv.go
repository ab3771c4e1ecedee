// SPDX-License-Identifier: Apache-2.0

package olm

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/hack/manifest"
)

// Annotations of the chart that say the same to Artifact Hub.
const (
	hubCRDs         = "artifacthub.io/crds"
	hubExamples     = "artifacthub.io/crdsExamples"
	hubCapabilities = "artifacthub.io/operatorCapabilities"
)

// hubCRD is an entry of hubCRDs.
type hubCRD struct {
	Kind        string `json:"kind"`
	Version     string `json:"version"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
}

// description is what the console shows beside the chart's own.
const description = `

Before the installation, apply ` + "`prerequisites.yaml`" + ` of the bundle with kubectl: OLM creates neither namespaces nor roles outside of the operator's namespace. Install the operator in the namespace ` + "`" + manifest.Namespace + "`" + `.`

// clusterServiceVersion is how OLM installs the operator.
func (s Source) clusterServiceVersion(of parts) (map[string]any, error) {
	deployment, err := only(of.install, "Deployment")
	if err != nil {
		return nil, err
	}
	metadata, err := s.metadata(deployment)
	if err != nil {
		return nil, err
	}
	owned, err := ownedCRDs(s.Chart.Metadata)
	if err != nil {
		return nil, err
	}
	role, err := only(of.install, "ClusterRole")
	if err != nil {
		return nil, err
	}
	spec := s.presentation()
	spec["customresourcedefinitions"] = map[string]any{"owned": owned}
	spec["install"] = map[string]any{"strategy": "deployment", "spec": map[string]any{
		"clusterPermissions": []any{map[string]any{"serviceAccountName": "gloo-operator", "rules": role.Object["rules"]}},
		"deployments":        []any{map[string]any{"name": deployment.GetName(), "label": deployment.GetLabels(), "spec": deployment.Object["spec"]}},
	}}
	return map[string]any{
		"apiVersion": "operators.coreos.com/v1alpha1", "kind": "ClusterServiceVersion", "metadata": metadata, "spec": spec,
	}, nil
}

// presentation is the part of the spec that people read. The operator manages one mesh for the
// whole cluster, so that it supports no other mode than AllNamespaces.
func (s Source) presentation() map[string]any {
	of := s.Chart.Metadata
	var modes []any
	for _, mode := range []string{"OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces"} {
		modes = append(modes, map[string]any{"type": mode, "supported": mode == "AllNamespaces"})
	}
	return map[string]any{
		"displayName": "gloo-operator", "description": of.Description + "." + description,
		"version": of.Version, "minKubeVersion": minimalKubernetes(of.KubeVersion), "maturity": "alpha",
		"keywords": of.Keywords, "provider": map[string]any{"name": "gloo-operator", "url": of.Home},
		"links":        []any{map[string]any{"name": "documentation", "url": of.Home + "/blob/main/docs/README.md"}},
		"icon":         []any{map[string]any{"base64data": base64.StdEncoding.EncodeToString(s.Icon), "mediatype": "image/svg+xml"}},
		"installModes": modes,
	}
}

// metadata has the annotations that catalogs read.
func (s Source) metadata(deployment *unstructured.Unstructured) (map[string]any, error) {
	of := s.Chart.Metadata
	var examples []any
	if err := yaml.Unmarshal([]byte(of.Annotations[hubExamples]), &examples); err != nil {
		return nil, err
	}
	if len(examples) == 0 {
		return nil, errNoExample
	}
	text, err := json.MarshalIndent(examples, "", "  ")
	if err != nil {
		return nil, err
	}
	return map[string]any{"name": "gloo-operator.v" + of.Version, "annotations": map[string]any{
		"alm-examples": string(text), "capabilities": of.Annotations[hubCapabilities], "categories": "Networking",
		"containerImage": image(deployment), "createdAt": s.Created.UTC().Format(time.RFC3339), "description": of.Description,
		"repository": of.Home, "support": of.Home + "/blob/main/SUPPORT.md",
		"operatorframework.io/suggested-namespace": manifest.Namespace,
	}}, nil
}

func image(deployment *unstructured.Unstructured) string {
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	for _, container := range containers {
		if name, ok := container.(map[string]any)["image"].(string); ok {
			return name
		}
	}
	return ""
}

func ownedCRDs(of *chart.Metadata) ([]any, error) {
	var crds []hubCRD
	if err := yaml.Unmarshal([]byte(of.Annotations[hubCRDs]), &crds); err != nil {
		return nil, err
	}
	if len(crds) == 0 {
		return nil, errNoExample
	}
	var owned []any
	for _, crd := range crds {
		owned = append(owned, crd)
	}
	return owned, nil
}

var firstVersion = regexp.MustCompile(`\d+\.\d+\.\d+`)

// minimalKubernetes is the lower limit of the chart's constraint.
func minimalKubernetes(constraint string) string { return firstVersion.FindString(constraint) }

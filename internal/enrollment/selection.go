// SPDX-License-Identifier: Apache-2.0

package enrollment

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/yamllimit"
)

// SelectionConfigMap is the name of the ConfigMap with istio-cni's settings.
const SelectionConfigMap = "istio-cni-config"

// The keys of that ConfigMap: istio.io/istio/manifests/charts/istio-cni/templates.
const (
	keyAmbient   = "AMBIENT_ENABLED"
	keySelectors = "AMBIENT_ENABLEMENT_SELECTOR"
	keyExcluded  = "EXCLUDE_NAMESPACES"
)

// sidecarStatus is on pods with a sidecar, which istio-cni leaves alone:
// istio.io/istio/cni/pkg/util, CompiledEnablementSelectors.Matches.
const sidecarStatus = "sidecar.istio.io/status"

// Selection is which pods istio-cni puts into the mesh.
type Selection struct {
	// selectors are alternatives. None: no pod is selected.
	selectors []selector
	// excluded are namespaces whose new pods istio-cni leaves alone. The pods of today stay in
	// the mesh until they restart, but their successors do not join.
	excluded []string
}

type selector struct {
	PodSelector       metav1.LabelSelector `json:"podSelector"`
	NamespaceSelector metav1.LabelSelector `json:"namespaceSelector"`
}

// SelectionOf reads istio-cni's settings. A release without selectors selects by
// DataplaneModeLabel, which the later ones have as their default. Selectors that cannot be
// read select nothing: istio-cni does not start with them.
func SelectionOf(data map[string]string) Selection {
	s := Selection{selectors: byLabel()}
	if text, found := data[keySelectors]; found {
		s.selectors = selectorsIn(text)
	}
	if data[keyAmbient] != "true" {
		s.selectors = nil
	}
	for _, namespace := range strings.Split(data[keyExcluded], ",") {
		if namespace != "" {
			s.excluded = append(s.excluded, namespace)
		}
	}
	slices.Sort(s.excluded)
	return s
}

// selectorsIn reads selectors. They come from values: a small text may stand for a large one.
func selectorsIn(text string) []selector {
	var selectors []selector
	if yamllimit.CheckPlain([]byte(text)) != nil || yaml.Unmarshal([]byte(text), &selectors) != nil {
		return nil
	}
	return selectors
}

// byLabel are the default selectors.
func byLabel() []selector {
	ambient := map[string]string{v1.DataplaneModeLabel: v1.DataplaneModeAmbient}
	notNone := metav1.LabelSelectorRequirement{Key: v1.DataplaneModeLabel, Operator: metav1.LabelSelectorOpNotIn, Values: []string{"none"}}
	return []selector{
		{PodSelector: metav1.LabelSelector{MatchLabels: ambient}},
		{PodSelector: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{notNone}}, NamespaceSelector: metav1.LabelSelector{MatchLabels: ambient}},
	}
}

// Empty reports whether istio-cni puts no pod into the mesh, as where ambient is off.
func (s Selection) Empty() bool { return len(s.selectors) == 0 }

// Selects reports whether a pod is to be in the mesh, in a namespace with those labels.
func (s Selection) Selects(pod Pod, namespace map[string]string) bool {
	if _, sidecar := pod.Annotations[sidecarStatus]; sidecar || slices.Contains(s.excluded, pod.Namespace) {
		return false
	}
	return slices.ContainsFunc(s.selectors, func(one selector) bool {
		return matches(one.PodSelector, pod.Labels) && matches(one.NamespaceSelector, namespace)
	})
}

func matches(selector metav1.LabelSelector, set map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(&selector)
	return err == nil && parsed.Matches(labels.Set(set))
}

// Dropped returns those of the pods that a selection no longer selects, and marks those that it would
// select if it did not exclude their namespaces. Namespaces are the labels of all namespaces, by name.
func (s Selection) Dropped(pods []Pod, namespaces map[string]map[string]string) []Pod {
	dropped := slices.DeleteFunc(slices.Clone(pods), func(p Pod) bool { return s.Selects(p, namespaces[p.Namespace]) })
	for i, p := range dropped {
		dropped[i].UntilRestart = Selection{selectors: s.selectors}.Selects(p, namespaces[p.Namespace])
	}
	return dropped
}

// SPDX-License-Identifier: Apache-2.0

package values

import (
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/component"
)

// Reader reports what a chart reads from its values.
type Reader interface {
	// Reads reports whether the chart can read the value at that path.
	Reads(path []string) bool
	// HasDefault reports whether the chart's defaults have that key at their root.
	HasDefault(key string) bool
	// Default returns the chart's default at that path, and false if there is none.
	Default(path []string) (any, bool)
}

// Chart identifies a chart and what it reads.
type Chart struct {
	// Component is the chart's name in the status, such as istio-cni.
	Component string
	// Reader is the chart itself.
	Reader Reader
}

// section is where each chart's own values stand in the one tree that users
// write, as for istioctl.
var section = sectionsByComponent()

func sectionsByComponent() map[string]string {
	names := map[string]string{}
	for _, c := range component.Charted() {
		names[c.Name] = c.Section
	}
	return names
}

// shared are the roots that are no chart's own, or belong to a section.
var shared = append([]string{"gateways", "profile", "platform", "compatibilityVersion"}, sections...)

// sections are the roots that must be maps.
var sections = append([]string{"global", "meshConfig"}, component.Sections()...)

// adapt returns a copy of a tree in the form that the chart reads.
//
// The templates of istiod and istio-cni copy their section over the root after profiles are
// merged: a key at the root would lose to the same key in a profile's section, so it is
// moved into the section. ztunnel's templates know no section: it is moved to the root, as
// istioctl does.
func (c Chart) adapt(tree map[string]any) (map[string]any, error) {
	adapted := runtime.DeepCopyJSON(tree)
	for _, name := range sections {
		if value, ok := adapted[name]; ok && value != nil && !isSection(value) {
			return nil, &TypeError{Path: name, Want: typeMap, Got: typeOf(value)}
		}
	}
	translate(adapted)
	own := section[c.Component]
	if c.Component == v1.ComponentZtunnel {
		lift(adapted, own)
		adaptTypes(adapted, adapted)
	} else {
		c.lower(adapted, own)
		settings, _ := adapted[own].(map[string]any)
		adaptTypes(adapted, settings)
	}
	for _, other := range section {
		if other != own && !c.Reader.Reads([]string{other}) {
			delete(adapted, other)
		}
	}
	return adapted, nil
}

func isSection(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

// translate converts values of earlier Istio versions: cni.ambient: true is
// cni.ambient.enabled since 1.22, and the profile is at the root since 1.23.
func translate(tree map[string]any) {
	cni, _ := tree["cni"].(map[string]any)
	if enabled, ok := cni["ambient"].(bool); ok {
		cni["ambient"] = map[string]any{"enabled": enabled}
	}
	if profile, ok := cni["profile"]; ok {
		delete(cni, "profile")
		if _, given := tree["profile"]; !given {
			tree["profile"] = profile
		}
	}
}

// lower moves the chart's own keys from the root into its section, whose values take
// precedence.
func (c Chart) lower(tree map[string]any, own string) {
	into, _ := tree[own].(map[string]any)
	for _, key := range sortedKeys(tree) {
		if slices.Contains(shared, key) || !c.Reader.HasDefault(key) {
			continue
		}
		if into == nil {
			into = map[string]any{}
			tree[own] = into
		}
		into[key] = overlay(tree[key], into[key])
		delete(tree, key)
	}
}

// lift moves the section's content to the root, where it takes precedence.
func lift(tree map[string]any, own string) {
	from, _ := tree[own].(map[string]any)
	delete(tree, own)
	for key, value := range from {
		tree[key] = overlay(tree[key], value)
	}
}

// overlay merges two values. The second takes precedence if it is set.
func overlay(below, above any) any {
	lower, ok := below.(map[string]any)
	upper, both := above.(map[string]any)
	switch {
	case above == nil:
		return below
	case !ok || !both:
		return above
	}
	for key, value := range upper {
		lower[key] = overlay(lower[key], value)
	}
	return lower
}

// clusterTrustBundles is the one variable that templates (istiod's and ztunnel's) compare
// with a boolean: a string would fail to render.
const clusterTrustBundles = "ENABLE_CLUSTER_TRUST_BUNDLE_API"

// adaptTypes converts the variable that templates compare with a boolean, and converts
// booleans and numbers to strings where templates do not quote them: in the mesh config's
// proxyMetadata. Templates quote variables under env.
func adaptTypes(tree, own map[string]any) {
	env, _ := own["env"].(map[string]any)
	if text, ok := env[clusterTrustBundles].(string); ok {
		if enabled, err := strconv.ParseBool(text); err == nil {
			env[clusterTrustBundles] = enabled
		}
	}
	meshConfig, _ := tree["meshConfig"].(map[string]any)
	defaultConfig, _ := meshConfig["defaultConfig"].(map[string]any)
	metadata, _ := defaultConfig["proxyMetadata"].(map[string]any)
	for name, value := range metadata {
		switch value.(type) {
		case bool, int64, float64:
			metadata[name] = fmt.Sprint(value)
		}
	}
}

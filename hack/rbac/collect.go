// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// The placeholders in names, which the chart puts values in for.
const (
	namespaceName = "{{ $namespace }}"
	tagName       = "{{ $tag }}"
)

var placeholders = strings.NewReplacer(
	aNamespace, namespaceName, v1.DefaultInstallNamespace, namespaceName, aTag, tagName)

// needs are the objects that plans hold: their names by kind and namespace, which is
// empty for cluster-scoped kinds. References are the roles that bindings name.
type needs struct {
	names      map[place]map[string]bool
	references map[place]map[string]bool
	// templates are the chart files that have made an object, by release.
	templates map[string]map[string]bool
}

type place struct{ kind, namespace string }

// collect renders all meshes of all releases.
func collect() (*needs, error) {
	found := make([]*needs, len(istio.Releases()))
	group := errgroup.Group{}
	for i, release := range istio.Releases() {
		group.Go(func() error {
			var err error
			found[i], err = collectRelease(release)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := newNeeds()
	for _, one := range found {
		all.add(one)
	}
	return all, nil
}

func newNeeds() *needs {
	return &needs{names: map[place]map[string]bool{}, references: map[place]map[string]bool{}, templates: map[string]map[string]bool{}}
}

func (n *needs) add(other *needs) {
	for key, names := range other.names {
		for name := range names {
			put(n.names, key, name)
		}
	}
	for key, names := range other.references {
		for name := range names {
			put(n.references, key, name)
		}
	}
	maps.Copy(n.templates, other.templates)
}

func put[K comparable](sets map[K]map[string]bool, key K, name string) {
	if sets[key] == nil {
		sets[key] = map[string]bool{}
	}
	sets[key][name] = true
}

func collectRelease(release istio.Release) (*needs, error) {
	meshes, err := specs(release)
	if err != nil {
		return nil, err
	}
	n, builder := newNeeds(), new(plan.Builder)
	for _, spec := range meshes {
		built, err := builder.Build(plan.Input{Owner: "owner", Spec: spec})
		if err != nil {
			return nil, fmt.Errorf("Istio %s with values %s: %w", release.Version, values(spec), err)
		}
		for _, component := range built.Components {
			if err := n.collect(release, component); err != nil {
				return nil, err
			}
		}
	}
	return n, nil
}

func values(spec v1.ServiceMeshControllerSpec) string {
	if spec.Values == nil {
		return "{}"
	}
	return string(spec.Values.Raw)
}

func (n *needs) collect(release istio.Release, component plan.Component) error {
	for _, object := range component.Objects {
		at := place{object.GVK.Kind, placeholders.Replace(object.Namespace)}
		put(n.names, at, placeholders.Replace(object.Name))
		if !strings.HasSuffix(object.GVK.Kind, "RoleBinding") {
			continue
		}
		var binding struct{ RoleRef struct{ Kind, Name string } }
		if err := json.Unmarshal(object.Body, &binding); err != nil {
			return err
		}
		if binding.RoleRef.Kind == "ClusterRole" {
			at.namespace = ""
		}
		put(n.references, place{binding.RoleRef.Kind, at.namespace}, placeholders.Replace(binding.RoleRef.Name))
	}
	if component.Rendered == nil {
		return nil
	}
	manifest, err := component.Rendered.Manifest()
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(manifest, "\n") {
		if source, found := strings.CutPrefix(line, "# Source: "); found {
			put(n.templates, release.Version, source)
		}
	}
	return nil
}

// roles lists the permissions on the mesh: one role for the cluster, one for each
// namespace with objects.
func (n *needs) roles() []role {
	var roles []role
	for _, namespace := range n.namespaces() {
		roles = append(roles, role{namespace: namespace, sections: []section{
			{comment: "Reads and watches of the mesh, to detect drift. RBAC has no label selectors.",
				rules: n.reads(namespace)},
			{comment: "Writes to the mesh, by name. For server-side apply, the API server checks the name at creation, too.",
				rules: n.writes(namespace)},
			{comment: "Istio's roles grant permissions that the operator does not have itself: see docs/security.md.",
				rules: n.grants(namespace)},
		}})
	}
	return roles
}

// namespaces lists those that objects are in, the empty one first.
func (n *needs) namespaces() []string {
	namespaces := map[string]bool{"": true}
	for at := range n.names {
		namespaces[at.namespace] = true
	}
	return sorted(namespaces)
}

// reads groups what is looked at in the same way, by API group.
func (n *needs) reads(namespace string) []rule {
	watched, listed := map[string][]string{}, map[string][]string{}
	for _, kind := range object.Kinds() {
		_, made := n.names[place{kind.GVK.Kind, namespace}]
		switch {
		case kind.Namespaced != (namespace != "") || !made && (kind.Unwatched || namespace != namespaceName && namespace != ""):
		case kind.Unwatched:
			listed[kind.GVK.Group] = append(listed[kind.GVK.Group], kind.Resource)
		default:
			watched[kind.GVK.Group] = append(watched[kind.GVK.Group], kind.Resource)
		}
	}
	var rules []rule
	for _, group := range slices.Sorted(maps.Keys(watched)) {
		rules = append(rules, rule{group: group, resources: watched[group], verbs: []string{"list", "watch"}})
	}
	for _, group := range slices.Sorted(maps.Keys(listed)) {
		rules = append(rules, rule{group: group, resources: listed[group], verbs: []string{"list"}})
	}
	return rules
}

// writes are by name, one rule for each kind.
func (n *needs) writes(namespace string) []rule {
	var rules []rule
	for _, kind := range object.Kinds() {
		names := n.names[place{kind.GVK.Kind, namespace}]
		if len(names) == 0 {
			continue
		}
		verbs := []string{"create", "patch"}
		switch {
		case kind.Resource == "namespaces":
			verbs = []string{"patch"} // own.go says where they may be created.
			rules = append(rules, rule{resources: []string{kind.Resource}, verbs: []string{"get"}, names: n.namespaces()[1:]})
		case !kind.Retained:
			verbs = append(verbs, "delete")
		}
		rules = append(rules, rule{group: kind.GVK.Group, resources: []string{kind.Resource}, verbs: verbs, names: sorted(names)})
	}
	return rules
}

// grants let the operator write Istio's roles and bind them.
func (n *needs) grants(namespace string) []rule {
	kind, resource := "ClusterRole", "clusterroles"
	if namespace != "" {
		kind, resource = "Role", "roles"
	}
	group, resources := "rbac.authorization.k8s.io", []string{resource}
	escalate, bind := sorted(n.names[place{kind, namespace}]), sorted(n.references[place{kind, namespace}])
	switch {
	case len(escalate) == 0 && len(bind) == 0:
		return nil
	case slices.Equal(escalate, bind):
		return []rule{{group: group, resources: resources, verbs: []string{"bind", "escalate"}, names: escalate}}
	default:
		return []rule{
			{group: group, resources: resources, verbs: []string{"escalate"}, names: escalate},
			{group: group, resources: resources, verbs: []string{"bind"}, names: bind},
		}
	}
}

func sorted(names map[string]bool) []string { return slices.Sorted(maps.Keys(names)) }

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// role is what the operator may do in one namespace; an empty one is the cluster.
type role struct {
	namespace string
	sections  []section
}

// section is a list of rules with one reason.
type section struct {
	comment string
	// when is the chart's condition for the rules. Empty: always.
	when  string
	rules []rule
}

// rule is a PolicyRule of one API group. Names may have placeholders.
type rule struct {
	group                   string
	resources, verbs, names []string
}

const header = `{{- /* Written by hack/rbac: run make generate. The rules are those that the plans of all
releases with all options need, and the operator's own from hack/rbac/own.go. */ -}}
`

// template writes the roles and their bindings. Roles of the same namespace become
// one.
func template(roles []role) (string, error) {
	roles = slices.Clone(roles)
	slices.SortStableFunc(roles, func(a, b role) int { return cmp.Compare(order(a), order(b)) })
	w := &writer{}
	w.WriteString(header)
	for i := 0; i < len(roles); {
		merged := role{namespace: roles[i].namespace}
		for ; i < len(roles) && roles[i].namespace == merged.namespace; i++ {
			merged.sections = append(merged.sections, roles[i].sections...)
		}
		if err := w.role(merged); err != nil {
			return "", err
		}
	}
	return w.String(), nil
}

// order is the cluster, the install namespaces, the operator's own, then others.
func order(r role) string {
	for i, namespace := range []string{"", namespaceName, ownNamespace} {
		if r.namespace == namespace {
			return fmt.Sprint(i)
		}
	}
	return "9" + r.namespace
}

type writer struct{ strings.Builder }

func (w *writer) line(indent int, format string, arguments ...any) {
	fmt.Fprintf(w, "%s%s\n", strings.Repeat("  ", indent), fmt.Sprintf(format, arguments...))
}

func (w *writer) role(r role) error {
	kind, binding := r.kinds()
	w.head(kind, r)
	w.line(0, "rules:")
	for _, section := range r.sections {
		if err := w.section(section); err != nil {
			return err
		}
	}
	if r.namespace == namespaceName {
		w.line(0, "{{- range $namespace := .Values.installNamespaces }}")
	}
	w.head(binding, r)
	w.line(0, "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: %s\n  name: %s", kind, r.name())
	w.line(0, "subjects:\n  - kind: ServiceAccount\n    name: gloo-operator\n    namespace: %s", ownNamespace)
	if r.namespace == namespaceName {
		w.line(0, "{{- end }}")
	}
	return nil
}

// kinds are those of a role and of what binds it. What the operator may do in an install
// namespace is in one ClusterRole, which outlives each of these namespaces.
func (r role) kinds() (kind, binding string) {
	switch r.namespace {
	case "":
		return "ClusterRole", "ClusterRoleBinding"
	case namespaceName:
		return "ClusterRole", "RoleBinding"
	default:
		return "Role", "RoleBinding"
	}
}

// name differs where two roles may be in one namespace: users choose those of the
// release and of the mesh.
func (r role) name() string {
	switch r.namespace {
	case "", ownNamespace:
		return "gloo-operator"
	case namespaceName:
		return v1.NamespaceRole
	default:
		return "gloo-operator-" + r.namespace
	}
}

func (w *writer) head(kind string, r role) {
	w.line(0, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata:\n  name: %s", kind, r.name())
	if r.namespace != "" && kind != "ClusterRole" {
		w.line(1, "namespace: %s", r.namespace)
	}
	w.line(1, `labels: {{- include "gloo-operator.labels" $ | nindent 4 }}`)
}

func (w *writer) section(s section) error {
	if len(s.rules) == 0 {
		return nil
	}
	if s.when != "" {
		w.line(1, "{{- if %s }}", s.when)
	}
	for _, line := range strings.Split(s.comment, "\n") {
		w.line(1, "# %s", line)
	}
	for _, rule := range s.rules {
		if err := w.rule(rule); err != nil {
			return err
		}
	}
	if s.when != "" {
		w.line(1, "{{- end }}")
	}
	return nil
}

func (w *writer) rule(r rule) error {
	w.line(1, "- apiGroups: [%q]", r.group)
	w.line(2, "resources: [%s]", strings.Join(r.resources, ", "))
	w.line(2, "verbs: [%s]", strings.Join(slices.Sorted(slices.Values(r.verbs)), ", "))
	if len(r.names) == 0 {
		return nil
	}
	w.line(2, "resourceNames:")
	return w.names(r.names)
}

// loops are what names can depend on, and the values to repeat them for.
var loops = []struct{ variable, values string }{
	{"$namespace", "$.Values.installNamespaces"},
	{"$tag", "$.Values.rbac.revisionTags"},
}

// names writes those without a variable first, and each other group in its loops. An
// empty list of names would mean any name: the first group must not be empty.
func (w *writer) names(names []string) error {
	groups := map[string][]string{}
	var keys []string
	for _, name := range names {
		key := ""
		for i, loop := range loops {
			if strings.Contains(name, loop.variable) {
				key += fmt.Sprint(i)
			}
		}
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], name)
	}
	slices.Sort(keys)
	if keys[0] != "" && keys[0] != "0" {
		return fmt.Errorf("names %q may all be missing, which would allow any name", names)
	}
	for _, key := range keys {
		for _, i := range key {
			w.line(3, "{{- range %s := %s }}", loops[i-'0'].variable, loops[i-'0'].values)
		}
		for _, name := range groups[key] {
			w.line(3, "- %s", name)
		}
		if key != "" {
			w.line(3, "%s", strings.Repeat("{{- end }}", len(key)))
		}
	}
	return nil
}

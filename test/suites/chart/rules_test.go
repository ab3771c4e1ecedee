// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// grant is one verb that the operator has on one resource.
type grant struct {
	// namespace is empty for the whole cluster.
	namespace             string
	verb, group, resource string
	names                 []string
}

// String is the grant without names.
func (g grant) String() string {
	return strings.TrimPrefix(fmt.Sprintf("%s %s.%s", g.verb, g.resource, g.group), "/") + " in " + map[bool]string{true: "the cluster", false: g.namespace}[g.namespace == ""]
}

// grants lists what the operator's ServiceAccount is allowed.
func grants(objects []*unstructured.Unstructured) []grant {
	GinkgoHelper()
	var all []grant
	namespaces := bound(objects)
	for _, object := range append(ByKind(objects, "ClusterRole"), ByKind(objects, "Role")...) {
		if object.GetName() == "gloo-operator-metrics-reader" {
			continue // That of scrapers.
		}
		role := rbacv1.Role{}
		Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role)).To(Succeed())
		for _, rule := range role.Rules {
			Expect(rule.NonResourceURLs).To(BeEmpty())
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						for _, namespace := range namespaces[object.GetNamespace()+"/"+object.GetName()] {
							all = append(all, grant{namespace, verb, group, resource, rule.ResourceNames})
						}
					}
				}
			}
		}
	}
	return all
}

// bound lists for each role, by namespace and name, in which namespaces it is bound; the
// empty one is the whole cluster.
func bound(objects []*unstructured.Unstructured) map[string][]string {
	GinkgoHelper()
	namespaces := map[string][]string{}
	for _, object := range append(ByKind(objects, "ClusterRoleBinding"), ByKind(objects, "RoleBinding")...) {
		binding := rbacv1.RoleBinding{}
		Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &binding)).To(Succeed())
		key := "/" + binding.RoleRef.Name
		if binding.RoleRef.Kind == "Role" {
			key = binding.Namespace + key
		}
		namespaces[key] = append(namespaces[key], binding.Namespace)
	}
	return namespaces
}

// nameless are the writes that are not limited by name, and why.
var nameless = map[string]string{
	"patch servicemeshcontrollers.operator.gloo.solo.io in the cluster":        "users choose its name",
	"patch servicemeshcontrollers/status.operator.gloo.solo.io in the cluster": "users choose its name",
	"create tokenreviews.authentication.k8s.io in the cluster":                 "a question, not an object",
	"create subjectaccessreviews.authorization.k8s.io in the cluster":          "a question, not an object",
	"create secrets. in istio-system":                                          "Helm's records: created by POST",
	"patch secrets. in istio-system":                                           "copies of pull secrets: users choose their names",
	"update secrets. in istio-system":                                          "Helm's records: their names end with a number that grows",
	"delete secrets. in istio-system":                                          "Helm's records: their names end with a number that grows",
	"create leases.coordination.k8s.io in gloo-operator":                       "created by POST",
	"create events. in gloo-operator":                                          "names are made up",
	"create events.events.k8s.io in default":                                   "names are made up",
	"patch events.events.k8s.io in default":                                    "names are made up",
}

var _ = Describe("The operator's roles", func() {
	all := func() []grant { return grants(of(`rbac: {revisionTags: [prod]}`)) }

	It("have no wildcards", func() {
		for _, g := range all() {
			Expect([]string{g.verb, g.group, g.resource}).NotTo(ContainElement(ContainSubstring("*")), g.String())
			Expect(g.names).NotTo(ContainElement(ContainSubstring("*")))
		}
	})

	It("give nothing on pods but to list them, and nothing on Secrets but in the install namespaces, and to read those of the operator's own", func() {
		for _, g := range all() {
			if strings.HasPrefix(g.resource, "pods") {
				Expect(g.String()).To(BeElementOf("list pods. in "+Namespace, "list pods. in the cluster"))
			}
			if g.resource == "secrets" && g.namespace != Namespace {
				Expect(g.String()).To(BeElementOf("get secrets. in gloo-operator", "list secrets. in gloo-operator", "watch secrets. in gloo-operator"))
			}
		}
	})

	It("limit writes by name, but for the few that cannot be", func() {
		var without []string
		for _, g := range all() {
			if !slices.Contains([]string{"get", "list", "watch"}, g.verb) && len(g.names) == 0 {
				without = append(without, g.String())
			}
		}
		slices.Sort(without)
		Expect(slices.Compact(without)).To(ConsistOf(keysOf(nameless)))
	})

	It("escalate and bind the roles of Istio's charts alone, each by name, and bind that of the install namespaces", func() {
		for _, g := range all() {
			if g.verb != "escalate" && g.verb != "bind" {
				continue
			}
			Expect(g.names).NotTo(BeEmpty())
			Expect(g.resource).To(BeElementOf("roles", "clusterroles"))
			if g.verb == "bind" && slices.Equal(g.names, []string{v1.NamespaceRole}) {
				continue // A policy says where and to whom: see policy_test.go.
			}
			for _, name := range g.names {
				Expect(name).To(Or(HavePrefix("istio"), Equal("ztunnel")))
			}
		}
	})

	It("name objects of no other namespace or tag than the values do", func() {
		for _, g := range grants(of(`installNamespaces: [mesh]`)) {
			for _, name := range g.names {
				Expect(name).NotTo(Or(ContainSubstring("prod"), HaveSuffix("-istio-system"), HaveSuffix("-"), ContainSubstring("--")))
			}
		}
	})

	It("have a list of names wherever a rule begins one: an empty one would mean any name", func() {
		for _, object := range append(ByKind(of(`{}`), "ClusterRole"), ByKind(of(`{}`), "Role")...) {
			rules, _, err := unstructured.NestedSlice(object.Object, "rules")
			Expect(err).NotTo(HaveOccurred())
			for _, rule := range rules {
				if names, begun := rule.(map[string]any)["resourceNames"]; begun {
					Expect(names).NotTo(BeEmpty())
				}
			}
		}
	})
})

func keysOf(set map[string]string) []string {
	var keys []string
	for key := range set {
		keys = append(keys, key)
	}
	return keys
}

// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/portion"
)

// everything turns on what the charts can make besides the defaults.
const everything = `{"revisionTags":["prod"],"resourceQuotas":{"enabled":true},
	"global":{"platform":"k3s","networkPolicy":{"enabled":true}},
	"pilot":{"autoscaleEnabled":true,"autoscaleMin":2,"autoscaleMax":5}}`

// scenario is a mesh of which every object is manipulated.
type scenario struct {
	name    string
	mesh    *v1.ServiceMeshController
	targets []target
	// results by target and manipulation.
	results map[string]outcome
	// wrong are objects that got another number of requests than they should, by the
	// number that was missing or too much.
	wrong map[string]int
	// others are objects of the operator's that are not in the plan.
	others []string
	// requests is the number of all.
	requests int
}

// scenarios are the first users' manifest with each release, and a mesh that holds
// an object of every kind that the charts make: those of the portion.
func scenarios() []*scenario {
	versions := istio.Versions()
	newest := versions[len(versions)-1]
	var all []*scenario
	for _, version := range versions {
		all = append(all, &scenario{name: version, mesh: Sample("k3s-cilium.yaml", Version(version))})
	}
	all = append(all, &scenario{name: newest + " with all options", mesh: Sample("minimal.yaml", Version(newest), Values(everything))})
	all = portion.Of(all)
	for _, s := range all {
		s.targets = targetsOf(s.mesh)
		s.results, s.wrong = map[string]outcome{}, map[string]int{}
	}
	return all
}

// planOf compiles a mesh as the operator does in an empty cluster.
func planOf(smc *v1.ServiceMeshController) *plan.Plan {
	GinkgoHelper()
	built, err := new(plan.Builder).Build(plan.Input{Owner: Name, Spec: smc.Spec, Facts: plan.Facts{KubernetesVersion: "v1.37.2"}})
	Expect(err).NotTo(HaveOccurred())
	return built
}

// targetsOf lists the objects of a mesh's plan, those of the last component first:
// while an earlier component is incomplete, later ones wait.
func targetsOf(smc *v1.ServiceMeshController) []target {
	GinkgoHelper()
	var targets []target
	for _, component := range slices.Backward(planOf(smc).Components) {
		for _, object := range component.Objects {
			body := &unstructured.Unstructured{}
			Expect(body.UnmarshalJSON(object.Body)).To(Succeed())
			field, err := leafOf(body.Object)
			Expect(err).NotTo(HaveOccurred())
			targets = append(targets, target{name: nameOf(object), live: body, field: field})
		}
	}
	return targets
}

// nameOf is what events call an object.
func nameOf(object object.Object) string {
	return object.GVK.Kind + " " + strings.TrimPrefix(object.Namespace+"/"+object.Name, "/")
}

var _ = Describe("Every object of Istio", Ordered, ContinueOnFailure, func() {
	var told *eventLog

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		told = watchEvents()
	})

	all := scenarios()
	AfterAll(func() { write(all) })

	for _, s := range all {
		Context(s.name, func() {
			BeforeAll(func() {
				s.bring()
				for _, group := range groups {
					s.manipulate(group, told)
				}
			})

			for _, t := range s.targets {
				It("puts "+t.name+" back", func() { s.check(t) })
			}

			It("has nothing else of the operator's", func() { Expect(s.others).To(BeEmpty()) })

			It("sends no other requests", func() { Expect(s.wrong).To(BeEmpty()) })
		})
	}
})

// check reports whether each manipulation of a target was reverted. A Namespace is
// not deleted: everything in it, the users' own included, would go with it.
func (s *scenario) check(t target) {
	GinkgoHelper()
	for _, group := range groups {
		for _, m := range group {
			result, done := s.results[t.name][m.name]
			Expect(done).To(Equal(t.suffers(m)), "%s: %s", t.name, m.name)
			Expect(result).NotTo(HaveOccurred(), "%s: %s", t.name, m.name)
		}
	}
}

// bring installs the mesh, or changes the one that is there into it. One that no way
// leads from is removed first.
func (s *scenario) bring() {
	GinkgoHelper()
	operator := LaunchOperator(env.OperatorConfig())
	defer operator.Stop()
	there := strings.Contains(env.Kubectl("get", "smc", "-o", "name"), Name)
	if there {
		_, err := rollout.Path(rollout.PathRequest{Running: env.Mesh().Status.Version, Wanted: s.mesh.Spec.Version, Known: istio.Versions()})
		if there = err == nil; !there {
			env.Kubectl("delete", "smc", Name, "--timeout=240s")
		}
	}
	if there {
		Eventually(func() error {
			smc := env.Mesh()
			smc.Spec = s.mesh.Spec
			return env.API.Update(context.Background(), smc)
		}).Should(Succeed())
	} else {
		env.Create(s.mesh.DeepCopy())
	}
	env.EventuallyPhase(v1.PhaseSucceeded)
	env.Settled()
	s.others = s.surplus()
}

// surplus lists what carries the owner's label and is not in the plan. CRDs and
// Namespaces are never removed, and what Kubernetes derives from a Service has the
// labels of it.
func (s *scenario) surplus() []string {
	GinkgoHelper()
	var found []string
	for _, kind := range object.Kinds() {
		if kind.Retained || kind.Unwatched {
			continue
		}
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind.GVK)
		Expect(env.API.List(context.Background(), list, client.HasLabels{v1.OwnerLabel})).To(Succeed())
		for _, item := range list.Items {
			name := item.GetKind() + " " + strings.TrimPrefix(item.GetNamespace()+"/"+item.GetName(), "/")
			if !slices.ContainsFunc(s.targets, func(t target) bool { return t.name == name }) {
				found = append(found, name)
			}
		}
	}
	return found
}

// manipulate does one group of manipulations to all objects under an operator of
// its own, and counts the requests of each object.
func (s *scenario) manipulate(group []manipulation, told *eventLog) {
	GinkgoHelper()
	began := env.Cluster.Audit().Mark()
	operator := LaunchOperator(env.OperatorConfig())
	defer operator.Stop()
	Eventually(func() int { return len(env.MeshWrites(began)) }).Should(Equal(len(s.targets)), "an operator that starts applies each object once")
	mark := env.Cluster.Audit().Mark()
	for name, result := range manipulate(s.targets, group, told) {
		if s.results[name] == nil {
			s.results[name] = outcome{}
		}
		for m, err := range result {
			s.results[name][m] = err
		}
	}
	env.EventuallyPhase(v1.PhaseSucceeded)
	env.Settled()
	s.count(group, env.MeshWrites(mark))
}

// count compares the requests with the manipulations.
func (s *scenario) count(group []manipulation, writes []cluster.Request) {
	s.requests += len(writes)
	for _, t := range s.targets {
		for _, m := range group {
			if t.suffers(m) {
				s.wrong[t.name]--
			}
		}
		writes = slices.DeleteFunc(writes, func(r cluster.Request) bool {
			if t.isMeant(r) {
				s.wrong[t.name]++
				return true
			}
			return false
		})
		if s.wrong[t.name] == 0 {
			delete(s.wrong, t.name)
		}
	}
	for _, other := range writes {
		s.wrong[fmt.Sprint(other)]++
	}
}

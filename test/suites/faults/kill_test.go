// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/test/harness/faults"
	"github.com/gloo-operator/gloo-operator/test/harness/portion"
)

// death is a way to die at a write.
type death struct {
	name  string
	fault faults.Fault
}

var deaths = []death{
	{"killed before it sends the write", faults.DieBeforeSending},
	{"killed after the server has acted, before it reads the answer", faults.DieAfterActing},
}

var _ = Describe("An operator that is killed at a write", func() {
	for _, way := range deaths {
		It("is followed by one that completes what an undisturbed one would have, for every write: "+way.name, func() {
			model := undisturbed.portion()
			lives := queue(numbers(max(len(model[install]), len(model[upgrade]), len(model[uninstall]))))
			each(sites, func(s *site) {
				for k := range lives {
					s.liveAndDie(model, k, way)
				}
			})
			for _, p := range phases {
				Expect(model[p]).NotTo(BeEmpty())
				Expect(results.of(way.name, p)).To(BeNumerically(">=", len(besidesStatus(model[p]))), "writes of %s at which an operator was killed", p)
			}
		})

		It("is followed by one that completes, for every CRD when it is created: "+way.name, func(ctx SpecContext) {
			fresh := newSite(ctx)
			hit := fresh.chain(way.fault)
			fresh.converge(install)
			Expect(hit).NotTo(BeEmpty())
			for _, w := range undisturbed.writes[install] {
				if isCRD(w.Request) {
					Expect(hit).To(HaveKey(w.Request))
				}
			}
			results.add(way.name+", creating a CRD", install, len(hit))
		})
	}
})

// portion are the writes at which operators die.
func (l life) portion() map[phase][]write {
	chosen := map[phase][]write{}
	for p, writes := range l.writes {
		chosen[p] = portion.Of(writes)
	}
	return chosen
}

// numbers are those below a limit.
func numbers(limit int) []int {
	var all []int
	for k := range limit {
		all = append(all, k)
	}
	return all
}

// liveAndDie lets a mesh come, change and go while in each phase the operator dies at
// the k-th write of the model.
func (s *site) liveAndDie(model map[phase][]write, k int, way death) {
	GinkgoHelper()
	for _, p := range phases {
		if k >= len(model[p]) {
			s.faults.Arm()
			s.begin(p)
			s.converge(p)
			continue
		}
		about := fmt.Sprintf("%s: %s, at write %d: %s", p, way.name, k+1, model[p][k])
		By(about)
		s.faults.Arm(model[p][k].rule(way.fault))
		s.begin(p)
		if died := s.die(p); !died {
			Expect(isStatus(model[p][k].Request)).To(BeTrue(), "%s did not come", about)
			continue
		}
		s.replace()
		s.converge(p, about)
		results.add(way.name, p, 1)
	}
}

// chain installs with one operator after the other, each of which dies at the first
// creation of a CRD that none has died at before. It tells at which.
func (s *site) chain(fault faults.Fault) map[faults.Request]bool {
	GinkgoHelper()
	hit := map[faults.Request]bool{}
	untried := func(r faults.Request) bool {
		return isCRD(r) && r.Writes() && !hit[r] && s.missing(r)
	}
	s.faults.Arm(faults.Rule{When: untried, Fault: fault})
	s.begin(install)
	for s.die(install) {
		s.operator.Kill()
		for _, r := range s.faults.Hits() {
			hit[r] = true
		}
		s.start(faults.Rule{When: untried, Fault: fault})
	}
	return hit
}

// isCRD recognizes a request for what an uninstallation keeps. The namespace is kept too, but
// it is the chart that creates it.
func isCRD(r faults.Request) bool { return r.Resource == "customresourcedefinitions" }

// missing reports whether the CRD that a request is about is not there yet. The operator's
// other requests wait meanwhile.
func (s *site) missing(r faults.Request) bool {
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: r.Group, Version: "v1", Kind: "CustomResourceDefinition"})
	return apierrors.IsNotFound(s.API.Get(context.Background(), client.ObjectKey{Name: r.Name}, crd))
}

func isStatus(r faults.Request) bool { return r.Subresource == "status" }

// besidesStatus are the writes that come in each life: those of the status differ in
// number as the rollout goes.
func besidesStatus(writes []write) []write {
	var kept []write
	for _, w := range writes {
		if !isStatus(w.Request) {
			kept = append(kept, w)
		}
	}
	return kept
}

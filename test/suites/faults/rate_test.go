// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/harness/faults"
	"github.com/gloo-operator/gloo-operator/test/harness/portion"
)

const (
	// perMinute is how many requests an operator may send in a minute while it cannot
	// make progress.
	perMinute = 30
	// together are requests that are not told apart: those of one attempt, on a busy machine,
	// and of the first tries.
	together = time.Second
	// growing is how many pauses at the end of the minute are compared with the one
	// before. An attempt that the operator's own writes start, of the status or of a Helm
	// release, takes the place of a pause, so that not every doubling shows.
	growing = 2
	// waiting is on how many clusters operators cannot make progress at the same time: it costs
	// little but time.
	waiting = 4
)

// persistent is an error that does not go away by itself.
type persistent struct {
	name  string
	phase phase
	when  faults.Match
	// takesOver recognizes an installation where helm has installed an istiod.
	takesOver bool
}

var persistents = []persistent{
	{"all writes of ConfigMaps answered 500", install, faults.All(faults.Resource("configmaps"), faults.Request.Writes), false},
	{"all writes of the mesh answered 500", install, meshWrite, false},
	{"all writes of the status answered 500", install, faults.Status("servicemeshcontrollers"), false},
	{"all writes of Helm releases answered 500", install, faults.All(faults.Resource("secrets"), faults.Request.Writes), false},
	{"all lists that look for conflicts answered 500", install, func(r faults.Request) bool { return r.Verb == "list" && r.Resource == "serviceaccounts" }, false},
	{"all writes of the mesh answered 500", uninstall, meshWrite, false},
	{"all writes of Helm releases answered 500", uninstall, faults.All(faults.Resource("secrets"), faults.Request.Writes), false},
	{"all writes of the finalizer answered 500", uninstall, faults.All(faults.Resource("servicemeshcontrollers"), faults.Request.Writes), false},
	{"all writes of ConfigMaps answered 500, taking over", install, faults.All(faults.Resource("configmaps"), faults.Request.Writes), true},
	{"all writes of leftovers answered 500, taking over", install, leftoverWrites, true},
	{"all writes of Helm releases answered 500, taking over", install, faults.All(faults.Resource("secrets"), faults.Request.Writes), true},
}

// meshWrite selects writes of what the mesh consists of.
func meshWrite(r faults.Request) bool {
	return faults.Work(r) && r.Writes() && r.Resource != "servicemeshcontrollers" && r.Resource != "secrets"
}

var _ = Describe("An operator that cannot make progress", func() {
	It("tries again with growing pauses, seldom, and completes when it can", func(ctx SpecContext) {
		enduring := slices.Clone(sites)
		for len(enduring) < waiting {
			enduring = append(enduring, newSite(ctx))
		}
		errors := queue(portion.Of(persistents))
		each(enduring, func(s *site) {
			for e := range errors {
				s.endure(e)
			}
		})
	})
})

// endure begins a phase that meets a persistent error and watches the operator for a
// minute from the first failure on.
func (s *site) endure(e persistent) {
	GinkgoHelper()
	s.reset()
	for _, before := range phases[:slices.Index(phases, e.phase)] {
		s.begin(before)
		s.converge(before)
	}
	s.faults.Arm(faults.Rule{When: e.when, Fault: faults.InternalError()})
	e.begin(s)
	Eventually(s.faults.Hits).ShouldNot(BeEmpty(), e.name)
	Consistently(func() int { return len(s.idling()) }, time.Minute, time.Second).Should(BeNumerically("<", perMinute), s.told)
	pauses := s.pauses()
	By(fmt.Sprint(e.phase, ": ", e.name, ": ", len(s.idling()), " requests, ", pauses))
	Expect(len(pauses)).To(BeNumerically(">", growing), s.told)
	for i := len(pauses) - growing; i < len(pauses); i++ {
		Expect(pauses[i]).To(BeNumerically(">", pauses[i-1]*5/4), "%s: %v", e.name, pauses)
	}
	s.faults.Arm()
	e.end(s)
	results.add("for a minute, "+e.name, e.phase, 1)
}

// begin begins the phase.
func (e persistent) begin(s *site) {
	GinkgoHelper()
	if !e.takesOver {
		s.begin(e.phase)
		return
	}
	s.takeOver()
}

// end waits for the end of the phase. What has been taken over has another history
// than what the operator made, so it is not compared.
func (e persistent) end(s *site) {
	GinkgoHelper()
	if e.takesOver {
		s.finish(e.phase)
		return
	}
	s.converge(e.phase, e.name)
}

// idling lists the requests, but for watches, since the operator last made progress: since the
// first failure, or a write of the mesh after it that was the first of its kind.
func (s *site) idling() []string {
	log := s.faults.Log()
	since := slices.IndexFunc(log, func(sent faults.Sent) bool { return sent.Hit })
	tried := map[faults.Request]bool{}
	for i, sent := range log {
		if i > since && meshWrite(sent.Request) && !sent.Hit && !tried[sent.Request] {
			since = i + 1
		}
		tried[sent.Request] = true
	}
	var list []string
	for _, sent := range log[since:] {
		if sent.Verb != "watch" && sent.Resource != "leases" {
			list = append(list, sent.At.Format("05.000 ")+sent.String())
		}
	}
	return list
}

// told is idling for people.
func (s *site) told() string { return strings.Join(s.idling(), "\n") }

// pauses lists the times between the attempts that failed.
func (s *site) pauses() []time.Duration {
	var pauses []time.Duration
	var last time.Time
	for _, sent := range s.faults.Log() {
		if !sent.Hit {
			continue
		}
		if pause := sent.At.Sub(last); !last.IsZero() && pause > together {
			pauses = append(pauses, pause.Round(time.Millisecond))
		}
		last = sent.At
	}
	return pauses
}

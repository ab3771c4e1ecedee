// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
	"github.com/gloo-operator/gloo-operator/test/harness/portion"
)

// refusal is an error that a write may meet.
type refusal struct {
	name  string
	fault faults.Fault
}

var refusals = []refusal{
	{"answered 500", faults.InternalError()},
	{"answered 409", faults.Conflict()},
	{"answered 429 with Retry-After", faults.TooManyRequests(1)},
	{"answered 504 after the server has acted", faults.GatewayTimeout().AfterActing()},
	{"timed out after the server has acted", faults.Timeout().AfterActing()},
	{"connection reset", faults.ConnectionReset()},
	{"connection reset after the server has acted", faults.ConnectionReset().AfterActing()},
}

var _ = Describe("An operator whose every write fails at the first attempt", func() {
	It("leaves what an undisturbed one leaves, and never tells users that they have to act", func() {
		waiting := queue(portion.Of(refusals))
		each(sites, func(s *site) {
			for r := range waiting {
				s.liveRefused(r)
			}
		})
	})
})

// liveRefused lets a mesh come, change and go while the first attempt of every write
// meets a refusal.
func (s *site) liveRefused(r refusal) {
	GinkgoHelper()
	for _, p := range phases {
		By(string(p) + ": " + r.name)
		s.faults.Arm(faults.Rule{When: faults.FirstAttempts(faults.All(faults.Work, faults.Request.Writes)), Fault: r.fault})
		told := s.watch()
		s.begin(p)
		s.converge(p, "%s: %s", p, r.name)
		hits := s.faults.Hits()
		for _, w := range undisturbed.writes[p] {
			Expect(hits).To(ContainElement(w.Request), "%s: %s: %s has failed once", p, r.name, w)
		}
		for _, status := range told() {
			Expect(status.Phase).NotTo(BeElementOf(v1.PhaseFailed, v1.PhaseAborted), status.Message)
		}
		results.add(r.name, p, len(hits))
	}
	Expect(s.operator.Running()).To(BeTrue())
}

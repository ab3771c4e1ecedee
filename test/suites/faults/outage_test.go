// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
	"github.com/gloo-operator/gloo-operator/test/harness/portion"
)

// outage is a time without something that the operator stands on. It begins at a
// write of the operator, and end puts an end to it.
type outage struct {
	name       string
	begin, end func(*site) error
	// moment is the part of a phase's writes after which it begins, in percent.
	moment int
}

var outages = []outage{
	{name: "API server killed and restarted", begin: kill(cluster.APIServer), end: restart(cluster.APIServer)},
	{name: "etcd killed and restarted", begin: kill(cluster.Etcd), end: restart(cluster.Etcd)},
	{name: "all watches cut", begin: func(s *site) error { s.faults.CutWatches(); return nil }, end: func(*site) error { return nil }},
}

func kill(process string) func(*site) error {
	return func(s *site) error { return s.Cluster.Process(process).Kill() }
}

// restart ends an outage. Controllers and scheduler start again with it: after several
// outages in a row client-go has them wait up to half a minute for each watch.
func restart(process string) func(*site) error {
	return func(s *site) error {
		others := []string{cluster.ControllerManager, cluster.Scheduler}
		for _, other := range others {
			if err := s.Cluster.Process(other).Kill(); err != nil {
				return err
			}
		}
		for _, each := range append([]string{process}, others...) {
			if err := s.Cluster.Process(each).Start(context.Background()); err != nil {
				return err
			}
		}
		return nil
	}
}

// moments are those at which each outage is tried.
var moments = []int{10, 50, 90}

var _ = Describe("An outage in the middle of a phase", func() {
	It("is survived: the same operator completes, and the status is true again", func() {
		var all []outage
		for _, moment := range moments {
			for _, o := range outages {
				o.moment = moment
				all = append(all, o)
			}
		}
		waiting := queue(portion.Of(all))
		each(sites, func(s *site) {
			for o := range waiting {
				s.liveThrough(o)
			}
		})
	})
})

// steadyWrite selects the writes of besidesStatus.
var steadyWrite = faults.All(faults.Work, faults.Request.Writes, func(r faults.Request) bool { return !isStatus(r) })

// liveThrough lets a mesh come, change and go with an outage in each phase.
func (s *site) liveThrough(o outage) {
	GinkgoHelper()
	for _, p := range phases {
		s.replace() // What client-go remembers of an outage for two minutes says nothing about the next.
		at := max(1, len(besidesStatus(undisturbed.writes[p]))*o.moment/100)
		By(string(p) + ": " + o.name)
		begun := make(chan error, 1)
		s.faults.Arm(faults.Rule{When: steadyWrite, At: at, Times: 1, Fault: faults.Call(func() { begun <- o.begin(s) })})
		s.begin(p)
		Eventually(begun).Should(Receive(Succeed()))
		Expect(o.end(s)).To(Succeed())
		s.converge(p, "%s: %s at write %d", p, o.name, at)
		Expect(s.operator.Running()).To(BeTrue())
		results.add(o.name, p, 1)
	}
}

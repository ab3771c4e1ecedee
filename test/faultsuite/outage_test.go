// SPDX-License-Identifier: Apache-2.0

package faultsuite_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/faults"
)

// outage is a time without something that the operator stands on. It begins at a
// write of the operator, and end puts an end to it.
type outage struct {
	name       string
	begin, end func(*site) error
}

var outages = []outage{
	{"API server killed and restarted", kill(cluster.APIServer), restart(cluster.APIServer)},
	{"etcd killed and restarted", kill(cluster.Etcd), restart(cluster.Etcd)},
	{"all watches cut", func(s *site) error { s.faults.CutWatches(); return nil }, func(*site) error { return nil }},
}

func kill(process string) func(*site) error {
	return func(s *site) error { return s.Cluster.Process(process).Kill() }
}

// restart ends an outage. Controllers and scheduler start anew with it: after several
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

// moments are the parts of a phase's writes after which an outage begins, in percent.
var moments = []int{10, 50, 90}

var _ = Describe("An outage in the middle of a phase", func() {
	It("is survived: the same operator completes, and the status is true again", func() {
		queue := make(chan outage, len(outages))
		for _, o := range outages {
			queue <- o
		}
		close(queue)
		each(sites, func(s *site) {
			for o := range queue {
				for _, moment := range moments {
					s.liveThrough(o, moment)
				}
			}
		})
	})
})

// liveThrough lets a mesh come, change and go with an outage in each phase.
func (s *site) liveThrough(o outage, moment int) {
	GinkgoHelper()
	for _, p := range phases {
		s.replace() // What client-go remembers of an outage for two minutes says nothing about the next.
		at := max(1, len(undisturbed.writes[p])*moment/100)
		By(string(p) + ": " + o.name)
		begun := make(chan error, 1)
		s.faults.Arm(faults.Rule{At: at, Times: 1, Fault: faults.Call(func() { begun <- o.begin(s) })})
		s.begin(p)
		Eventually(begun).Should(Receive(Succeed()))
		Expect(o.end(s)).To(Succeed())
		s.converge(p, "%s: %s at write %d", p, o.name, at)
		Expect(s.operator.Running()).To(BeTrue())
		results.add(o.name, p, 1)
	}
}

// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
)

// The versions of the installation and of the upgrade.
const (
	oldVersion = "1.28.2"
	newVersion = "1.29.1"
)

// comparing is how often a cluster is compared while it is not equal yet: a
// comparison reads every object.
const comparing = 200 * time.Millisecond

// phase is a part of the life of a mesh.
type phase string

const (
	install   phase = "install"
	upgrade   phase = "upgrade"
	uninstall phase = "uninstall"
)

// phases of a life, in order.
var phases = []phase{install, upgrade, uninstall}

// life is what an undisturbed operator does in each phase, and what it leaves.
type life struct {
	writes map[phase][]write
	leaves map[phase]Snapshot
}

// write is a write of an undisturbed phase: the request, and how many equal ones came
// before it. Writes of one wave go in parallel and come in any order, so this, and
// not a number, names the same write in two runs.
type write struct {
	faults.Request
	before int
}

// rule hits that write.
func (w write) rule(fault faults.Fault) faults.Rule {
	return faults.Rule{When: faults.Is(w.Request), At: w.before + 1, Times: 1, Fault: fault}
}

// site is a cluster with an operator whose requests can be broken.
type site struct {
	*Env
	operator *Operator
	faults   *faults.Injector
}

// newSite starts a cluster of few nodes: what fails here are requests, not rollouts.
func newSite(ctx context.Context) *site {
	GinkgoHelper()
	s := &site{Env: New(ctx, func(o *cluster.Options) { o.Nodes = 2 })}
	s.start()
	DeferCleanup(func() { s.operator.Kill() })
	return s
}

// each does the same on all sites at the same time.
func each(sites []*site, do func(*site)) {
	var all sync.WaitGroup
	for _, s := range sites {
		all.Go(func() {
			defer GinkgoRecover()
			do(s)
		})
	}
	all.Wait()
}

// start runs a fresh operator with a fresh client, whose requests meet those rules.
func (s *site) start(rules ...faults.Rule) {
	s.faults = faults.New()
	s.faults.Arm(rules...)
	s.operator = LaunchOperator(s.faults.Config(s.OperatorConfig()))
}

// replace ends the operator and runs a fresh one.
func (s *site) replace() {
	GinkgoHelper()
	s.operator.Kill()
	s.start()
}

// reset gives the site a fresh operator and no mesh, whatever a spec has left.
func (s *site) reset() {
	GinkgoHelper()
	s.replace()
	Expect(client.IgnoreNotFound(s.API.Delete(context.Background(), Sample("minimal.yaml")))).To(Succeed())
	s.finish(uninstall)
}

// live lets a mesh come, change and go without disturbance.
func (s *site) live() life {
	GinkgoHelper()
	l := life{writes: map[phase][]write{}, leaves: map[phase]Snapshot{}}
	for _, p := range phases {
		s.faults.Arm()
		s.begin(p)
		s.finish(p)
		s.Settled()
		for _, request := range s.faults.Writes() {
			l.writes[p] = append(l.writes[p], write{Request: request, before: count(l.writes[p], request)})
		}
		var err error
		l.leaves[p], err = s.Snapshot(context.Background())
		Expect(err).NotTo(HaveOccurred())
	}
	return l
}

func count(writes []write, request faults.Request) int {
	return len(slices.DeleteFunc(slices.Clone(writes), func(w write) bool { return w.Request != request }))
}

// begin asks for a phase as users do.
func (s *site) begin(p phase) {
	GinkgoHelper()
	switch p {
	case install:
		s.Create(Sample("minimal.yaml", Version(oldVersion)))
	case upgrade:
		patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":{"version":%q}}`, newVersion))
		Expect(s.API.Patch(context.Background(), Sample("minimal.yaml"), patch)).To(Succeed())
	default:
		Expect(s.API.Delete(context.Background(), Sample("minimal.yaml"))).To(Succeed())
	}
}

// done tells what is missing to the end of a phase, as users see it.
func (s *site) done(p phase) error {
	smc := &v1.ServiceMeshController{}
	err := s.API.Get(context.Background(), client.ObjectKey{Name: Name}, smc)
	switch {
	case p == uninstall:
		if err == nil {
			return fmt.Errorf("%s: %s", smc.Status.Phase, smc.Status.Message)
		}
		return client.IgnoreNotFound(err)
	case err != nil:
		return err
	case smc.Status.Phase != v1.PhaseSucceeded || smc.Status.ObservedGeneration != smc.Generation:
		return fmt.Errorf("%s: %s", smc.Status.Phase, smc.Status.Message)
	}
	return nil
}

// finish waits for the end of a phase.
func (s *site) finish(p phase) {
	GinkgoHelper()
	Eventually(func() error { return s.done(p) }).Should(Succeed(), "end of %s", p)
}

// die waits for the death of the operator's client, or for the end of a phase in
// which it does not come to that, and tells which it was.
func (s *site) die(p phase) (died bool) {
	GinkgoHelper()
	Eventually(func() error {
		select {
		case <-s.faults.Died():
			died = true
			return nil
		default:
			return errors.Join(s.done(p), s.differentOnceDone(p))
		}
	}).Should(Succeed(), "end of %s", p)
	if !died && len(s.faults.Hits()) > 0 {
		Eventually(s.faults.Died()).Should(BeClosed()) // The server has acted, and the client is about to die.
		died = true
	}
	return died
}

// differentOnceDone spares the comparison while users can see that it must fail.
func (s *site) differentOnceDone(p phase) error {
	if s.done(p) != nil {
		return nil
	}
	return s.different(p)
}

// different tells how the cluster differs from what an undisturbed phase leaves.
func (s *site) different(p phase) error {
	snapshot, err := s.Snapshot(context.Background())
	if err != nil {
		return err
	}
	if difference := snapshot.Difference(undisturbed.leaves[p]); difference != "" {
		return fmt.Errorf("after %s the cluster is not as after an undisturbed one:\n%s", p, difference)
	}
	return nil
}

// converge waits until the cluster is as an undisturbed phase leaves it.
func (s *site) converge(p phase, about ...any) {
	GinkgoHelper()
	s.finish(p)
	Eventually(func() error { return s.different(p) }).WithPolling(comparing).Should(Succeed(), about...)
}

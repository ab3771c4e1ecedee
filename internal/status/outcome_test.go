// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

var _ = Describe("The outcome of an attempt", func() {
	It("is that of the component that it worked on", func() {
		Expect(attemptOf(2, "pods").CurrentComponent()).To(HaveField("Name", v1.ComponentIstiod))
		Expect(attemptOf(0, "pods").CurrentComponent()).To(HaveField("Name", v1.ComponentGatewayAPI))
		Expect(attemptOf(2, "").CurrentComponent()).To(BeNil(), "none has begun")
		Expect(complete().CurrentComponent()).To(BeNil(), "all are complete")
	})

	It("begins with the components of the plan", func() {
		Expect(NotStarted([]plan.Component{{Name: "istiod", Version: "1.29.1"}, {Name: "ztunnel", Version: "1.29.2"}})).To(Equal([]ComponentState{
			{Name: "istiod", Version: "1.29.1"}, {Name: "ztunnel", Version: "1.29.2"},
		}))
	})

	It("completes a component without the nodes that it leaves out", func() {
		c := ComponentState{Name: "ztunnel", Message: "1 of 2 pods ready", Progress: health.Progress{Desired: 2, Updated: 1, Ready: 1, Old: 1}}
		c.LeaveOut([]string{"a"})
		Expect(c.Done).To(BeTrue())
		Expect(c.Progress.UpdatedAndReady()).To(BeEquivalentTo(1))
		Expect(c.Message).To(Equal("ztunnel is complete except on nodes that are not ready: node a is left out (spec.upgrade.maxUnavailableNodes)"))
	})

	It("adds up the pods of a component's workloads", func() {
		c := ComponentState{Name: "istiod"}
		c.AddPods(health.Progress{Desired: 1, Updated: 2, Ready: 3, Old: 4})
		Expect(c).To(Equal(ComponentState{Name: "istiod", HasPods: true, Progress: health.Progress{Desired: 1, Updated: 2, Ready: 3, Old: 4}}))
		c.AddPods(health.Progress{Desired: 1, Updated: 1, Ready: 1, Old: 1, Unobserved: true})
		c.AddPods(health.Progress{})
		Expect(c).To(Equal(ComponentState{
			Name: "istiod", HasPods: true, Unobserved: true, Progress: health.Progress{Desired: 2, Updated: 3, Ready: 4, Old: 5},
		}))
	})

	It("does not know a component that the status does not have", func() {
		Expect(ComponentNamed(nil, "istiod")).To(Equal(v1.ComponentStatus{Name: "istiod"}))
	})
})

var _ = DescribeTable("Helm releases of a rollout wait", func(p *Outcome, expected time.Duration) {
	Expect(p.HelmDelay(time.Unix(1000, 0))).To(Equal(expected))
},
	Entry("for ten seconds after progress", progressed(attemptOf(2, "pods"), 1000), 10*time.Second),
	Entry("for what is left of them", progressed(attemptOf(2, "pods"), 996), 6*time.Second),
	Entry("no longer", progressed(attemptOf(2, "pods"), 980), time.Duration(0)),
	Entry("not where there was no progress", attemptOf(2, "pods"), time.Duration(0)),
	Entry("not when the mesh is complete", progressed(complete(), 1000), time.Duration(0)),
)

// progressed is an attempt whose last progress was at that time.
func progressed(p *Outcome, seconds int64) *Outcome {
	p.ProgressTime = time.Unix(seconds, 0)
	return p
}

var _ = Describe("An attempt is reported", func() {
	// edited is an attempt over a complete mesh of which a workload was just edited.
	edited := func() *Outcome {
		p := complete()
		p.Components[2].Done, p.Components[2].Unobserved = false, true
		return p
	}
	failing := func() *Outcome {
		p := edited()
		p.Components[4].Failure = refused
		return p
	}
	other := resource(v1.PhaseSucceeded, "1.29.1")
	other.Generation++

	DescribeTable("unless the next event is about to come", func(smc *v1.ServiceMeshController, p *Outcome, quiet bool) {
		Expect(p.Quiet(smc)).To(Equal(quiet))
	},
		Entry("as that of a workload that was edited", resource(v1.PhaseSucceeded, "1.29.1"), edited(), true),
		Entry("as a blocker says", resource(v1.PhaseFailed, ""), &Outcome{Blocker: &Blocker{Quiet: true}}, true),
		Entry("not for other blockers", resource(v1.PhaseSucceeded, "1.29.1"), &Outcome{Blocker: &Blocker{}}, false),
		Entry("not where no workload was edited", resource(v1.PhaseSucceeded, "1.29.1"), complete(), false),
		Entry("not where something was applied", resource(v1.PhaseSucceeded, "1.29.1"), changed(edited(), apply.Restored), false),
		Entry("not where a component fails", resource(v1.PhaseSucceeded, "1.29.1"), failing(), false),
		Entry("not where the mesh was not complete", resource(v1.PhaseDegraded, "1.29.1"), edited(), false),
		Entry("not for another generation", other, edited(), false),
	)

	It("later when a blocker says so", func() {
		Expect((&Outcome{Blocker: &Blocker{RetryAfter: time.Minute}}).QuietRetry()).To(Equal(time.Minute))
		Expect(edited().QuietRetry()).To(BeZero())
	})
})

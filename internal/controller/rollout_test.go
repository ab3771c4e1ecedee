// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
)

var _ = Describe("A change of the mesh", func() {
	// under is a resource whose change to 1.29.1 is under way since a minute.
	under := func(running string) *v1.ServiceMeshController {
		smc := resource(v1.PhaseUpgrading, running)
		smc.Status.Rollout = &v1.RolloutStatus{From: running, To: "1.29.1", StartTime: metav1.NewTime(time.Now().Add(-time.Minute))}
		return smc
	}
	failing := func() *pass {
		p := passOf(4, "pods")
		p.components[4].failure = &stop{reason: v1.ReasonRolloutFailed, phase: v1.PhaseFailed, message: "no image" + whatNow}
		return p
	}

	It("is told while it is under way", func() {
		smc := under("1.28.2")
		smc.Status.Components = []v1.ComponentStatus{{Name: v1.ComponentIstiod, Version: "1.28.2"}}
		s := newStatus(smc, passOf(2, "1 of 2 pods updated"))
		Expect(s.Rollout).To(And(HaveField("To", "1.29.1"), HaveField("StartTime", smc.Status.Rollout.StartTime),
			HaveField("Component", v1.ComponentIstiod), HaveField("Progress", "istiod 1.28.2 → 1.29.1 2/2")))
	})

	It("stands in the history when it is complete, with its duration", func() {
		p := complete()
		p.course.from = "1.28.2"
		s := newStatus(under("1.28.2"), p)
		Expect(s.Rollout).To(BeNil())
		Expect(s.History).To(HaveLen(1))
		Expect(s.History[0]).To(And(HaveField("From", "1.28.2"), HaveField("To", "1.29.1"), HaveField("Result", v1.ResultSucceeded),
			HaveField("Duration.Duration", BeNumerically("~", time.Minute, 5*time.Second))))
	})

	It("is followed by the next step", func() {
		p := complete()
		p.course.rest = []string{"1.30.0", "1.31.0"}
		s := newStatus(under("1.28.2"), p)
		Expect(s.Rollout).To(And(HaveField("From", "1.29.1"), HaveField("To", "1.30.0"), HaveField("Path", []string{"1.31.0"})))
		Expect(s.Phase).To(Equal(v1.PhaseUpgrading))
		Expect(s.Version).To(Equal("1.29.1"))
		Expect(s.Message).To(Equal("upgrade path: 1.29.1 → 1.30.0 → 1.31.0"))
	})

	It("of values has one version", func() {
		s := newStatus(resource(v1.PhaseSucceeded, "1.29.1"), changed(passOf(2, "pods"), apply.Changed))
		Expect(s.Rollout).To(HaveField("To", "1.29.1"))
	})

	It("is none that only undoes what somebody did", func() {
		s := newStatus(resource(v1.PhaseSucceeded, "1.29.1"), changed(passOf(4, "pods"), apply.Restored))
		Expect(s.Rollout).To(BeNil())
		Expect(newStatus(resource(v1.PhaseSucceeded, "1.29.1"), complete()).History).To(BeEmpty())
	})

	It("is superseded by another one", func() {
		smc := under("1.28.2")
		smc.Status.Rollout.To = "1.28.7"
		s := newStatus(smc, passOf(2, "pods"))
		Expect(s.History).To(ConsistOf(And(HaveField("To", "1.28.7"), HaveField("Result", v1.ResultSuperseded))))
	})

	It("is rolled back once where that is asked for", func() {
		smc := under("1.28.2")
		Expect(newStatus(smc, failing())).To(And(HaveField("Phase", v1.PhaseFailed), HaveField("FailedRollout", BeNil())))
		smc.Spec.Upgrade = &v1.Upgrade{OnFailure: v1.Rollback}
		s := newStatus(smc, failing())
		Expect(s.FailedRollout).To(Equal(&v1.FailedRollout{Generation: 2, Version: "1.29.1", Message: "no image"}))
		Expect(s.Phase).To(Equal(v1.PhaseUpgrading))
		Expect(s.Message).To(HavePrefix("rolling back to Istio 1.28.2, since the rollout of 1.29.1 failed: no image"))
	})

	It("is not rolled back where nothing ran before, or only values changed", func() {
		for _, running := range []string{"", "1.29.1"} {
			smc := under(running)
			smc.Spec.Upgrade = &v1.Upgrade{OnFailure: v1.Rollback}
			Expect(newStatus(smc, failing())).To(And(HaveField("Phase", v1.PhaseFailed), HaveField("FailedRollout", BeNil())))
		}
	})

	It("that was rolled back leaves FAILED and what runs", func() {
		smc := resource(v1.PhaseUpgrading, "1.29.1")
		smc.Spec.Version = "1.30.0"
		smc.Status.FailedRollout = &v1.FailedRollout{Generation: 2, Version: "1.30.0", Message: "no image"}
		smc.Status.Rollout = &v1.RolloutStatus{From: "1.30.0", To: "1.29.1", Rollback: true}
		p := complete()
		p.course = course{from: "1.30.0", to: "1.29.1", rollback: true}
		s := newStatus(smc, p)
		Expect(s).To(And(HaveField("Phase", v1.PhaseFailed), HaveField("Rollout", BeNil()), HaveField("Version", "1.29.1")))
		Expect(s.Message).To(And(HavePrefix("Istio 1.29.1 runs again: "), ContainSubstring("no image")))
		Expect(s.History).To(ConsistOf(HaveField("Result", v1.ResultRolledBack)))
	})

	It("pushes the oldest out of the history", func() {
		smc := under("1.28.2")
		for range v1.HistoryLength {
			smc.Status.History = append(smc.Status.History, v1.HistoryEntry{To: "old"})
		}
		s := newStatus(smc, complete())
		Expect(s.History).To(HaveLen(v1.HistoryLength))
		Expect(s.History[0].To).To(Equal("1.29.1"))
	})
})

var _ = It("A change of the mesh never took less than no time", func() {
	now := time.Unix(1000, 0)
	ended := &v1.RolloutStatus{To: "1.29.1", StartTime: stamp(now.Add(time.Minute))}
	Expect(addHistory(nil, ended, v1.ResultSucceeded, now)[0].Duration.Duration).To(BeZero())
})

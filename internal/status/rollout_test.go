// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

var _ = Describe("A change of the mesh", func() {
	// under is a resource whose change to 1.29.1 is under way since a minute.
	under := func(running string) *v1.ServiceMeshController {
		smc := resource(v1.PhaseUpgrading, running)
		smc.Status.Rollout = &v1.RolloutStatus{From: running, To: "1.29.1", StartTime: metav1.NewTime(time.Now().Add(-time.Minute))}
		return smc
	}
	failing := func() *Outcome {
		p := attemptOf(4, "pods")
		p.Components[4].Failure = &Blocker{Reason: v1.ReasonRolloutFailed, Phase: v1.PhaseFailed, Message: "no image" + rolloutAdvice, Summary: "no image"}
		return p
	}

	It("is told while it is under way", func() {
		smc := under("1.28.2")
		smc.Status.Components = []v1.ComponentStatus{{Name: v1.ComponentIstiod, Version: "1.28.2"}}
		s := computed(smc, attemptOf(2, "1 of 2 pods updated"))
		Expect(s.Rollout).To(And(HaveField("To", "1.29.1"), HaveField("StartTime", smc.Status.Rollout.StartTime),
			HaveField("Component", v1.ComponentIstiod), HaveField("Progress", "istiod 1.28.2 → 1.29.1 2/2")))
	})

	It("stands in the history when it is complete, with its duration", func() {
		p := complete()
		p.Target.From = "1.28.2"
		s := computed(under("1.28.2"), p)
		Expect(s.Rollout).To(BeNil())
		Expect(s.History).To(HaveLen(1))
		Expect(s.History[0]).To(And(HaveField("From", "1.28.2"), HaveField("To", "1.29.1"), HaveField("Result", v1.ResultSucceeded),
			HaveField("Duration.Duration", BeNumerically("~", time.Minute, 5*time.Second))))
	})

	It("is followed by the next step", func() {
		p := complete()
		p.Target.Rest = []string{"1.30.0", "1.31.0"}
		s := computed(under("1.28.2"), p)
		Expect(s.Rollout).To(And(HaveField("From", "1.29.1"), HaveField("To", "1.30.0"), HaveField("Path", []string{"1.31.0"})))
		Expect(s.Phase).To(Equal(v1.PhaseUpgrading))
		Expect(s.Version).To(Equal("1.29.1"))
		Expect(s.Message).To(Equal("upgrade path: 1.29.1 → 1.30.0 → 1.31.0"))
	})

	It("of values has one version", func() {
		s := computed(resource(v1.PhaseSucceeded, "1.29.1"), changed(attemptOf(2, "pods"), apply.Changed))
		Expect(s.Rollout).To(HaveField("To", "1.29.1"))
	})

	It("is none that only undoes what somebody did", func() {
		s := computed(resource(v1.PhaseSucceeded, "1.29.1"), changed(attemptOf(4, "pods"), apply.Restored))
		Expect(s.Rollout).To(BeNil())
		Expect(computed(resource(v1.PhaseSucceeded, "1.29.1"), complete()).History).To(BeEmpty())
	})

	It("names where it has got to, and since when", func() {
		p := attemptOf(2, "pods")
		Expect(computed(under(""), p).Rollout).To(And(HaveField("Progress", "istiod 1.29.1 2/2"), HaveField("ProgressTime", BeNil())))
		smc := under("1.29.1")
		smc.Status.Components = []v1.ComponentStatus{{Name: v1.ComponentIstiod, Version: "1.29.1"}}
		p.ProgressTime = time.Unix(1000, 500)
		Expect(computed(smc, p).Rollout).To(And(HaveField("Progress", "istiod 1.29.1 2/2"), HaveField("ProgressTime.Unix()", BeEquivalentTo(1000))))
	})

	It("stays as it is while it is paused", func() {
		smc := under("1.28.2")
		smc.Status.Rollout.To = "1.28.7"
		s := computed(smc, pausedPass(attemptOf(3, "pods")))
		Expect(s.Rollout).To(Equal(smc.Status.Rollout))
		Expect(s.History).To(BeEmpty())
	})

	It("that is being rolled back says so until it is", func() {
		smc := resource(v1.PhaseUpgrading, "1.28.2")
		smc.Status.FailedRollout = &v1.FailedRollout{Generation: 2, Version: "1.29.1", Message: "no image"}
		smc.Status.Rollout = &v1.RolloutStatus{From: "1.29.1", To: "1.28.2", Rollback: true}
		p := attemptOf(2, "pods")
		p.Target = rollout.Target{From: "1.29.1", To: "1.28.2", Rollback: true}
		s := computed(smc, p)
		Expect(s.Message).To(Equal("rolling back to Istio 1.28.2, since the rollout of 1.29.1 failed: no image: istiod pods"))
		Expect(conditionOf(s, v1.ConditionReady).Reason).To(Equal(v1.ReasonRollingBack))
	})

	It("is superseded by another one", func() {
		smc := under("1.28.2")
		smc.Status.Rollout.To = "1.28.7"
		s := computed(smc, attemptOf(2, "pods"))
		Expect(s.History).To(ConsistOf(And(HaveField("To", "1.28.7"), HaveField("Result", v1.ResultSuperseded))))
	})

	It("is rolled back once where that is asked for", func() {
		smc := under("1.28.2")
		Expect(computed(smc, failing())).To(And(HaveField("Phase", v1.PhaseFailed), HaveField("FailedRollout", BeNil())))
		smc.Spec.Upgrade = &v1.Upgrade{OnFailure: v1.Rollback}
		unplanned := computed(smc, failing())
		Expect(unplanned).To(And(HaveField("Phase", v1.PhaseFailed), HaveField("FailedRollout", BeNil())), "what it is rolled back to cannot be planned yet")
		failed := failing()
		failed.RollbackDigest = "digest"
		s := computed(smc, failed)
		Expect(s.FailedRollout).To(Equal(&v1.FailedRollout{Generation: 2, Version: "1.29.1", PlanDigest: "digest", Message: "no image"}))
		Expect(s.Phase).To(Equal(v1.PhaseUpgrading))
		Expect(s.Message).To(HavePrefix("rolling back to Istio 1.28.2, since the rollout of 1.29.1 failed: no image"))
	})

	It("is rolled back only if spec asks for that, and something else ran", func() {
		rollsBack := func(onFailure v1.OnFailure, running string, back bool) bool {
			smc, p := under(running), failing()
			smc.Spec.Upgrade, p.Target.Rollback = &v1.Upgrade{OnFailure: onFailure}, back
			return NewlyFailedRollout(smc, p) != nil
		}
		Expect(rollsBack(v1.Rollback, "1.28.2", false)).To(BeTrue())
		Expect(rollsBack("", "1.28.2", false)).To(BeFalse(), "not asked for")
		Expect(rollsBack(v1.Rollback, "1.28.2", true)).To(BeFalse(), "a rollback")
		Expect(rollsBack(v1.Rollback, "", false)).To(BeFalse(), "a first installation")
		Expect(rollsBack(v1.Rollback, "1.29.1", false)).To(BeFalse(), "the same version")
	})

	It("is not rolled back where nothing ran before, or only values changed", func() {
		for _, running := range []string{"", "1.29.1"} {
			smc := under(running)
			smc.Spec.Upgrade = &v1.Upgrade{OnFailure: v1.Rollback}
			Expect(computed(smc, failing())).To(And(HaveField("Phase", v1.PhaseFailed), HaveField("FailedRollout", BeNil())))
		}
	})

	It("that was rolled back leaves FAILED and what runs", func() {
		smc := resource(v1.PhaseUpgrading, "1.29.1")
		smc.Spec.Version = "1.30.0"
		smc.Status.FailedRollout = &v1.FailedRollout{Generation: 2, Version: "1.30.0", Message: "no image"}
		smc.Status.Rollout = &v1.RolloutStatus{From: "1.30.0", To: "1.29.1", Rollback: true}
		p := complete()
		p.Target = rollout.Target{From: "1.30.0", To: "1.29.1", Rollback: true}
		s := computed(smc, p)
		Expect(s).To(And(HaveField("Phase", v1.PhaseFailed), HaveField("Rollout", BeNil()), HaveField("Version", "1.29.1")))
		Expect(s.Message).To(And(HavePrefix("the rollout of Istio 1.30.0 failed and was rolled back to 1.29.1: no image"), HaveSuffix("change spec to try again")))
		Expect(s.History).To(ConsistOf(HaveField("Result", v1.ResultRolledBack)))
	})

	// Hardened: a rolled back mesh while the cluster cannot be read, paused, or its spec is refused | it was UPGRADING again, or SUCCEEDED while paused
	It("that was rolled back stays FAILED, whatever ends the next attempts", func() {
		smc := resource(v1.PhaseFailed, "1.28.2")
		smc.Status.FailedRollout = &v1.FailedRollout{Generation: 2, Version: "1.29.1", Message: "no image"}
		smc.Spec.Upgrade = &v1.Upgrade{OnFailure: v1.Rollback}
		for _, blocker := range []*Blocker{hiccup, refused} {
			s := computed(smc, &Outcome{Blocker: blocker})
			Expect(s.Phase).To(Equal(v1.PhaseFailed))
			Expect(conditionOf(s, v1.ConditionReady).Reason).To(Equal(v1.ReasonRolledBack))
		}
		Expect(computed(smc, &Outcome{Blocker: inTheWay}).Phase).To(Equal(v1.PhaseAborted))
		paused := complete()
		paused.ObservedPaused, paused.Target = true, rollout.Target{From: "1.29.1", To: "1.28.2", Rollback: true}
		s := computed(smc, paused)
		Expect(s.Phase).To(Equal(v1.PhaseFailed))
		Expect(conditionOf(s, v1.ConditionReady).Status).To(Equal(metav1.ConditionFalse))
	})

	// Hardened: a restart of the operator while a copied pull secret exists, of which no watch tells | each restart added a rollout to the history
	It("is none where the plan that is complete was applied once more", func() {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		p := complete()
		p.Changes = []apply.Change{{Action: apply.Created}}
		Expect(RolloutInProgress(smc, p, time.Now())).NotTo(BeNil(), "the plan is another")
		smc.Status.PlanDigest = p.Plan.Digest()
		Expect(RolloutInProgress(smc, p, time.Now())).To(BeNil())
		Expect(computed(smc, p)).To(And(HaveField("Phase", v1.PhaseSucceeded), HaveField("History", BeEmpty())))
		degraded := attemptOf(2, "pods")
		degraded.Changes, smc.Status.PlanDigest = p.Changes, degraded.Plan.Digest()
		Expect(computed(smc, degraded).Phase).To(Equal(v1.PhaseDegraded))
	})

	// Hardened: a change of values whose first status could not be written | the mesh was DEGRADED while the change was rolled out
	It("is in progress until it is complete, though an earlier attempt has applied it", func() {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		smc.Status.PlanDigest = "of other values"
		Expect(computed(smc, attemptOf(2, "pods"))).To(And(HaveField("Phase", v1.PhaseUpgrading), HaveField("Rollout", Not(BeNil()))))
		Expect(computed(smc, complete())).To(And(HaveField("Phase", v1.PhaseSucceeded), HaveField("History", BeEmpty())), "nothing was applied for it")
	})

	It("pushes the oldest out of the history", func() {
		smc := under("1.28.2")
		for range v1.HistoryLength {
			smc.Status.History = append(smc.Status.History, v1.HistoryEntry{To: "old"})
		}
		s := computed(smc, complete())
		Expect(s.History).To(HaveLen(v1.HistoryLength))
		Expect(s.History[0].To).To(Equal("1.29.1"))
	})
})

var _ = It("A change of the mesh never took less than no time", func() {
	now := time.Unix(1000, 0)
	ended := &v1.RolloutStatus{To: "1.29.1", StartTime: rollout.Timestamp(now.Add(time.Minute))}
	Expect(rollout.AddHistory(nil, ended, v1.ResultSucceeded, now)[0].Duration.Duration).To(BeZero())
})

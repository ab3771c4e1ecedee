// SPDX-License-Identifier: Apache-2.0

package status

import (
	"errors"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

// passOf is a pass over the five components of 1.29.1: as many are complete as told,
// and the next one waits for that.
func attemptOf(done int, waitsFor string) *Outcome {
	p := &Outcome{Plan: &plan.Plan{Version: "1.29.1"}, Target: rollout.Target{To: "1.29.1"}}
	for i, name := range []string{v1.ComponentGatewayAPI, v1.ComponentBase, v1.ComponentIstiod, v1.ComponentCNI, v1.ComponentZtunnel} {
		state := ComponentState{Name: name, Version: "1.29.1", Done: i < done}
		if i == done {
			state.Message = waitsFor
		}
		if i >= 2 && i <= done {
			state.HasPods, state.Progress = true, health.Progress{Desired: 2, Updated: 2, Ready: 2}
		}
		p.Components = append(p.Components, state)
		p.Plan.Components = append(p.Plan.Components, plan.Component{Name: name})
	}
	return p
}

// computed is the status after an attempt that ends now.
func computed(smc *v1.ServiceMeshController, o *Outcome) v1.ServiceMeshControllerStatus {
	return Compute(smc, o, time.Now())
}

func complete() *Outcome { return attemptOf(5, "") }

// resource is a ServiceMeshController of generation 2 that had this status.
func resource(phase v1.Phase, running string) *v1.ServiceMeshController {
	smc := &v1.ServiceMeshController{ObjectMeta: metav1.ObjectMeta{Generation: 2}}
	smc.Spec.Version = "1.29.1"
	smc.Status = v1.ServiceMeshControllerStatus{Phase: phase, Version: running, ObservedGeneration: 2}
	return smc
}

var (
	refused  = &Blocker{Reason: v1.ReasonInvalidValues, Message: "no", Phase: v1.PhaseFailed}
	inTheWay = &Blocker{Reason: v1.ReasonConflict, Message: "theirs", Phase: v1.PhaseAborted}
	hiccup   = &Blocker{Reason: v1.ReasonApplyFailed, Message: "timeout", Cause: errors.New("timeout")}
)

var _ = DescribeTable("The phase",
	func(before v1.Phase, running string, p *Outcome, expected v1.Phase) {
		Expect(computed(resource(before, running), p).Phase).To(Equal(expected))
	},
	Entry("of a complete mesh is SUCCEEDED", v1.PhaseInstalling, "", complete(), v1.PhaseSucceeded),
	Entry("of a first installation is INSTALLING", v1.Phase(""), "", attemptOf(2, "pods"), v1.PhaseInstalling),
	Entry("before anything was done is PENDING", v1.Phase(""), "", &Outcome{Blocker: hiccup}, v1.PhasePending),
	Entry("on the way to another version is UPGRADING", v1.PhaseSucceeded, "1.28.2", attemptOf(2, "pods"), v1.PhaseUpgrading),
	Entry("stays UPGRADING over a pass without a change", v1.PhaseUpgrading, "1.29.1", attemptOf(3, "pods"), v1.PhaseUpgrading),
	Entry("of a change of values is UPGRADING", v1.PhaseSucceeded, "1.29.1",
		changed(attemptOf(2, "pods"), apply.Changed), v1.PhaseUpgrading),
	Entry("of drift put right is DEGRADED until the pods are ready", v1.PhaseSucceeded, "1.29.1",
		changed(attemptOf(4, "pods"), apply.Restored), v1.PhaseDegraded),
	Entry("of an installed mesh with an unready pod is DEGRADED", v1.PhaseSucceeded, "1.29.1", attemptOf(4, "pods"), v1.PhaseDegraded),
	Entry("of input that cannot be carried out is FAILED", v1.PhaseSucceeded, "1.29.1", &Outcome{Blocker: refused}, v1.PhaseFailed),
	Entry("of another client's installation is ABORTED", v1.Phase(""), "", &Outcome{Blocker: inTheWay}, v1.PhaseAborted),
	Entry("after what was refused was fixed is UPGRADING again", v1.PhaseFailed, "1.28.2", attemptOf(2, "pods"), v1.PhaseUpgrading),
	Entry("of an ownership conflict is DEGRADED", v1.PhaseSucceeded, "1.29.1", fought(complete()), v1.PhaseDegraded),
	// Hardened: the phase with a workload of an older plan that is annotated to be left alone | it counted as new: SUCCEEDED
	Entry("of a mesh whose workload is left alone and differs is DEGRADED", v1.PhaseSucceeded, "1.29.1", leftAlone(attemptOf(4, "")), v1.PhaseDegraded),
	Entry("stays UPGRADING where the upgrade meets such a one", v1.PhaseUpgrading, "1.28.2", leftAlone(attemptOf(4, "")), v1.PhaseUpgrading),
	// Hardened: the phase after spec is changed while the resource is paused | SUCCEEDED for the new generation
	Entry("of a paused resource with another spec is PENDING", v1.PhaseSucceeded, "1.29.1", pausedPass(attemptOf(1, "not applied")), v1.PhasePending),
	Entry("of a paused resource whose mesh is complete is SUCCEEDED", v1.PhasePending, "1.29.1", pausedPass(complete()), v1.PhaseSucceeded),
	Entry("of a paused rollout stays", v1.PhaseInstalling, "", pausedPass(attemptOf(3, "pods")), v1.PhaseInstalling),
	Entry("of a resource that was paused from the beginning is PENDING", v1.Phase(""), "", pausedPass(attemptOf(0, "not applied")), v1.PhasePending),
)

func changed(p *Outcome, action apply.Action) *Outcome {
	p.Changes = []apply.Change{{Action: action}}
	return p
}

func fought(p *Outcome) *Outcome {
	p.Conflicts = []apply.OwnershipConflict{{Lost: apply.LostFields{Managers: []string{"rival"}, Fields: []string{".a"}}, Pause: time.Second}}
	return p
}

// leftAlone lets the first component that is not complete have a workload that a person
// wants left alone.
func leftAlone(p *Outcome) *Outcome {
	i := slices.IndexFunc(p.Components, func(s ComponentState) bool { return !s.Done })
	p.Components[i].Fail(&Blocker{Reason: v1.ReasonWorkloadIgnored, Message: "left alone"})
	return p
}

func pausedPass(p *Outcome) *Outcome {
	p.ObservedPaused = true
	return p
}

var _ = Describe("The status", func() {
	It("tells the version that runs only when all of it does", func() {
		Expect(computed(resource(v1.PhaseSucceeded, "1.28.2"), attemptOf(4, "pods")).Version).To(Equal("1.28.2"))
		Expect(computed(resource(v1.PhaseSucceeded, "1.28.2"), complete()).Version).To(Equal("1.29.1"))
	})

	It("has the first false condition as its message", func() {
		s := computed(resource("", ""), attemptOf(2, "1 of 2 pods ready"))
		Expect(s.Message).To(Equal("istiod 1 of 2 pods ready"))
		Expect(conditionOf(s, v1.ConditionControlPlaneDeployed).Reason).To(Equal(v1.ReasonProgressing))
		Expect(conditionOf(s, v1.ConditionCNIDeployed).Reason).To(Equal(v1.ReasonWaiting))
		Expect(conditionOf(s, v1.ConditionCRDInstalled).Status).To(Equal(metav1.ConditionTrue))
		Expect(conditionOf(s, v1.ConditionReady).Message).To(Equal(s.Message))
	})

	It("has a reason of its own where a workload is left alone, and says how to go on", func() {
		s := computed(resource(v1.PhaseSucceeded, "1.28.2"), leftAlone(attemptOf(2, "")))
		ready := conditionOf(s, v1.ConditionReady)
		Expect([]string{string(ready.Status), ready.Reason, ready.Message}).To(Equal([]string{"False", v1.ReasonWorkloadIgnored, "left alone"}))
		Expect(conditionOf(s, v1.ConditionControlPlaneDeployed).Reason).To(Equal(v1.ReasonWorkloadIgnored))
		Expect(conditionOf(s, v1.ConditionCNIDeployed).Reason).To(Equal(v1.ReasonWaiting))
	})

	It("tells from which version to which a component goes", func() {
		smc := resource(v1.PhaseUpgrading, "1.28.2")
		smc.Status.Components = []v1.ComponentStatus{{Name: v1.ComponentIstiod, Version: "1.28.2"}}
		s := computed(smc, attemptOf(2, "1 of 2 pods updated"))
		Expect(s.Components[2].Message).To(Equal("1.28.2 → 1.29.1: 1 of 2 pods updated"))
		Expect(s.Components[2].Version).To(Equal("1.28.2"))
	})

	It("keeps what it said of the components when there is no plan", func() {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		smc.Status = computed(smc, complete())
		s := computed(smc, &Outcome{Blocker: refused})
		Expect(typesOf(s)).To(Equal(append(v1.ConditionTypes(), v1.ConditionStalled)))
		Expect(s.Components).To(Equal(smc.Status.Components))
		Expect(conditionOf(s, v1.ConditionZtunnelDeployed).Status).To(Equal(metav1.ConditionTrue))
		Expect(conditionOf(s, v1.ConditionInitialized).Reason).To(Equal(v1.ReasonInvalidValues))
		Expect(conditionOf(s, v1.ConditionReady).Status).To(Equal(metav1.ConditionFalse))
	})

	It("says what conditions of components wait for while there is no plan", func() {
		c := conditionOf(computed(resource("", ""), &Outcome{Blocker: hiccup}), v1.ConditionZtunnelDeployed)
		Expect([]string{string(c.Status), c.Reason, c.Message}).To(Equal([]string{"False", v1.ReasonWaiting, "waiting for condition Initialized"}))
	})

	It("is not complete while something blocks the mesh, though every component is", func() {
		blocked := complete()
		blocked.Blocker = hiccup
		s := computed(resource(v1.PhaseUpgrading, "1.28.2"), blocked)
		Expect(s.Version).To(Equal("1.28.2"))
		ready := conditionOf(s, v1.ConditionReady)
		Expect([]string{string(ready.Status), ready.Reason, ready.Message}).To(Equal([]string{"False", v1.ReasonApplyFailed, "timeout"}))
		Expect(conditionOf(s, v1.ConditionInitialized).Status).To(Equal(metav1.ConditionTrue))
	})

	It("is ready when the mesh is complete, paused or not", func() {
		for reason, p := range map[string]*Outcome{v1.ReasonSucceeded: complete(), v1.ReasonPaused: pausedPass(complete())} {
			ready := conditionOf(computed(resource(v1.PhaseSucceeded, "1.29.1"), p), v1.ConditionReady)
			Expect([]string{string(ready.Status), ready.Reason}).To(Equal([]string{"True", reason}))
		}
		ready := conditionOf(computed(resource(v1.PhaseSucceeded, "1.29.1"), pausedPass(attemptOf(4, "pods"))), v1.ConditionReady)
		Expect(ready.Status).To(Equal(metav1.ConditionFalse))
	})

	// Hardened: an API server that cannot be read during an installation | the phase fell back to PENDING
	It("stays INSTALLING, with the conditions of the generation that they were observed at, while an attempt ends early", func() {
		smc := resource(v1.PhaseInstalling, "")
		smc.Status = computed(smc, attemptOf(2, "pods"))
		smc.Generation++
		s := computed(smc, &Outcome{Blocker: hiccup})
		Expect(s.Phase).To(Equal(v1.PhaseInstalling))
		Expect(conditionOf(s, v1.ConditionCRDInstalled)).To(Equal(conditionOf(smc.Status, v1.ConditionCRDInstalled)))
		Expect(conditionOf(s, v1.ConditionInitialized).ObservedGeneration).To(Equal(smc.Generation))
	})

	It("says that a rollout begins before any component has begun", func() {
		Expect(computed(resource("", ""), attemptOf(0, "")).Message).To(Equal("the rollout has not started yet"))
	})

	It("keeps of a component what it knew before its turn, without what it waited for", func() {
		smc := resource(v1.PhaseUpgrading, "1.28.2")
		smc.Status.Components = []v1.ComponentStatus{{Name: v1.ComponentZtunnel, Version: "1.28.2", Pods: "1/2", Desired: 2, Ready: 1, Message: "1 of 2 pods ready"}}
		Expect(computed(smc, attemptOf(2, "pods")).Components[4]).To(Equal(v1.ComponentStatus{
			Name: v1.ComponentZtunnel, Version: "1.28.2", Pods: "1/2", Desired: 2, Ready: 1,
		}))
	})

	It("counts the pods of a component", func() {
		p := attemptOf(2, "pods")
		p.Components[2].Progress = health.Progress{Desired: 3, Updated: 2, Ready: 1}
		Expect(computed(resource("", ""), p).Components[2]).To(Equal(v1.ComponentStatus{
			Name: v1.ComponentIstiod, Desired: 3, Updated: 2, Ready: 1, Pods: "1/3", Message: "pods",
		}))
	})

	It("says of a component that is complete but for some nodes what it leaves out", func() {
		smc := resource(v1.PhaseUpgrading, "1.28.2")
		smc.Status.Components = []v1.ComponentStatus{{Name: v1.ComponentIstiod, Version: "1.28.2"}}
		p := attemptOf(3, "pods")
		p.Components[2].Message = "left out"
		Expect(computed(smc, p).Components[2]).To(And(HaveField("Version", "1.29.1"), HaveField("Message", "left out")))
	})

	It("shows a change that waits for approval", func() {
		p := attemptOf(0, "")
		p.Proposal = &v1.Proposal{Summary: "istiod"}
		Expect(computed(resource("", ""), p).Proposal).To(Equal(&v1.Proposal{Summary: "istiod"}))
	})

	It("shows the plan of a takeover before it begins, and of a rollout when it is complete", func() {
		begun := attemptOf(0, "")
		before := resource("", "")
		before.Status.PlanDigest = "old"
		Expect(computed(before, begun).PlanDigest).To(Equal("old"))
		begun.TakeoverBegins = true
		Expect(computed(before, begun).PlanDigest).To(Equal(begun.Plan.Digest()))
		Expect(computed(before, complete()).PlanDigest).To(Equal(complete().Plan.Digest()))
	})

	It("calls what is not part of the mesh not required", func() {
		p := complete()
		p.Components, p.Plan.Components = p.Components[:4], p.Plan.Components[:4]
		s := computed(resource("", ""), p)
		Expect(conditionOf(s, v1.ConditionZtunnelDeployed).Reason).To(Equal(v1.ReasonNotRequired))
		Expect(s.Phase).To(Equal(v1.PhaseSucceeded))
	})

	It("keeps the time of a condition that does not change, and no other", func() {
		smc := resource("", "")
		smc.Status = computed(smc, attemptOf(2, "pods"))
		long := metav1.NewTime(time.Unix(1, 0))
		for i := range smc.Status.Conditions {
			smc.Status.Conditions[i].LastTransitionTime = long
		}
		s := computed(smc, attemptOf(3, "pods"))
		Expect(conditionOf(s, v1.ConditionCRDInstalled).LastTransitionTime).To(Equal(long))
		Expect(conditionOf(s, v1.ConditionControlPlaneDeployed).LastTransitionTime).NotTo(Equal(long))
	})

	It("shows notices in Initialized, which stays true", func() {
		p := complete()
		p.Plan.Notices = []plan.Notice{{Reason: v1.ReasonValuesNotRead, Message: "x"}, {Reason: v1.ReasonGatewayAPIOlder, Message: "y"}}
		c := conditionOf(computed(resource("", ""), p), v1.ConditionInitialized)
		Expect([]string{string(c.Status), c.Reason, c.Message}).To(Equal([]string{"True", v1.ReasonValuesNotRead, "x; y"}))
	})
})

var _ = Describe("Writing the status", func() {
	before := computed(resource("", ""), attemptOf(2, "0 of 2 pods ready"))
	moved := computed(resource("", ""), attemptOf(2, "1 of 2 pods ready"))
	further := computed(resource("", ""), attemptOf(3, "0 of 2 pods ready"))
	now := time.Unix(1000, 0)

	It("waits for the rest of a second while only messages and counts move", func() {
		Expect(Throttle(before, moved, now.Add(-400*time.Millisecond), now)).To(Equal(600 * time.Millisecond))
		Expect(Throttle(before, moved, now.Add(-2*time.Second), now)).To(BeZero())
	})

	It("waits while only the progress of a rollout moves, and not when another begins", func() {
		under := func(to, progress string, at int64) v1.ServiceMeshControllerStatus {
			since := metav1.NewTime(time.Unix(at, 0))
			return v1.ServiceMeshControllerStatus{Rollout: &v1.RolloutStatus{To: to, Progress: progress, ProgressTime: &since}}
		}
		Expect(Throttle(under("1.29.1", "1/2", 1), under("1.29.1", "2/2", 2), now, now)).To(Equal(time.Second))
		Expect(Throttle(under("1.29.1", "1/2", 1), under("1.30.0", "1/2", 1), now, now)).To(BeZero())
		Expect(Throttle(under("1.29.1", "1/2", 1), v1.ServiceMeshControllerStatus{}, now, now)).To(BeZero())
	})

	It("does not wait when a component is complete, and never when there is nothing to write", func() {
		Expect(Throttle(before, further, now, now)).To(BeZero())
		Expect(Throttle(before, before, now, now)).To(BeZero())
	})
})

var _ = It("A paused mesh with an unready pod and the same plan is DEGRADED", func() {
	p := pausedPass(attemptOf(4, "pods"))
	smc := resource(v1.PhaseSucceeded, "1.29.1")
	smc.Status.PlanDigest = p.Plan.Digest()
	Expect(computed(smc, p).Phase).To(Equal(v1.PhaseDegraded))
})

// SPDX-License-Identifier: Apache-2.0

package controller

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
)

// passOf is a pass over the five components of 1.29.1: as many are complete as told,
// and the next one waits for that.
func passOf(done int, waitsFor string) *pass {
	p := &pass{plan: &plan.Plan{Version: "1.29.1"}, course: course{to: "1.29.1"}}
	for i, name := range []string{v1.ComponentGatewayAPI, v1.ComponentBase, v1.ComponentIstiod, v1.ComponentCNI, v1.ComponentZtunnel} {
		state := componentState{name: name, version: "1.29.1", done: i < done}
		if i == done {
			state.message = waitsFor
		}
		if i >= 2 && i <= done {
			state.pods, state.progress = true, health.Progress{Desired: 2, Updated: 2, Ready: 2}
		}
		p.components = append(p.components, state)
		p.plan.Components = append(p.plan.Components, plan.Component{Name: name})
	}
	return p
}

func complete() *pass { return passOf(5, "") }

// resource is a ServiceMeshController of generation 2 that had this status.
func resource(phase v1.Phase, running string) *v1.ServiceMeshController {
	smc := &v1.ServiceMeshController{ObjectMeta: metav1.ObjectMeta{Generation: 2}}
	smc.Spec.Version = "1.29.1"
	smc.Status = v1.ServiceMeshControllerStatus{Phase: phase, Version: running, ObservedGeneration: 2}
	return smc
}

var (
	refused  = &stop{reason: v1.ReasonInvalidValues, message: "no", phase: v1.PhaseFailed}
	inTheWay = &stop{reason: v1.ReasonConflict, message: "theirs", phase: v1.PhaseAborted}
	hiccup   = &stop{reason: v1.ReasonApplyFailed, message: "timeout", cause: errors.New("timeout")}
)

var _ = DescribeTable("The phase",
	func(before v1.Phase, running string, p *pass, expected v1.Phase) {
		Expect(newStatus(resource(before, running), p).Phase).To(Equal(expected))
	},
	Entry("of a complete mesh is SUCCEEDED", v1.PhaseInstalling, "", complete(), v1.PhaseSucceeded),
	Entry("of a first installation is INSTALLING", v1.Phase(""), "", passOf(2, "pods"), v1.PhaseInstalling),
	Entry("before anything was done is PENDING", v1.Phase(""), "", &pass{stop: hiccup}, v1.PhasePending),
	Entry("on the way to another version is UPGRADING", v1.PhaseSucceeded, "1.28.2", passOf(2, "pods"), v1.PhaseUpgrading),
	Entry("stays UPGRADING over a pass without a change", v1.PhaseUpgrading, "1.29.1", passOf(3, "pods"), v1.PhaseUpgrading),
	Entry("of a change of values is UPGRADING", v1.PhaseSucceeded, "1.29.1",
		changed(passOf(2, "pods"), apply.Changed), v1.PhaseUpgrading),
	Entry("of drift put right is DEGRADED until the pods are ready", v1.PhaseSucceeded, "1.29.1",
		changed(passOf(4, "pods"), apply.Restored), v1.PhaseDegraded),
	Entry("of an installed mesh with an unready pod is DEGRADED", v1.PhaseSucceeded, "1.29.1", passOf(4, "pods"), v1.PhaseDegraded),
	Entry("of input that cannot be carried out is FAILED", v1.PhaseSucceeded, "1.29.1", &pass{stop: refused}, v1.PhaseFailed),
	Entry("of somebody else's installation is ABORTED", v1.Phase(""), "", &pass{stop: inTheWay}, v1.PhaseAborted),
	Entry("after what was refused was mended is UPGRADING again", v1.PhaseFailed, "1.28.2", passOf(2, "pods"), v1.PhaseUpgrading),
	Entry("of a fight is DEGRADED", v1.PhaseSucceeded, "1.29.1", fought(complete()), v1.PhaseDegraded),
	// Hardened: the phase with a workload of an older plan that is annotated to be left alone | it counted as new: SUCCEEDED
	Entry("of a mesh whose workload is left alone and differs is DEGRADED", v1.PhaseSucceeded, "1.29.1", leftAlone(passOf(4, "")), v1.PhaseDegraded),
	Entry("stays UPGRADING where the upgrade meets such a one", v1.PhaseUpgrading, "1.28.2", leftAlone(passOf(4, "")), v1.PhaseUpgrading),
	// Hardened: the phase after spec is changed while the resource is paused | SUCCEEDED for the new generation
	Entry("of a paused resource with another spec is PENDING", v1.PhaseSucceeded, "1.29.1", pausedPass(passOf(1, "not applied")), v1.PhasePending),
	Entry("of a paused resource whose mesh is complete is SUCCEEDED", v1.PhasePending, "1.29.1", pausedPass(complete()), v1.PhaseSucceeded),
	Entry("of a paused rollout stays", v1.PhaseInstalling, "", pausedPass(passOf(3, "pods")), v1.PhaseInstalling),
	Entry("of a resource that was paused from the beginning is PENDING", v1.Phase(""), "", pausedPass(passOf(0, "not applied")), v1.PhasePending),
)

func changed(p *pass, action apply.Action) *pass {
	p.changes = []apply.Change{{Action: action}}
	return p
}

func fought(p *pass) *pass {
	p.fights = []apply.Fight{{Theft: apply.Theft{Managers: []string{"rival"}, Fields: []string{".a"}}, Pause: time.Second}}
	return p
}

// leftAlone lets the first component that is not complete have a workload that somebody
// wants left alone.
func leftAlone(p *pass) *pass {
	i := slices.IndexFunc(p.components, func(s componentState) bool { return !s.done })
	p.components[i].fail(&stop{reason: v1.ReasonWorkloadIgnored, message: "left alone"})
	return p
}

func pausedPass(p *pass) *pass {
	p.paused = true
	return p
}

var _ = Describe("The status", func() {
	conditionOf := func(s v1.ServiceMeshControllerStatus, kind string) metav1.Condition {
		for _, c := range s.Conditions {
			if c.Type == kind {
				return c
			}
		}
		return metav1.Condition{}
	}

	It("tells the version that runs only when all of it does", func() {
		Expect(newStatus(resource(v1.PhaseSucceeded, "1.28.2"), passOf(4, "pods")).Version).To(Equal("1.28.2"))
		Expect(newStatus(resource(v1.PhaseSucceeded, "1.28.2"), complete()).Version).To(Equal("1.29.1"))
	})

	It("has the first false condition as its message", func() {
		s := newStatus(resource("", ""), passOf(2, "1 of 2 pods ready"))
		Expect(s.Message).To(Equal("istiod 1 of 2 pods ready"))
		Expect(conditionOf(s, v1.ConditionControlPlaneDeployed).Reason).To(Equal(v1.ReasonProgressing))
		Expect(conditionOf(s, v1.ConditionCNIDeployed).Reason).To(Equal(v1.ReasonWaiting))
		Expect(conditionOf(s, v1.ConditionCRDInstalled).Status).To(Equal(metav1.ConditionTrue))
		Expect(conditionOf(s, v1.ConditionReady).Message).To(Equal(s.Message))
	})

	It("has a reason of its own where a workload is left alone, and says how to go on", func() {
		s := newStatus(resource(v1.PhaseSucceeded, "1.28.2"), leftAlone(passOf(2, "")))
		ready := conditionOf(s, v1.ConditionReady)
		Expect([]string{string(ready.Status), ready.Reason, ready.Message}).To(Equal([]string{"False", v1.ReasonWorkloadIgnored, "left alone"}))
		Expect(conditionOf(s, v1.ConditionControlPlaneDeployed).Reason).To(Equal(v1.ReasonWorkloadIgnored))
		Expect(conditionOf(s, v1.ConditionCNIDeployed).Reason).To(Equal(v1.ReasonWaiting))
		key := apply.Key{Namespace: "istio-system", Name: "istiod"}
		key.GVK.Kind = "Deployment"
		Expect(ignoredMessage(key, "1.29.1")).To(And(
			ContainSubstring("kubectl annotate -n istio-system Deployment/istiod "+v1.IgnoreAnnotation+"-"), WithTransform(func(m string) int { return len(m) }, BeNumerically("<", 200))))
	})

	It("tells from which version to which a component goes", func() {
		smc := resource(v1.PhaseUpgrading, "1.28.2")
		smc.Status.Components = []v1.ComponentStatus{{Name: v1.ComponentIstiod, Version: "1.28.2"}}
		s := newStatus(smc, passOf(2, "1 of 2 pods updated"))
		Expect(s.Components[2].Message).To(Equal("1.28.2 → 1.29.1: 1 of 2 pods updated"))
		Expect(s.Components[2].Version).To(Equal("1.28.2"))
	})

	It("keeps what it said of the components when there is no plan", func() {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		smc.Status = newStatus(smc, complete())
		s := newStatus(smc, &pass{stop: refused})
		Expect(s.Components).To(Equal(smc.Status.Components))
		Expect(conditionOf(s, v1.ConditionZtunnelDeployed).Status).To(Equal(metav1.ConditionTrue))
		Expect(conditionOf(s, v1.ConditionInitialized).Reason).To(Equal(v1.ReasonInvalidValues))
		Expect(conditionOf(s, v1.ConditionReady).Status).To(Equal(metav1.ConditionFalse))
	})

	It("calls what is not part of the mesh not required", func() {
		p := complete()
		p.components, p.plan.Components = p.components[:4], p.plan.Components[:4]
		s := newStatus(resource("", ""), p)
		Expect(conditionOf(s, v1.ConditionZtunnelDeployed).Reason).To(Equal(v1.ReasonNotRequired))
		Expect(s.Phase).To(Equal(v1.PhaseSucceeded))
	})

	It("keeps the time of a condition that does not change, and no other", func() {
		smc := resource("", "")
		smc.Status = newStatus(smc, passOf(2, "pods"))
		long := metav1.NewTime(time.Unix(1, 0))
		for i := range smc.Status.Conditions {
			smc.Status.Conditions[i].LastTransitionTime = long
		}
		s := newStatus(smc, passOf(3, "pods"))
		Expect(conditionOf(s, v1.ConditionCRDInstalled).LastTransitionTime).To(Equal(long))
		Expect(conditionOf(s, v1.ConditionControlPlaneDeployed).LastTransitionTime).NotTo(Equal(long))
	})

	It("shows notices in Initialized, which stays true", func() {
		p := complete()
		p.plan.Notices = []plan.Notice{{Reason: v1.ReasonValuesNotRead, Message: "x"}, {Reason: v1.ReasonGatewayAPIOlder, Message: "y"}}
		c := conditionOf(newStatus(resource("", ""), p), v1.ConditionInitialized)
		Expect([]string{string(c.Status), c.Reason, c.Message}).To(Equal([]string{"True", v1.ReasonValuesNotRead, "x; y"}))
	})
})

var _ = Describe("Writing the status", func() {
	before := newStatus(resource("", ""), passOf(2, "0 of 2 pods ready"))
	moved := newStatus(resource("", ""), passOf(2, "1 of 2 pods ready"))
	further := newStatus(resource("", ""), passOf(3, "0 of 2 pods ready"))
	now := time.Unix(1000, 0)

	It("waits for the rest of a second while only messages and counts move", func() {
		Expect(throttle(before, moved, now.Add(-400*time.Millisecond), now)).To(Equal(600 * time.Millisecond))
		Expect(throttle(before, moved, now.Add(-2*time.Second), now)).To(BeZero())
	})

	It("does not wait when a component is complete, and never when there is nothing to write", func() {
		Expect(throttle(before, further, now, now)).To(BeZero())
		Expect(throttle(before, before, now, now)).To(BeZero())
	})
})

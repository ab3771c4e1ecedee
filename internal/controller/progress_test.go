// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testingclock "k8s.io/utils/clock/testing"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

var _ = Describe("A workload that its controller does not observe", func() {
	unobserved := func(ctx SpecContext, smc *v1.ServiceMeshController, target string) status.ComponentState {
		smc.Spec.Upgrade = &v1.Upgrade{Timeout: &metav1.Duration{Duration: time.Minute}}
		clock := testingclock.NewFakeClock(time.Now())
		r := &Reconciler{clock: clock}
		a := &attempt{smc: smc, session: &session{trackers: map[string]*rollout.Tracker{}}, Outcome: status.Outcome{
			Plan: &plan.Plan{Version: target}, Target: rollout.Target{From: smc.Status.Version, To: target}}}
		state := status.ComponentState{Name: v1.ComponentIstiod, Version: target, HasPods: true, Unobserved: true, Message: "waiting for the controller"}
		Expect(r.checkProgress(ctx, a, plan.Component{Name: v1.ComponentIstiod}, state).Failure).To(BeNil())
		clock.Step(time.Minute)
		return r.checkProgress(ctx, a, plan.Component{Name: v1.ComponentIstiod}, state)
	}

	// Hardened: kube-controller-manager stands still during an upgrade | the upgrade went on for ever, whatever spec.upgrade.timeout was
	It("fails a rollout after the timeout", func(ctx SpecContext) {
		state := unobserved(ctx, upgradeOf("1.28.2", "1.29.1", "1.29.1"), "1.29.1")
		Expect(state.Failure).To(HaveField("Reason", v1.ReasonRolloutFailed))
	})

	It("fails no mesh that was complete", func(ctx SpecContext) {
		Expect(unobserved(ctx, resource(v1.PhaseSucceeded, "1.29.1"), "1.29.1").Failure).To(BeNil())
	})
})

// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

var _ = Describe("Events", func() {
	installing := computed(resource("", ""), attemptOf(2, "pods"))
	succeeded := computed(resource(v1.PhaseInstalling, ""), complete())
	notice := plan.Notice{Reason: v1.ReasonValuesNotRead, Message: "x"}
	const warning = "Warning ValuesNotRead: x"

	texts := func(events []Event) []string {
		list := []string{}
		for _, e := range events {
			list = append(list, e.Type+" "+e.Reason+": "+e.Message)
		}
		return list
	}

	It("report a notice when it is new, and once for each generation", func() {
		input := EventInput{Notices: []plan.Notice{notice}, Reported: map[plan.Notice]bool{{Reason: v1.ReasonValuesNotRead, Message: "y"}: true}}
		Expect(texts(Events(succeeded, succeeded, input))).To(Equal([]string{warning}))
		input.Reported[notice] = true
		Expect(Events(succeeded, succeeded, input)).To(BeEmpty())
		next := *succeeded.DeepCopy()
		next.ObservedGeneration++
		Expect(texts(Events(succeeded, next, input))).To(Equal([]string{warning}))
	})

	DescribeTable("report notices after a restart", func(reason, message string, expected ...string) {
		noticed := *succeeded.DeepCopy()
		noticed.Conditions[0].Reason, noticed.Conditions[0].Message = reason, message
		Expect(texts(Events(succeeded, noticed, EventInput{Notices: []plan.Notice{notice}}))).To(Equal(expected))
	},
		// Hardened: events of notices that fill the message of a condition | the last was repeated by an event each time
		Entry("not where the status showed them before, though it has no room for all", v1.ReasonComplete, ""),
		Entry("where the status shows others", v1.ReasonComplete, "y; x", warning),
		Entry("where the status shows them for another reason", v1.ReasonValuesNotRead, "", warning),
	)

	It("tell of nothing when nothing changed", func() {
		Expect(Events(succeeded, succeeded, EventInput{Target: "1.29.1"})).To(BeEmpty())
	})

	It("tell of each component and of the end", func() {
		Expect(texts(Events(installing, succeeded, EventInput{Target: "1.29.1"}))).To(Equal([]string{
			"Normal Complete: istiod 1.29.1 is complete: 2/2 pods", "Normal Complete: istio-cni 1.29.1 is complete: 2/2 pods",
			"Normal Complete: ztunnel 1.29.1 is complete: 2/2 pods", "Normal Succeeded: Istio 1.29.1 is complete",
		}))
	})

	It("warn with the reason of what stopped the mesh", func() {
		failed := computed(resource(v1.PhaseSucceeded, "1.29.1"), &Outcome{Blocker: refused})
		Expect(texts(Events(succeeded, failed, EventInput{Target: "1.29.1"}))).To(ContainElement("Warning InvalidValues: no"))
	})

	It("name what was reverted, and who had changed it", func() {
		key := object.Key{Namespace: "n", Name: "x"}
		key.GVK.Kind = "ConfigMap"
		many := apply.LostFields{Managers: []string{"a", "b"}, Fields: []string{".1", ".2", ".3", ".4", ".5"}}
		told := texts(Events(succeeded, succeeded, EventInput{Target: "1.29.1", Corrected: []apply.Change{
			{Key: key}, {Key: key, Lost: apply.LostFields{Managers: []string{v1.FieldManager}}}, {Key: key, Lost: many}, {Key: key, Lost: apply.LostFields{Fields: []string{".1"}}},
		}}))
		Expect(told).To(Equal([]string{
			"Warning DriftCorrected: ConfigMap n/x was deleted: created again",
			"Warning DriftCorrected: ConfigMap n/x: reverted values (changed by gloo-operator)",
			"Warning DriftCorrected: ConfigMap n/x: reverted .1, .2, .3 and 2 more (changed by a, b)",
			"Warning DriftCorrected: ConfigMap n/x: reverted .1 (removed)",
		}))
	})

	It("report pods that hold up a removal or a change", func() {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		smc.Status = succeeded
		held := RemovalHeld(smc, "3 pods", time.Now())
		Expect(texts(Events(succeeded, held, EventInput{Target: "1.29.1"}))).To(HaveExactElements("Warning WorkloadsEnrolled: 3 pods"))
		uninstalling := Uninstalling(smc, "begins", time.Now())
		Expect(texts(Events(uninstalling, held, EventInput{Target: "1.29.1"}))).To(HaveExactElements("Warning WorkloadsEnrolled: 3 pods"), "in the same phase")
		Expect(texts(Events(succeeded, succeeded, EventInput{Pending: []PendingEvent{{Warning: true, Reason: "a", Message: "b"}, {Reason: "c", Message: "d"}}}))).
			To(HaveExactElements("Warning a: b", "Normal c: d"))
	})

	It("report pods that may bypass the mesh, once", func() {
		suspected, more := *succeeded.DeepCopy(), *succeeded.DeepCopy()
		suspected.Bypass = &v1.BypassStatus{Suspects: 1, Message: "1 pod may bypass the mesh"}
		more.Bypass = &v1.BypassStatus{Suspects: 2, Message: "2 pods may bypass the mesh"}
		Expect(texts(Events(succeeded, suspected, EventInput{}))).To(Equal([]string{"Warning PodsBypassMesh: 1 pod may bypass the mesh"}))
		Expect(Events(suspected, more, EventInput{})).To(BeEmpty())
		Expect(Events(more, succeeded, EventInput{})).To(BeEmpty())
	})

	It("refer to what was reverted", func() {
		key := object.Key{Namespace: "n", Name: "x"}
		key.GVK.Kind, key.GVK.Group, key.GVK.Version = "Deployment", "apps", "v1"
		events := Events(succeeded, succeeded, EventInput{Corrected: []apply.Change{{Key: key, UID: "u", ResourceVersion: "7"}}})
		Expect(events).To(ConsistOf(HaveField("Related", &corev1.ObjectReference{
			APIVersion: "apps/v1", Kind: "Deployment", Namespace: "n", Name: "x", UID: "u", ResourceVersion: "7",
		})))
	})

	It("report what attempts have left for the status to be written first", func() {
		Expect(Events(succeeded, succeeded, EventInput{Pending: []PendingEvent{{Reason: "R", Action: "A", Message: "m"}}})).To(Equal([]Event{
			{Type: "Normal", Reason: "R", Action: "A", Message: "m"},
		}))
	})

	It("report a pause and an ownership conflict though the phase stays", func() {
		paused := computed(resource(v1.PhaseSucceeded, "1.29.1"), pausedPass(complete()))
		Expect(texts(Events(succeeded, paused, EventInput{Target: "1.29.1"}))).To(ContainElement(HavePrefix("Warning Paused: paused: nothing is changed")))
		contested := computed(resource(v1.PhaseSucceeded, "1.29.1"), fought(complete()))
		Expect(texts(Events(succeeded, contested, EventInput{Target: "1.29.1"}))).To(ContainElement(And(HavePrefix("Warning Contested"), ContainSubstring("rival"))))
	})
})

var _ = Describe("The event of a phase", func() {
	// in is a status whose condition Ready has a reason, and during whose phase a rollout may be
	// in progress.
	in := func(phase v1.Phase, reason, from, to string) v1.ServiceMeshControllerStatus {
		s := v1.ServiceMeshControllerStatus{Phase: phase, Version: "1.28.2", Message: "m"}
		if reason != "" {
			s.Conditions = []metav1.Condition{{Type: v1.ConditionReady, Reason: reason}}
		}
		if to != "" {
			s.Rollout = &v1.RolloutStatus{From: from, To: to}
		}
		return s
	}
	succeeded := in(v1.PhaseSucceeded, v1.ReasonSucceeded, "", "")

	DescribeTable("says what is being done, and why", func(before, after v1.ServiceMeshControllerStatus, expected ...string) {
		texts := []string{}
		for _, e := range Events(before, after, EventInput{Target: "1.29.1"}) {
			texts = append(texts, e.Type+" "+e.Reason+" "+e.Action+": "+e.Message)
		}
		Expect(texts).To(Equal(expected))
	},
		Entry("when the mesh is installed", v1.ServiceMeshControllerStatus{}, in(v1.PhaseInstalling, v1.ReasonProgressing, "", ""),
			"Normal Installing Reconcile: installing Istio 1.29.1: m"),
		Entry("when it is upgraded", succeeded, in(v1.PhaseUpgrading, v1.ReasonProgressing, "", ""),
			"Normal Upgrading Reconcile: changing Istio 1.28.2 → 1.29.1: m"),
		Entry("when it is upgraded by the first of several steps", succeeded, in(v1.PhaseUpgrading, v1.ReasonProgressing, "1.27.9", "1.28.2"),
			"Normal Upgrading Reconcile: changing Istio 1.27.9 → 1.28.2: m"),
		Entry("when a first installation is changed", succeeded, in(v1.PhaseUpgrading, v1.ReasonProgressing, "", "1.29.1"),
			"Normal Upgrading Reconcile: changing Istio 1.28.2 → 1.29.1: m"),
		Entry("when its values change", succeeded, in(v1.PhaseUpgrading, v1.ReasonProgressing, "1.28.2", "1.28.2"),
			"Normal Upgrading Reconcile: changing Istio 1.28.2: m"),
		Entry("when a rollout is rolled back", succeeded, in(v1.PhaseUpgrading, v1.ReasonRollingBack, "1.29.1", "1.28.2"),
			"Warning RollingBack Reconcile: changing Istio 1.29.1 → 1.28.2: m"),
		Entry("when the next step begins", in(v1.PhaseUpgrading, v1.ReasonProgressing, "1.27.9", "1.28.2"), in(v1.PhaseUpgrading, v1.ReasonProgressing, "1.28.2", "1.29.1"),
			"Normal Upgrading UpgradeTo-1.29.1: changing Istio 1.28.2 → 1.29.1: m"),
		Entry("once for each step", in(v1.PhaseUpgrading, v1.ReasonProgressing, "1.28.2", "1.29.1"), in(v1.PhaseUpgrading, v1.ReasonWaiting, "1.28.2", "1.29.1")),
		Entry("not when a rollout changes that does not go on", in(v1.PhaseFailed, v1.ReasonRolloutFailed, "1.28.2", "1.29.1"), in(v1.PhaseFailed, v1.ReasonRolloutFailed, "", "")),
		Entry("when the mesh is complete", in(v1.PhaseUpgrading, v1.ReasonProgressing, "", ""), succeeded, "Normal Succeeded Reconcile: m"),
		Entry("when it is removed", succeeded, in(v1.PhaseUninstalling, v1.ReasonUninstalling, "", ""), "Normal Uninstalling Reconcile: m"),
		Entry("when pods are lost", succeeded, in(v1.PhaseDegraded, v1.ReasonProgressing, "", ""), "Warning Degraded Reconcile: m"),
		Entry("when another client changes it again and again", succeeded, in(v1.PhaseDegraded, v1.ReasonContested, "", ""), "Warning Contested Reconcile: m"),
		Entry("when a workload is left alone", succeeded, in(v1.PhaseDegraded, v1.ReasonWorkloadIgnored, "", ""), "Warning WorkloadIgnored Reconcile: m"),
		Entry("when it has failed", succeeded, in(v1.PhaseFailed, v1.ReasonInvalidValues, "", ""), "Warning InvalidValues Reconcile: m"),
		Entry("when nothing is known of it yet", v1.ServiceMeshControllerStatus{}, in(v1.PhasePending, "", "", ""), "Warning Waiting Reconcile: m"),
		Entry("when it is paused in its phase", succeeded, in(v1.PhaseSucceeded, v1.ReasonPaused, "", ""), "Warning Paused Reconcile: m"),
		Entry("once for each pause", in(v1.PhaseSucceeded, v1.ReasonPaused, "", ""), in(v1.PhaseSucceeded, v1.ReasonPaused, "", "")),
		Entry("not for other reasons in its phase", in(v1.PhaseFailed, v1.ReasonInvalidValues, "", ""), in(v1.PhaseFailed, v1.ReasonApplyFailed, "", "")),
	)
})

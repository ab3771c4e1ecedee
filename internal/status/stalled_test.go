// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// typesOf are the types of the conditions in their order.
func typesOf(status v1.ServiceMeshControllerStatus) []string {
	var types []string
	for _, c := range status.Conditions {
		types = append(types, c.Type)
	}
	return types
}

var _ = Describe("The condition Stalled", func() {
	paused := func() *Outcome {
		o := attemptOf(0, "pods")
		o.ObservedPaused = true
		return o
	}

	DescribeTable("is there while a user has to act, with the reason and the message of Ready", func(blocker *Blocker) {
		s := computed(resource(v1.PhaseSucceeded, "1.29.1"), &Outcome{Blocker: blocker})
		Expect(typesOf(s)).To(Equal(append(v1.ConditionTypes(), v1.ConditionStalled)))
		stalled, ready := conditionOf(s, v1.ConditionStalled), conditionOf(s, v1.ConditionReady)
		Expect(ready.Status).To(Equal(metav1.ConditionFalse))
		Expect(stalled).To(Equal(metav1.Condition{
			Type: v1.ConditionStalled, Status: metav1.ConditionTrue, Reason: blocker.Reason, Message: blocker.Message,
			ObservedGeneration: 2, LastTransitionTime: ready.LastTransitionTime,
		}))
	},
		Entry("FAILED", refused),
		Entry("ABORTED", inTheWay),
	)

	DescribeTable("is absent otherwise", func(o *Outcome) {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		smc.Status = computed(smc, &Outcome{Blocker: refused})
		Expect(typesOf(smc.Status)).To(ContainElement(v1.ConditionStalled))
		smc.Status = computed(smc, o)
		Expect(typesOf(smc.Status)).To(Equal(v1.ConditionTypes()))
	},
		Entry("of a complete mesh", complete()),
		Entry("during a rollout", attemptOf(2, "pods")),
		Entry("where trying again may help", &Outcome{Blocker: hiccup}),
		Entry("of a change that waits for approval", &Outcome{Blocker: &Blocker{Reason: v1.ReasonApprovalNeeded, Message: "approve", Phase: v1.PhasePending}}),
		Entry("of a change that is paused", paused()),
		Entry("of a complete mesh that is paused", func() *Outcome { o := complete(); o.ObservedPaused = true; return o }()),
	)

	It("keeps its time while the cause changes", func() {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		smc.Status = computed(smc, &Outcome{Blocker: refused})
		long := metav1.NewTime(time.Unix(1, 0))
		meta.FindStatusCondition(smc.Status.Conditions, v1.ConditionStalled).LastTransitionTime = long
		stalled := conditionOf(computed(smc, &Outcome{Blocker: inTheWay}), v1.ConditionStalled)
		Expect(stalled).To(And(HaveField("Reason", v1.ReasonConflict), HaveField("LastTransitionTime", long)))
	})

	It("ends with the removal of the mesh", func() {
		smc := resource(v1.PhaseSucceeded, "1.29.1")
		smc.Status = computed(smc, &Outcome{Blocker: refused})
		for _, s := range []v1.ServiceMeshControllerStatus{Uninstalling(smc, "m", time.Now()), RemovalHeld(smc, "m", time.Now()), removed(smc, "m", nil)} {
			Expect(typesOf(s)).To(Equal(v1.ConditionTypes()))
		}
		Expect(typesOf(smc.Status)).To(ContainElement(v1.ConditionStalled), "the status of before stays as it was")
	})
})

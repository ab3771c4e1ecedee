// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"k8s.io/apimachinery/pkg/api/meta"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

// conditionState is a condition without its type and times.
type conditionState struct {
	status          metav1.ConditionStatus
	reason, message string
}

// conditions derives the conditions that are always there, in their order. If the attempt ended before the
// components, their conditions stay as they are: the mesh continues to run.
func conditions(smc *v1.ServiceMeshController, o *Outcome, status v1.ServiceMeshControllerStatus, now time.Time) []metav1.Condition {
	var list []metav1.Condition
	for _, kind := range conditionTypes(smc) {
		before := meta.FindStatusCondition(smc.Status.Conditions, kind)
		if before != nil && len(o.Components) == 0 && len(componentsOf[kind]) > 0 {
			list = append(list, *before)
			continue
		}
		state := stateOf(kind, smc, o, status, list)
		condition := metav1.Condition{
			Type: kind, Status: state.status, Reason: state.reason, Message: state.message,
			ObservedGeneration: smc.Generation, LastTransitionTime: rollout.Timestamp(now),
		}
		if before != nil && before.Status == state.status {
			condition.LastTransitionTime = before.LastTransitionTime
		}
		list = append(list, condition)
	}
	return list
}

// conditionTypes lists the conditions of a resource, without Stalled.
func conditionTypes(smc *v1.ServiceMeshController) []string {
	types := v1.ConditionTypes()
	if !plan.ProbeEnabled(smc.Spec) {
		return types
	}
	return slices.Insert(types, slices.Index(types, v1.ConditionReady), v1.ConditionTrafficProven)
}

// stalled returns the condition for clients that know the conventions of kstatus
// (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus): true while a user has
// to act, absent otherwise. Nil: it is absent.
func stalled(smc *v1.ServiceMeshController, status v1.ServiceMeshControllerStatus, now time.Time) *metav1.Condition {
	ready := meta.FindStatusCondition(status.Conditions, v1.ConditionReady)
	if status.Phase != v1.PhaseFailed && status.Phase != v1.PhaseAborted || ready == nil {
		return nil
	}
	condition := *ready
	condition.Type, condition.Status, condition.LastTransitionTime = v1.ConditionStalled, metav1.ConditionTrue, rollout.Timestamp(now)
	if before := meta.FindStatusCondition(smc.Status.Conditions, v1.ConditionStalled); before != nil {
		condition.LastTransitionTime = before.LastTransitionTime
	}
	return &condition
}

// stateOf returns a condition, of which Ready is derived from those before it.
func stateOf(
	kind string, smc *v1.ServiceMeshController, o *Outcome, status v1.ServiceMeshControllerStatus, before []metav1.Condition,
) conditionState {
	switch kind {
	case v1.ConditionInitialized:
		return initialized(o)
	case v1.ConditionTrafficProven:
		return trafficProven(status.Traffic, o.probeFailure())
	case v1.ConditionReady:
		if plan.ProbeEnabled(smc.Spec) && !smc.Spec.Probe.Required {
			before = slices.DeleteFunc(slices.Clone(before), func(c metav1.Condition) bool { return c.Type == v1.ConditionTrafficProven })
		}
		return ready(before, smc, status, o)
	default:
		return componentCondition(kind, o, status.Components)
	}
}

// componentCondition returns a condition from the state of its components.
func componentCondition(kind string, o *Outcome, components []v1.ComponentStatus) conditionState {
	if len(o.Components) == 0 {
		return conditionState{metav1.ConditionFalse, v1.ReasonWaiting, "waiting for condition " + v1.ConditionInitialized}
	}
	required := false
	for _, state := range o.Components {
		if !slices.Contains(componentsOf[kind], state.Name) {
			continue
		}
		required = true
		if !state.Done {
			return unfinished(state, ComponentNamed(components, state.Name))
		}
	}
	if !required {
		return conditionState{metav1.ConditionTrue, v1.ReasonNotRequired, "not part of this mesh: see spec.dataplaneMode and spec.trafficCaptureMode"}
	}
	return conditionState{metav1.ConditionTrue, v1.ReasonComplete, ""}
}

func unfinished(state ComponentState, status v1.ComponentStatus) conditionState {
	switch {
	case state.Failure != nil:
		return conditionState{metav1.ConditionFalse, state.Failure.Reason, state.Failure.Message}
	case !state.Begun():
		return conditionState{metav1.ConditionFalse, v1.ReasonWaiting, state.Name + " waits for the components before it"}
	default:
		return conditionState{metav1.ConditionFalse, v1.ReasonProgressing, state.Name + " " + status.Message}
	}
}

// initialized reports whether there is a plan that may be applied, and what users
// should know about it.
func initialized(o *Outcome) conditionState {
	if o.Blocker != nil && len(o.Components) == 0 {
		return conditionState{metav1.ConditionFalse, o.Blocker.Reason, o.Blocker.Message}
	}
	reason := v1.ReasonComplete
	var messages []string
	for _, notice := range o.Notices() {
		if reason == v1.ReasonComplete {
			reason = notice.Reason
		}
		messages = append(messages, notice.Message)
	}
	return conditionState{metav1.ConditionTrue, reason, strings.Join(messages, "; ")}
}

// ready is derived from the conditions before it, in this one place.
func ready(before []metav1.Condition, smc *v1.ServiceMeshController, status v1.ServiceMeshControllerStatus, o *Outcome) conditionState {
	newlyFailed := NewlyFailedRollout(smc, o) != nil
	if o.ObservedPaused {
		met := metav1.ConditionFalse
		if o.Complete() && status.FailedRollout == nil {
			met = metav1.ConditionTrue
		}
		return conditionState{met, v1.ReasonPaused, fmt.Sprintf("paused: nothing is changed until the annotation %s is removed", v1.PausedAnnotation)}
	}
	if missing := firstFalse(before); missing != nil {
		return duringRollout(conditionState{metav1.ConditionFalse, missing.Reason, missing.Message}, status, newlyFailed)
	}
	if o.Blocker != nil {
		return conditionState{metav1.ConditionFalse, o.Blocker.Reason, o.Blocker.Message}
	}
	if status.Rollout != nil || status.FailedRollout != nil {
		return duringRollout(conditionState{metav1.ConditionFalse, v1.ReasonProgressing, ""}, status, newlyFailed)
	}
	if len(o.Conflicts) > 0 {
		return conditionState{metav1.ConditionFalse, v1.ReasonContested, conflictMessage(o.Conflicts[0])}
	}
	return conditionState{metav1.ConditionTrue, v1.ReasonSucceeded, ""}
}

// firstFalse returns the first condition that is not met, of those that do more than wait
// for others. Nil: all are met.
func firstFalse(before []metav1.Condition) *metav1.Condition {
	missing := slices.DeleteFunc(slices.Clone(before), func(c metav1.Condition) bool { return c.Status == metav1.ConditionTrue })
	if len(missing) == 0 {
		return nil
	}
	if i := slices.IndexFunc(missing, func(c metav1.Condition) bool { return c.Reason != v1.ReasonWaiting }); i >= 0 {
		return &missing[i]
	}
	return &metav1.Condition{Reason: v1.ReasonWaiting, Message: "the rollout has not started yet"}
}

// duringRollout adds to a condition the rollout or rollback that it belongs to. NewlyFailed:
// the attempt has seen the rollout fail.
func duringRollout(state conditionState, status v1.ServiceMeshControllerStatus, newlyFailed bool) conditionState {
	var about string
	switch failed, current := status.FailedRollout, status.Rollout; {
	case failed != nil && (current != nil || newlyFailed):
		state.reason, about = v1.ReasonRollingBack, rollingBack(failed, status.Version)
	case failed != nil:
		state.reason, about = v1.ReasonRolledBack, rolledBack(failed, status.Version)
	case current != nil:
		about = rollout.TargetOf(current).PathText()
	}
	state.message = strings.Join(slices.DeleteFunc([]string{about, state.message}, func(s string) bool { return s == "" }), ": ")
	return state
}

// componentsOf are the components that a condition is about.
var componentsOf = component.ByCondition()

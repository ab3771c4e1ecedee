// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

// rollouts is what the status says about rollouts.
type rollouts struct {
	// current is the one in progress. Nil: none.
	current *v1.RolloutStatus
	// failed is the one that is or was rolled back. Nil: none since spec last changed.
	failed *v1.FailedRollout
	// history lists those that have ended, the newest first.
	history []v1.HistoryEntry
}

// rolloutsAfter returns the rollouts after an attempt.
func rolloutsAfter(smc *v1.ServiceMeshController, o *Outcome, now time.Time) rollouts {
	before := smc.Status.Rollout
	after := rollouts{current: before, failed: rollout.FailedRolloutOf(smc), history: smc.Status.History}
	if after.failed == nil && o.RollbackDigest != "" {
		after.failed = NewlyFailedRollout(smc, o)
	}
	if o.Plan == nil || o.ObservedPaused || len(o.Components) == 0 {
		return after
	}
	after.current = RolloutInProgress(smc, o, now)
	switch {
	case o.Complete():
		if after.current != nil {
			after.history = rollout.AddHistory(after.history, after.current, rollout.CompletedResult(o.Target), now)
		}
		after.current = o.Target.NextStep(now)
	case before != nil && !rollout.InStatus(smc, o.Target):
		after.history = rollout.AddHistory(after.history, before, rollout.ReplacedResult(o.Target), now)
	}
	return after
}

// RolloutInProgress returns the rollout that the attempt worked on. Nil: none, it only kept the
// mesh as it is.
func RolloutInProgress(smc *v1.ServiceMeshController, o *Outcome, now time.Time) *v1.RolloutStatus {
	previous := smc.Status
	if o.Target.To == previous.Version && previous.Rollout == nil && !changesPlan(smc, o) {
		return nil
	}
	current := o.Target.RolloutStatus(now)
	if rollout.InStatus(smc, o.Target) {
		current.StartTime = previous.Rollout.StartTime
	}
	if component := o.CurrentComponent(); component != nil {
		current.Component = component.Name
		current.Progress = progressOf(*component, ComponentNamed(previous.Components, component.Name).Version)
	}
	if !o.ProgressTime.IsZero() {
		at := rollout.Timestamp(o.ProgressTime)
		current.ProgressTime = &at
	}
	return current
}

// changesPlan reports whether the attempt works on another plan than the one that was complete
// last: something was applied because the plan asks for it, or an earlier attempt applied it, and
// its status could not be written. Applying the plan that was complete last only reverts drift:
// after a restart, nothing else distinguishes an object that is missing from one that is new.
func changesPlan(smc *v1.ServiceMeshController, o *Outcome) bool {
	if o.Plan != nil && CompletePlan(smc, o.Plan) {
		return false
	}
	unfinished := o.Plan != nil && smc.Status.PlanDigest != "" && len(o.Components) > 0 && !o.Complete()
	return unfinished || slices.ContainsFunc(o.Changes, Planned)
}

// progressOf is a component's progress in a few words, for a column.
func progressOf(state ComponentState, running string) string {
	text := state.Name + " " + state.Version
	if running != "" && running != state.Version {
		text = fmt.Sprintf("%s %s → %s", state.Name, running, state.Version)
	}
	if state.HasPods {
		text += fmt.Sprintf(" %d/%d", state.Progress.UpdatedAndReady(), state.Progress.Desired)
	}
	return text
}

// NewlyFailedRollout returns the rollout that this attempt has seen fail and that is to be rolled
// back. Nil: none.
func NewlyFailedRollout(smc *v1.ServiceMeshController, o *Outcome) *v1.FailedRollout {
	running := smc.Status.Version
	if rollout.Settings(smc).OnFailure != v1.Rollback || o.Target.Rollback || running == "" || running == o.Target.To {
		return nil
	}
	for _, failure := range o.Failures() {
		if failure.Reason == v1.ReasonRolloutFailed {
			return &v1.FailedRollout{
				Generation: smc.Generation, Version: o.Target.To, PlanDigest: o.RollbackDigest, Message: cmp.Or(failure.Summary, failure.Message),
			}
		}
	}
	return nil
}

// rollingBack says that a rollout is rolled back, and why.
func rollingBack(failed *v1.FailedRollout, version string) string {
	return fmt.Sprintf("rolling back to Istio %s, since the rollout of %s failed: %s", version, failed.Version, failed.Message)
}

// rolledBack says that a rollout was rolled back, and why.
func rolledBack(failed *v1.FailedRollout, version string) string {
	return fmt.Sprintf("the rollout of Istio %s failed and was rolled back to %s: %s; change spec to try again",
		failed.Version, version, failed.Message)
}

// CompletePlan reports whether this plan is the one that was complete last.
func CompletePlan(smc *v1.ServiceMeshController, built *plan.Plan) bool {
	return smc.Status.Version != "" && PlanInStatus(smc, built)
}

// PlanInStatus reports whether this plan, with these objects and values, is the one in
// status.planDigest: it was complete last or, before any was, a takeover has begun with
// it. The digest alone decides that, so that restarts, pauses and errors change nothing
// about it.
func PlanInStatus(smc *v1.ServiceMeshController, built *plan.Plan) bool {
	return smc.Status.PlanDigest == built.Digest()
}

// KeepsVersion reports whether the mesh was complete and no rollout is under way.
func KeepsVersion(smc *v1.ServiceMeshController, o *Outcome, now time.Time) bool {
	return smc.Status.Phase == v1.PhaseSucceeded && o.Target.To == smc.Status.Version && RolloutInProgress(smc, o, now) == nil
}

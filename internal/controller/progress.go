// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// checkProgress adds to the state of a component why it is not complete, and fails it once
// it has made no progress for the timeout or cannot become ready.
func (r *Reconciler) checkProgress(ctx context.Context, a *attempt, component plan.Component, state status.ComponentState) status.ComponentState {
	now := r.clock.Now()
	if state.Done {
		delete(a.session.trackers, component.Name)
		return state
	}
	tracker := a.session.trackerOf(component.Name, status.ComponentNamed(a.smc.Status.Components, component.Name).Desired)
	begins := state.Applied || a.smc.Status.ObservedGeneration != a.smc.Generation
	tracker.Observe(component.Name, state.Progress.UpdatedAndReady(), begins, a.smc.Status.Rollout, now)
	a.ProgressTime = tracker.Since
	if state.Failure != nil {
		return state
	}
	if state.Unobserved {
		return r.checkTimeout(a, tracker, state)
	}
	if left := tracker.NodeJoinGrace(state.Progress, now); left > 0 && status.KeepsVersion(a.smc, &a.Outcome, now) {
		state.Done, a.RequeueAfter = true, soonest(a.RequeueAfter, left)
		return state
	}
	if state.HasPods {
		r.diagnosePods(ctx, a, component, tracker, state.Progress)
	}
	if tracker.Problem != nil {
		state.Message += "; " + tracker.Problem.Redacted(a.Plan.Redact).String()
	}
	if tracker.LeavesOut(state.Progress, rollout.MaxUnavailableNodes(a.smc, state.Progress.Desired)) {
		state.LeaveOut(tracker.NodesWithoutPod)
		a.Warnings = append(a.Warnings, plan.Notice{Reason: v1.ReasonNodesNotReady, Message: state.Message})
		return state
	}
	return r.checkTimeout(a, tracker, state)
}

// checkTimeout fails a component whose rollout has made no progress for the timeout, or cannot
// become ready. A component that was complete before is degraded, however long that takes.
func (r *Reconciler) checkTimeout(a *attempt, tracker *rollout.Tracker, state status.ComponentState) status.ComponentState {
	now := r.clock.Now()
	if status.RolloutInProgress(a.smc, &a.Outcome, now) == nil {
		a.RequeueAfter = soonest(a.RequeueAfter, state.NextPodList(tracker, now))
		return state
	}
	a.RequeueAfter = soonest(a.RequeueAfter, state.FailIfTimedOut(tracker, rollout.Timeout(a.smc), now))
	return state
}

// diagnosePods finds out why pods are not ready. Pods are listed only when the rollout has
// made no progress for a while, and less often each time.
func (r *Reconciler) diagnosePods(ctx context.Context, a *attempt, component plan.Component, tracker *rollout.Tracker, progress health.Progress) {
	seen := rollout.Observation{Progress: progress, NodesNotReady: a.NodesNotReady}
	now := r.clock.Now()
	if !tracker.PodListDue(seen, rollout.MaxUnavailableNodes(a.smc, progress.Desired), now) {
		return
	}
	pods, err := r.inspectPods(ctx, component, tracker.Since.Truncate(time.Second))
	if err != nil {
		pods.problem = &health.Problem{Reason: "PodsNotRead", Message: "cannot list the pods: " + err.Error()}
	}
	pods.preferNotReadyNodes(a.NodesNotReady)
	tracker.SetPodList(seen, pods.problem, pods.nodesWithoutPod, now)
}

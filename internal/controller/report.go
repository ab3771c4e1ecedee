// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// report writes the status, emits events, records Helm releases, and returns when to
// reconcile again.
func (r *Reconciler) report(ctx context.Context, a *attempt) (ctrl.Result, error) {
	r.updateAttemptMetrics(a)
	a.session.pendingEvents = append(a.session.pendingEvents, a.Events...)
	for _, change := range a.Changes {
		if change.Action != apply.Restored {
			continue
		}
		a.session.corrections = append(a.session.corrections, change)
		if slices.Contains(change.Lost.Managers, helmManager) {
			a.session.releasesPruned, a.session.helmDrift = false, true
			clear(a.session.recordedDigests) // A user ran helm: its newest revision is not what runs.
		}
	}
	result, err := r.writeStatus(ctx, a.smc, status.Compute(a.smc, &a.Outcome, r.clock.Now()), a.Notices())
	if err != nil {
		return ctrl.Result{}, err
	}
	wait, err := r.recordReleases(ctx, a)
	if err != nil {
		return ctrl.Result{}, err
	}
	result.RequeueAfter = soonest(soonest(result.RequeueAfter, wait), a.RequeueAfter)
	for _, failure := range a.Failures() {
		if failure.Cause != nil && len(a.Changes)+a.OtherWrites > 0 {
			log.FromContext(ctx).Info("attempt failed after progress, trying again", "reason", failure.Reason, "error", failure.Cause.Error())
			return ctrl.Result{RequeueAfter: firstRetry}, nil // Without progress, the delay grows.
		}
		if failure.Cause != nil {
			return ctrl.Result{}, failure.Cause
		}
		result.RequeueAfter = soonest(result.RequeueAfter, failure.RetryAfter)
	}
	for _, conflict := range a.Conflicts {
		result.RequeueAfter = soonest(result.RequeueAfter, max(time.Second, conflict.Again.Sub(r.clock.Now())))
	}
	return result, nil
}

// writeStatus patches the status if it differs, then emits its events. It waits while a
// status that differs only in counts is throttled, and while writing fails. A conflict is
// retried by the next attempt.
func (r *Reconciler) writeStatus(
	ctx context.Context, smc *v1.ServiceMeshController, after v1.ServiceMeshControllerStatus, notices []plan.Notice,
) (ctrl.Result, error) {
	s := r.sessionFor(smc)
	after = wording.Fit(after)
	r.metrics.Report(smc, after)
	if wait := max(status.Throttle(smc.Status, after, s.statusWritten, r.clock.Now()), s.statusBackoff.wait(r.clock.Now())); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	before := smc.DeepCopy()
	smc.Status = after
	if !status.Unchanged(before.Status, after) {
		err := r.client.Status().Patch(ctx, smc, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
		s.statusBackoff.observe(client.IgnoreNotFound(err), 0, r.clock.Now())
		switch {
		case apierrors.IsNotFound(err):
			return ctrl.Result{}, nil
		case apierrors.IsConflict(err):
			return ctrl.Result{RequeueAfter: s.statusBackoff.wait(r.clock.Now())}, nil
		case err != nil:
			return ctrl.Result{}, fmt.Errorf("writing the status: %w", err)
		}
		s.statusWritten, s.lastWrittenVersion = r.clock.Now(), smc.ResourceVersion
	}
	r.emitEvents(ctx, before, smc, notices, s)
	return ctrl.Result{}, nil
}

// emitEvents emits the events of a status that has been written.
func (r *Reconciler) emitEvents(ctx context.Context, before, after *v1.ServiceMeshController, notices []plan.Notice, s *session) {
	input := status.EventInput{
		Target: after.Spec.Version, Notices: notices, Reported: s.notices, Pending: s.pendingEvents, Corrected: s.corrections,
	}
	for _, event := range status.Events(before.Status, after.Status, input) {
		emit(r.recorder, after, event)
		log.FromContext(ctx).Info("state changed", "reason", event.Reason, "message", event.Message)
	}
	s.pendingEvents, s.corrections, s.notices = nil, nil, map[plan.Notice]bool{}
	for _, notice := range notices {
		s.notices[notice] = true
	}
}

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
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// report writes the status, then tells of it by events, then records Helm
// releases, and says when to come back.
func (r *Reconciler) report(ctx context.Context, smc *v1.ServiceMeshController, p *pass) (ctrl.Result, error) {
	m := r.remembered(smc)
	r.measurePass(smc, p)
	m.notes = append(m.notes, p.notes...)
	for _, change := range p.changes {
		if change.Action != apply.Restored {
			continue
		}
		m.corrected = append(m.corrected, change)
		if slices.Contains(change.Theft.Managers, helmManager) {
			m.swept, m.helmed = false, true
			clear(m.recorded) // Somebody ran helm: its newest revision is not what runs.
		}
	}
	result, err := r.writeStatus(ctx, smc, newStatus(smc, p), m, p.notices())
	if err != nil {
		return ctrl.Result{}, err
	}
	wait, err := r.recordInTime(ctx, smc, p, m)
	if err != nil {
		return ctrl.Result{}, err
	}
	result.RequeueAfter = soonest(soonest(result.RequeueAfter, wait), p.again)
	for _, failure := range p.failures() {
		if failure.cause != nil && len(p.changes)+p.written > 0 {
			return ctrl.Result{RequeueAfter: firstRetry}, nil // It gets on: pauses grow while it does not.
		}
		if failure.cause != nil {
			return ctrl.Result{}, failure.cause
		}
		result.RequeueAfter = soonest(result.RequeueAfter, failure.retry)
	}
	for _, fight := range p.fights {
		result.RequeueAfter = soonest(result.RequeueAfter, max(time.Second, time.Until(fight.Again)))
	}
	return result, nil
}

// failures lists what stopped the pass and its components.
func (p *pass) failures() []*stop {
	var failures []*stop
	if p.stop != nil {
		failures = append(failures, p.stop)
	}
	for _, state := range p.components {
		if state.failure != nil {
			failures = append(failures, state.failure)
		}
	}
	return failures
}

func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// writeStatus writes a status that differs from what the resource has, at most
// once a second while only counts and messages move, and tells of it by events.
// While writing it fails, the pass goes on without. A resource that was changed since it
// was read keeps what it has: a later pass knows more.
func (r *Reconciler) writeStatus(
	ctx context.Context, smc *v1.ServiceMeshController, status v1.ServiceMeshControllerStatus, m *memory, notices []plan.Notice,
) (ctrl.Result, error) {
	status = wording.Fit(status)
	r.metrics.Report(smc, status)
	if wait := max(throttle(smc.Status, status, m.written, time.Now()), m.writing.left(time.Now())); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	before := smc.DeepCopy()
	smc.Status = status
	if !equalStatus(before.Status, status) {
		err := r.client.Status().Patch(ctx, smc, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
		m.writing.after(client.IgnoreNotFound(err), 0, time.Now())
		switch {
		case apierrors.IsNotFound(err):
			return ctrl.Result{}, nil
		case apierrors.IsConflict(err):
			return ctrl.Result{RequeueAfter: m.writing.left(time.Now())}, nil
		case err != nil:
			return ctrl.Result{}, fmt.Errorf("writing the status: %w", err)
		}
		m.written, m.edited = time.Now(), smc.ResourceVersion
	}
	r.tell(ctx, before, smc, notices, m)
	return ctrl.Result{}, nil
}

// tell emits the events of a status that has been written.
func (r *Reconciler) tell(ctx context.Context, before, after *v1.ServiceMeshController, notices []plan.Notice, m *memory) {
	for _, event := range eventsOf(before.Status, after.Status, after.Spec.Version, notices, m.notes, m.corrected) {
		event.send(r.recorder, after)
		log.FromContext(ctx).Info("state changed", "reason", event.reason, "message", event.message)
	}
	m.notes, m.corrected = nil, nil
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"slices"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// applyMesh applies the components, and notes what follows from how that went.
func (r *Reconciler) applyMesh(ctx context.Context, a *attempt) *status.Blocker {
	a.Blocker = r.applyComponents(ctx, a) // planRollback decides by all failures.
	r.planRollback(ctx, a)
	a.Conflicts = r.applier.OwnershipConflicts(a.Plan.Objects())
	return a.Blocker
}

// applyComponents applies one component after the other, and prunes what each no longer
// has, up to the first that is not complete. What cannot be pruned keeps no other component
// from being applied.
func (r *Reconciler) applyComponents(ctx context.Context, a *attempt) *status.Blocker {
	objects := a.Plan.Objects()
	a.session.expectUnwatched(wantedUnwatched(a.smc, objects))
	unwanted := apply.Unwanted(r.observer.Owned(a.smc.Name), objects)
	a.Components = status.NotStarted(a.Plan.Components)
	var blocker *status.Blocker
	for _, i := range a.Target.Order(len(a.Plan.Components)) {
		component := a.Plan.Components[i]
		state := r.checkProgress(ctx, a, component, r.applyComponent(ctx, a, component))
		if component.Unawaited && state.Failure != nil {
			state = r.continueWithout(a, state)
		}
		if a.Components[i] = state; !state.Done {
			return blocker
		}
		blocker = cmp.Or(r.prune(ctx, a, apply.OfComponent(unwanted, component.Name)), blocker)
	}
	if held := r.checkStillEnrolled(ctx, a); held != nil {
		return cmp.Or(blocker, held)
	}
	if blocker = cmp.Or(r.prune(ctx, a, unwanted), blocker); blocker != nil {
		return blocker
	}
	return r.finishPruning(ctx, a)
}

// unawaitedRetry is how long to wait before a component that is not awaited is applied again.
const unawaitedRetry = 30 * time.Second

// continueWithout makes the mesh complete without a component that is not awaited and cannot be
// applied.
func (r *Reconciler) continueWithout(a *attempt, state status.ComponentState) status.ComponentState {
	a.ProbeFailure = state.Failure
	a.RequeueAfter = soonest(a.RequeueAfter, unawaitedRetry)
	state.Failure, state.Done = nil, true
	return state
}

// applyComponent applies what differs of a component, and returns how far it is.
func (r *Reconciler) applyComponent(ctx context.Context, a *attempt, component plan.Component) status.ComponentState {
	if component.Name == v1.ComponentCNI || component.Name == v1.ComponentZtunnel {
		if blocker := r.checkStillEnrolled(ctx, a); blocker != nil {
			state := r.observeComponent(component, a.Plan.Redact)
			state.Fail(blocker)
			return state
		}
	}
	began := r.clock.Now()
	changes, err := r.applier.Apply(ctx, component.Objects)
	r.updateApplyMetrics(component.Name, began, changes, err)
	a.Changes = append(a.Changes, changes...)
	state := r.observeComponent(component, a.Plan.Redact)
	state.Applied = slices.ContainsFunc(changes, status.Planned)
	if err != nil {
		state.Fail(applyBlocker(v1.ReasonApplyFailed, err, a.Plan))
		return state
	}
	return r.checkIgnored(ctx, component, a.Plan, state)
}

// prune deletes what the plan no longer holds.
func (r *Reconciler) prune(ctx context.Context, a *attempt, unwanted []apply.Owned) *status.Blocker {
	done, err := r.applier.Prune(ctx, apply.Removable(unwanted))
	a.OtherWrites += done
	if err != nil {
		return pruneBlocker(err)
	}
	return nil
}

// pruneBlocker returns why what the plan no longer holds cannot be deleted.
func pruneBlocker(err error) *status.Blocker {
	return &status.Blocker{Reason: v1.ReasonApplyFailed, Message: "removing what is no longer needed: " + withPermissionAdvice(err), Cause: err}
}

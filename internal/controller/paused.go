// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// observePaused finds out how far a paused mesh is. What a process that has just started
// does not know, it finds out by dry runs, once.
func (r *Reconciler) observePaused(ctx context.Context, a *attempt) *status.Blocker {
	a.ObservedPaused = true
	a.session.preview = preview{} // Nothing reverts meanwhile what others change.
	if err := r.applier.Confirm(ctx, a.Plan.Objects()); err != nil {
		blocker := applyBlocker(v1.ReasonObjectRefused, err, a.Plan)
		blocker.Phase = "" // Nothing is changed, so that nothing has failed.
		return blocker
	}
	applied := status.CompletePlan(a.smc, a.Plan)
	for _, component := range a.Plan.Components {
		if applied {
			component.Objects = watched(component.Objects)
		}
		state := r.checkIgnored(ctx, component, a.Plan, r.observeComponent(component, a.Plan.Redact))
		a.Components = append(a.Components, state)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// requireRolloutInStatus ends the attempt if the status does not show this rollout, or the plan of this
// takeover, yet: after a restart, only the status says which version runs. report writes it, and
// that write starts the next attempt.
func (r *Reconciler) requireRolloutInStatus(_ context.Context, a *attempt) *status.Blocker {
	a.TakeoverBegins = beginsTakeover(a)
	if !rollout.MustWriteFirst(a.smc, a.Target) && !a.TakeoverBegins {
		return nil
	}
	a.Components = status.NotStarted(a.Plan.Components)
	return endAttempt
}

// planRollback plans what a rollout that has just failed is rolled back to, so that only this
// plan is exempt from approval. If it cannot be built now, the next attempt tries again.
func (r *Reconciler) planRollback(ctx context.Context, a *attempt) {
	if status.NewlyFailedRollout(a.smc, &a.Outcome) == nil {
		return
	}
	back, blocker := r.build(ctx, a, a.smc.Status.Version)
	if blocker != nil {
		log.FromContext(ctx).Info("the rollback cannot be planned yet", "reason", blocker.Reason, "message", blocker.Message)
		return
	}
	a.RollbackDigest = back.Digest()
}

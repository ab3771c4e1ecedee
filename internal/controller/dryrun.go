// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// dryRun stops before the first write of a change of a mesh that runs, the operator's
// or one that is taken over, if the API server would refuse an object. A first
// installation has nothing to lose and gets no dry run; neither is the plan that was
// complete last, since applying it only reverts drift.
func (r *Reconciler) dryRun(ctx context.Context, a *attempt) *status.Blocker {
	digest := a.Plan.Digest()
	if !meshRuns(a) || a.session.dryRunDigest == digest || status.PlanInStatus(a.smc, a.Plan) {
		return nil
	}
	if err := r.applier.DryRun(ctx, a.Plan.Objects()); err != nil {
		return applyBlocker(v1.ReasonObjectRefused, err, a.Plan)
	}
	a.session.dryRunDigest = digest
	return nil
}

// meshRuns reports whether there is a mesh to change: the resource's own, or another
// installation that is about to be taken over or has been in part.
func meshRuns(a *attempt) bool {
	return a.smc.Status.Version != "" || a.smc.Status.PlanDigest != "" || a.session.takeover != nil
}

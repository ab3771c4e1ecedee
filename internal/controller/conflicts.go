// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// checkConflicts returns a blocker where the plan conflicts with objects of another
// installation, or finds what is to be taken over. A takeover that is not complete
// continues with what was found then.
func (r *Reconciler) checkConflicts(ctx context.Context, a *attempt) *status.Blocker {
	if a.session.takeover.continues(a.smc, a.Plan) {
		return nil
	}
	a.session.takeover = nil
	foreign, err := r.applier.Foreign(ctx, a.Plan.Objects())
	if err != nil {
		return &status.Blocker{Reason: v1.ReasonConflict, Message: "cannot look for conflicting objects: " + withPermissionAdvice(err), Cause: err}
	}
	if len(foreign) == 0 {
		return nil
	}
	if a.smc.Spec.OnConflict != v1.Force {
		return &status.Blocker{Reason: v1.ReasonConflict, Phase: v1.PhaseAborted, RetryAfter: conflictRetry, Message: describe(foreign)}
	}
	a.session.takeover = newTakeover(a.smc, a.Plan, foreign)
	return nil
}

func describe(foreign []apply.Foreign) string {
	return fmt.Sprintf("objects that are not managed by this operator conflict with the mesh: %s; "+
		"remove them, or set spec.onConflict to Force to take them over", foreignNames(foreign))
}

// conflictRetry is the pause between two checks for conflicting objects. They are not
// watched, and each check is a list for each kind.
const conflictRetry = time.Minute

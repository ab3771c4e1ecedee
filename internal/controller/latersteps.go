// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// checkLaterSteps blocks an upgrade over several minor versions before its first step if a
// later step would be blocked.
func (r *Reconciler) checkLaterSteps(ctx context.Context, a *attempt) *status.Blocker {
	if a.finalVersion || len(a.Target.Rest) == 0 || rollout.InStatus(a.smc, a.Target) {
		return nil
	}
	for _, version := range slices.Backward(a.Target.Rest) {
		if blocker := r.checkLaterStep(ctx, a, version); blocker != nil {
			about := *blocker
			about.Message = "Istio " + version + ": " + blocker.Message
			return &about
		}
	}
	return nil
}

// checkLaterStep returns what would block the step to that version.
func (r *Reconciler) checkLaterStep(ctx context.Context, a *attempt, version string) (blocker *status.Blocker) {
	later := &attempt{smc: a.smc, session: a.session, facts: a.facts}
	if later.Plan, blocker = r.build(ctx, later, version); blocker != nil {
		return blocker
	}
	_, blocker = r.runPreflight(later)
	return blocker
}

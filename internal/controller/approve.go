// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// checkApproval blocks a change of a running mesh that a user has to approve and has not, and
// proposes it.
func (r *Reconciler) checkApproval(ctx context.Context, a *attempt) *status.Blocker {
	if !needsApproval(a) {
		a.session.preview = preview{} // What is written now changes what it was compared with.
		return nil
	}
	last, blocker := a.Plan, (*status.Blocker)(nil)
	if len(a.Target.Rest) > 0 {
		if last, blocker = r.build(ctx, a, a.smc.Spec.Version); blocker != nil {
			return blocker
		}
	}
	if approved(a.smc, last) {
		a.session.preview = preview{}
		return nil
	}
	if blocker = r.previewPlan(ctx, a, last); blocker != nil || a.session.preview.summary == "" {
		return blocker
	}
	return a.propose(last, a.session.preview.summary)
}

// propose proposes a plan that makes those changes, and returns that it waits for approval.
func (a *attempt) propose(built *plan.Plan, summary string) *status.Blocker {
	a.Proposal = &v1.Proposal{Version: built.Version, Digest: built.Digest(), Summary: summary}
	if notes, err := istio.UpgradeNotes(a.smc.Status.Version, built.Version); err == nil { // diff reports the error.
		a.Proposal.UpgradeNotes = int32(len(notes))
	}
	return &status.Blocker{Reason: v1.ReasonApprovalNeeded, Phase: v1.PhasePending, Message: approvalMessage(a)}
}

// approved reports whether the resource approves that plan.
func approved(smc *v1.ServiceMeshController, built *plan.Plan) bool {
	return smc.Annotations[v1.ApproveAnnotation] == built.Digest()
}

// previewPlan asks the API server what a plan would change, once for each digest, as long as
// no other plan is applied.
func (r *Reconciler) previewPlan(ctx context.Context, a *attempt, built *plan.Plan) *status.Blocker {
	asked := preview{digest: built.Digest(), from: a.smc.Status.PlanDigest}
	if before := a.session.preview; before.digest == asked.digest && before.from == asked.from {
		return nil
	}
	differences, err := r.applier.Preview(ctx, built.Objects(), r.observer.Owned(a.smc.Name))
	if err != nil {
		return applyBlocker(v1.ReasonObjectRefused, err, built)
	}
	if len(differences) > 0 {
		asked.summary = apply.Summary(differences)
	}
	a.session.preview = asked
	return nil
}

// needsApproval reports whether the plan changes a mesh that runs: it is neither the one
// that was complete or approved last nor the one that a failed rollout is rolled back to.
func needsApproval(a *attempt) bool {
	if rollout.Settings(a.smc).Approve != v1.Manual || !meshRuns(a) || status.PlanInStatus(a.smc, a.Plan) {
		return false
	}
	failed := rollout.FailedRolloutOf(a.smc)
	return failed == nil || a.smc.Status.Rollout == nil || failed.PlanDigest != a.Plan.Digest()
}

// approvalMessage says what would change, and how to approve it.
func approvalMessage(a *attempt) string {
	running, proposed := a.smc.Status.Version, a.Proposal.Version
	what := fmt.Sprintf("a change of Istio %s", proposed)
	switch running {
	case proposed:
	case "":
		what = fmt.Sprintf("a takeover with Istio %s", proposed)
	default:
		what = fmt.Sprintf("Istio %s → %s", running, proposed)
	}
	if path := a.Target.PathText(); path != "" {
		what += " (" + path + ")"
	}
	see := "to see every change"
	if count := a.Proposal.UpgradeNotes; count > 0 {
		see += fmt.Sprintf(" and the %d upgrade notes of Istio", count)
	}
	return fmt.Sprintf("%s waits for approval: %s. To approve it: kubectl annotate servicemeshcontroller %s --overwrite %s=%s; "+
		"%s: gloo-operator diff -f FILE", what, a.Proposal.Summary, a.smc.Name, v1.ApproveAnnotation, a.Proposal.Digest, see)
}

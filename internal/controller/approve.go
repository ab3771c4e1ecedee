// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// preview is what the API server said a change would do.
type preview struct {
	// digest of the plan that was asked about. Empty: none was.
	digest string
	// from is the digest of the plan that was complete then: the answer is about no other.
	from string
	// summary is empty where nothing would change.
	summary string
}

// approve stops a change of a mesh that runs, where a person has to approve it and has
// not, and proposes it.
func (r *Reconciler) approve(ctx context.Context, smc *v1.ServiceMeshController, facts preflight.Facts, p *pass) *stop {
	m := r.remembered(smc)
	if !needsApproval(smc, m, p) {
		return nil
	}
	last, held := p.plan, (*stop)(nil)
	if len(p.course.rest) > 0 {
		if last, held = r.build(ctx, smc, facts, smc.Spec.Version); held != nil {
			return held
		}
	}
	digest := last.Digest()
	if smc.Annotations[v1.ApproveAnnotation] == digest {
		return nil
	}
	if held = r.ask(ctx, smc, last, digest, m); held != nil || m.preview.summary == "" {
		return held
	}
	p.proposal = &v1.Proposal{Version: last.Version, Digest: digest, Summary: m.preview.summary}
	return &stop{reason: v1.ReasonApprovalNeeded, phase: v1.PhasePending, message: asking(smc, p)}
}

// ask asks the API server what a plan would change, once for each digest.
func (r *Reconciler) ask(ctx context.Context, smc *v1.ServiceMeshController, built *plan.Plan, digest string, m *memory) *stop {
	if m.preview.digest == digest && m.preview.from == smc.Status.PlanDigest {
		return nil
	}
	differences, err := r.applier.Preview(ctx, allObjects(built), r.observer.Owned(smc.Name))
	if err != nil {
		return refusal(v1.ReasonObjectRefused, err, built)
	}
	m.preview = preview{digest: digest, from: smc.Status.PlanDigest}
	if len(differences) > 0 {
		m.preview.summary = apply.Summary(differences)
	}
	return nil
}

// needsApproval reports whether a plan changes a mesh that runs: it is neither the one
// that was complete last nor the one that a failed rollout is going back to.
func needsApproval(smc *v1.ServiceMeshController, m *memory, p *pass) bool {
	if upgradeOf(smc).Approve != v1.Manual || !meshRuns(smc, m) || completeBefore(smc, p.plan) {
		return false
	}
	failed := failedRollout(smc)
	return failed == nil || smc.Status.Rollout == nil || failed.PlanDigest != p.plan.Digest()
}

// asking says what would change, and how to approve it.
func asking(smc *v1.ServiceMeshController, p *pass) string {
	what := fmt.Sprintf("a change of Istio %s", p.proposal.Version)
	if smc.Status.Version != p.proposal.Version {
		what = fmt.Sprintf("Istio %s → %s", smc.Status.Version, p.proposal.Version)
	}
	if path := road(p.course.from, p.course.to, p.course.rest); path != "" {
		what += " (" + path + ")"
	}
	return fmt.Sprintf("%s waits for approval: %s. To approve it: kubectl annotate servicemeshcontroller %s --overwrite %s=%s; "+
		"in full: gloo-operator diff", what, p.proposal.Summary, smc.Name, v1.ApproveAnnotation, p.proposal.Digest)
}

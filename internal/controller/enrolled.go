// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// checkEnrolled stops a change that would cut off pods in the mesh, before its first write.
// Where the operator takes namespaces out of the mesh itself, a removal of ztunnel goes on
// to unlabelNamespaces, which writes.
func (r *Reconciler) checkEnrolled(ctx context.Context, a *attempt) *status.Blocker {
	return r.holdChange(ctx, a, beforeChange, false)
}

// unlabelNamespaces takes namespaces out of the mesh, where the operator may, and stops until their
// pods are out.
func (r *Reconciler) unlabelNamespaces(ctx context.Context, a *attempt) *status.Blocker {
	return r.holdChange(ctx, a, beforeChange, true)
}

// checkStillEnrolled stops a change before it comes to istio-cni or ztunnel, if pods have
// joined the mesh since its first write.
func (r *Reconciler) checkStillEnrolled(ctx context.Context, a *attempt) *status.Blocker {
	blocker := r.holdChange(ctx, a, beforeDataPlane, true)
	if blocker != nil {
		blocker.Quiet = false // The components before it have something to report.
	}
	return blocker
}

// holdChange stops a change of the mesh while it would cut off pods.
func (r *Reconciler) holdChange(ctx context.Context, a *attempt, at stage, mayWrite bool) *status.Blocker {
	h, running := &a.session.hold, runningDataPlane(apply.Removable(r.observer.Owned(a.smc.Name)))
	if running.ztunnel == nil || r.keepsDataPlane(a.Plan) { // Nothing is taken away.
		r.resetHold(h)
		return nil
	}
	planned, err := plannedDataPlane(a.Plan)
	switch {
	case err != nil:
		return enrolledUnknown(err)
	case !mayCutOffPods(running, planned, a.Plan):
		r.resetHold(h)
		return nil
	case !mayWrite && r.labelNamespaces && planned.ztunnel == nil:
		return nil
	}
	h.begin(a.Plan.Digest(), at, r.clock.Now())
	return r.checkHold(ctx, a.smc, running, mayWrite, func() (enrollment.Change, error) {
		return r.compareDataPlanes(ctx, a, running, planned)
	})
}

// holdRemoval stops the removal of a mesh, before its first write, while it would cut off
// pods. A removal that has begun to delete ztunnel goes on.
func (r *Reconciler) holdRemoval(ctx context.Context, smc *v1.ServiceMeshController, owned []apply.Owned) *status.Blocker {
	h, running := &r.sessionFor(smc).hold, runningDataPlane(owned)
	if running.ztunnel == nil {
		r.resetHold(h)
		return nil
	}
	h.begin(removalSubject, beforeChange, r.clock.Now())
	return r.checkHold(ctx, smc, running, true, func() (enrollment.Change, error) { return enrollment.Change{Removed: true}, nil })
}

// checkHold stops the change that the hold of the session is about until it cuts off no pod, or
// the resource is annotated to go on.
func (r *Reconciler) checkHold(
	ctx context.Context, smc *v1.ServiceMeshController, running dataPlane, mayWrite bool, compare func() (enrollment.Change, error),
) *status.Blocker {
	h := &r.sessionFor(smc).hold
	if h.released {
		return nil
	}
	blocker := r.observePods(ctx, smc, running, compare)
	if smc.Annotations[v1.CutOffAnnotation] == "true" {
		return r.continueRegardless(smc, h, blocker)
	}
	switch {
	case blocker != nil:
		return blocker
	case h.mayContinue(smc, r.clock.Now()):
		return r.release(h)
	case mayWrite && r.labelNamespaces && (h.findings.RulesLeftBy == "" || !mayHaveRestarted(running.cni)):
		if err := r.removeLabels(ctx, smc, h); err != nil {
			return &status.Blocker{Reason: v1.ReasonApplyFailed, Message: withPermissionAdvice(err), Cause: err}
		}
	}
	return h.blocker(smc.Name, r.clock.Now())
}

// continueRegardless releases a change although it cuts off pods, or although the blocker keeps
// the operator from knowing which, and adds an event that says so.
func (r *Reconciler) continueRegardless(smc *v1.ServiceMeshController, h *hold, blocker *status.Blocker) *status.Blocker {
	switch {
	case blocker != nil && blocker.Quiet:
		return blocker
	case blocker != nil:
		h.findings.Unknown = true
	case h.mayContinue(smc, r.clock.Now()):
		return r.release(h)
	}
	r.addCutOffEvent(smc, h)
	return r.release(h)
}

// observePods lists the pods when that is due, and reads the labels of namespaces once pods
// block the change: a change without pods in the mesh costs one list.
func (r *Reconciler) observePods(ctx context.Context, smc *v1.ServiceMeshController, running dataPlane, compare func() (enrollment.Change, error)) *status.Blocker {
	h := &r.sessionFor(smc).hold
	if h.listed.IsZero() {
		if err := r.listCutOffPods(ctx, smc, running, compare); err != nil {
			return enrolledUnknown(err)
		}
	}
	if !h.holds() {
		return nil
	}
	namespaces, err := r.gatherer.EnrolledNamespaces()
	if errors.Is(err, preflight.ErrGathering) {
		return &status.Blocker{Reason: v1.ReasonClusterNotRead, Quiet: true, Message: "waiting for the list of namespaces in the mesh"}
	}
	if err != nil {
		return enrolledUnknown(err)
	}
	h.setNamespaces(namespaces, r.clock.Now())
	if !h.due(r.clock.Now()) {
		return nil
	}
	if err := r.listCutOffPods(ctx, smc, running, compare); err != nil {
		return enrolledUnknown(err)
	}
	return nil
}

// release lets the change go on, and ends the watch.
func (r *Reconciler) release(h *hold) *status.Blocker {
	h.released, h.findings = true, enrollment.Findings{}
	r.gatherer.ReleaseEnrolledNamespaces()
	return nil
}

// resetHold forgets a change that is not asked for any more, or is complete.
func (r *Reconciler) resetHold(h *hold) {
	if h.subject != "" {
		*h = hold{}
		r.gatherer.ReleaseEnrolledNamespaces()
	}
}

// addCutOffEvent has an event say what the annotation makes the operator do.
func (r *Reconciler) addCutOffEvent(smc *v1.ServiceMeshController, h *hold) {
	s := r.sessionFor(smc)
	s.pendingEvents = append(s.pendingEvents, status.PendingEvent{
		Warning: true, Reason: v1.ReasonWorkloadsCutOff, Action: status.ActionCutOff, Message: h.change.CutOff(h.findings),
	})
}

// enrolledUnknown is what blocks an attempt that cannot find out which pods it would cut off.
func enrolledUnknown(err error) *status.Blocker {
	return &status.Blocker{Reason: v1.ReasonClusterNotRead, Cause: err,
		Message: fmt.Sprintf("cannot check which pods in the mesh would be cut off: %s; to continue regardless, set the annotation %s=true",
			withPermissionAdvice(err), v1.CutOffAnnotation)}
}

// listCutOffPods compares the data planes, and finds the pods that the change would cut off.
func (r *Reconciler) listCutOffPods(ctx context.Context, smc *v1.ServiceMeshController, running dataPlane, compare func() (enrollment.Change, error)) error {
	h, findings := &r.sessionFor(smc).hold, enrollment.Findings{}
	change, err := compare()
	if err == nil && !change.None() {
		findings, err = r.findCutOff(ctx, smc, running, change)
	}
	if isError[*podsForbiddenError](err) && (h.listed.IsZero() || h.findings.Unknown) {
		findings, err = enrollment.Findings{Unknown: true}, nil // rbac.listPods is off.
	}
	if err == nil {
		findings.RulesLeftBy = rulesLeftBy(smc, running.cni)
		h.setFindings(change, findings, r.clock.Now())
	}
	return err
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// takeOver completes the takeover that checkConflicts found, if any. It discards the takeover
// when it is complete, or when one of its objects has changed. If an earlier attempt failed, it
// checks for new conflicts first.
func (r *Reconciler) takeOver(ctx context.Context, a *attempt) *status.Blocker {
	t := a.session.takeover
	if t == nil {
		return nil
	}
	if err := r.continueTakeover(ctx, a, t); err != nil {
		if t.failed = true; apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			a.session.takeover = nil
		}
		return &status.Blocker{Reason: v1.ReasonConflict, Message: "taking over another installation: " + withPermissionAdvice(err), Cause: err}
	}
	a.session.takeover = nil
	a.Events = append(a.Events, t.events()...)
	if !t.failed {
		r.applier.MarkUnclaimed(a.Plan.Objects())
		return nil
	}
	if blocker := r.checkConflicts(ctx, a); blocker != nil {
		return blocker
	}
	return r.takeOver(ctx, a)
}

// continueTakeover makes another installation's objects the operator's: objects that the
// plan does not have are labeled to be pruned, the operator becomes the manager of the
// fields that the other tool set, and Helm's records of other releases are deleted. It can
// be repeated from the beginning at any point.
func (r *Reconciler) continueTakeover(ctx context.Context, a *attempt, t *takeover) error {
	if t.leftovers == nil {
		makers := make([]string, len(t.foreign))
		for i, f := range t.foreign {
			makers[i] = f.By
		}
		found, err := r.findLeftovers(ctx, a.smc, makers, a.Plan.Objects())
		if err != nil {
			return err
		}
		t.leftovers = found
	}
	before := len(t.leftovers.toLabel)
	err := r.labelForPruning(ctx, a.smc, t.leftovers)
	a.OtherWrites += before - len(t.leftovers.toLabel)
	if err != nil {
		return err
	}
	if err := r.deleteHelmRecords(ctx, t); err != nil {
		return err
	}
	before = len(t.remaining)
	t.remaining, err = r.applier.TakeOver(ctx, t.remaining)
	a.OtherWrites += before - len(t.remaining)
	return err
}

// findLeftovers finds what those makers have besides the plan's objects.
func (r *Reconciler) findLeftovers(
	ctx context.Context, smc *v1.ServiceMeshController, makers []string, objects []object.Object,
) (*leftovers, error) {
	all, err := r.applier.Leftovers(ctx, makers, namespaceOf(smc), objects)
	if err != nil {
		return nil, err
	}
	found := &leftovers{}
	for _, leftover := range all {
		if _, ours := componentOfLeftover(leftover.Object); ours {
			found.toPrune = append(found.toPrune, leftover)
		} else {
			found.kept = append(found.kept, leftover)
		}
	}
	found.toLabel = found.toPrune
	return found, nil
}

// labelForPruning labels the leftovers for pruning, and stops at the first failure.
func (r *Reconciler) labelForPruning(ctx context.Context, smc *v1.ServiceMeshController, l *leftovers) error {
	for len(l.toLabel) > 0 {
		component, _ := componentOfLeftover(l.toLabel[0].Object)
		if err := r.applier.Adopt(ctx, l.toLabel[0], smc.Name, component); err != nil {
			return err
		}
		l.toLabel = l.toLabel[1:]
	}
	return nil
}

// deleteHelmRecords deletes the records of the Helm releases that the objects belonged to,
// unless they have the names that ours will have.
func (r *Reconciler) deleteHelmRecords(ctx context.Context, t *takeover) error {
	for _, f := range t.foreign {
		name, namespace := helm.ReleaseOf(f.Object)
		if name == "" || t.checkedReleases[namespace+"/"+name] || slices.Contains(component.Releases(), name) {
			continue
		}
		deleted, err := helm.NewStorage(r.clientset.CoreV1().Secrets(namespace)).Retire(ctx, name)
		if err != nil {
			return err
		}
		t.checkedReleases[namespace+"/"+name] = true
		if deleted {
			t.retired = append(t.retired, name)
		}
	}
	return nil
}

// beginsTakeover reports whether the status has to hold the plan of a takeover before anything
// is written: what differs from it later is a change of a mesh that runs.
func beginsTakeover(a *attempt) bool {
	return a.session.takeover != nil && a.smc.Status.Version == "" && !status.PlanInStatus(a.smc, a.Plan)
}

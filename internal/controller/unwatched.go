// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// finishPruning deletes what no watch shows, and forgets what the plan no longer holds.
func (r *Reconciler) finishPruning(ctx context.Context, a *attempt) *status.Blocker {
	if err := r.pruneUnwatched(ctx, a); err != nil {
		return pruneBlocker(err)
	}
	r.applier.Retain(a.Plan.Objects(), r.observer.Owned(a.smc.Name))
	return nil
}

// pruneUnwatched deletes what the mesh no longer needs of what no watch shows. It looks
// once after the start of the operator, and whenever something of it leaves the plan or
// spec: what an earlier process has made is found as well.
func (r *Reconciler) pruneUnwatched(ctx context.Context, a *attempt) error {
	wanted := wantedUnwatched(a.smc, a.Plan.Objects())
	if a.session.unwatchedListed && !slices.ContainsFunc(a.session.unwatched, func(key object.Key) bool { return !slices.Contains(wanted, key) }) {
		return nil
	}
	done, err := r.deleteUnwatched(ctx, a.smc, wanted)
	a.OtherWrites += done
	if err == nil {
		a.session.unwatchedListed, a.session.unwatched = true, wanted
	}
	return err
}

// deleteUnwatched deletes what the resource owns of such objects, but for those keys, and
// returns how many it has deleted.
func (r *Reconciler) deleteUnwatched(ctx context.Context, smc *v1.ServiceMeshController, keep []object.Key) (done int, err error) {
	if done, err = r.deleteOutside(ctx, smc, keep); err != nil {
		return done, err
	}
	copies, err := r.applier.Copies(ctx, namespaceOf(smc), smc.Name)
	if err != nil {
		return done, err
	}
	more, err := r.applier.Delete(ctx, surplus(copies, keep))
	return done + more, err
}

// deleteOutside deletes what the resource owns outside of the install namespace, but for those
// keys: its NetworkAttachmentDefinitions and the policies of its probes. It returns how many
// objects it has deleted.
func (r *Reconciler) deleteOutside(ctx context.Context, smc *v1.ServiceMeshController, keep []object.Key) (done int, err error) {
	owned, err := r.applier.Attachments(ctx, smc.Name)
	if err != nil {
		return 0, err
	}
	if r.probe.Namespace != "" {
		policies, err := r.applier.Policies(ctx, r.probe.Namespace, smc.Name)
		if err != nil {
			return 0, err
		}
		owned = append(owned, policies...)
	}
	return r.applier.Delete(ctx, surplus(owned, keep))
}

// surplus lists those of the objects that may be removed and are not to be kept.
func surplus(owned []apply.Owned, keep []object.Key) []apply.Owned {
	return slices.DeleteFunc(apply.Removable(owned), func(o apply.Owned) bool { return slices.Contains(keep, o.Key) })
}

// removeUnwatched deletes objects that are not watched, including copied pull secrets, and
// Helm's records. It returns how many records are left. If the namespace is gone, only objects
// outside of it are left.
func (r *Reconciler) removeUnwatched(ctx context.Context, smc *v1.ServiceMeshController, gone bool) (left int, err error) {
	if gone {
		_, err = r.deleteOutside(ctx, smc, nil)
		return 0, err
	}
	namespace, s := namespaceOf(smc), r.sessionFor(smc)
	if !s.unwatchedRemoved {
		_, err = r.deleteUnwatched(ctx, smc, nil)
	}
	if err == nil {
		s.unwatchedRemoved = true
		left, err = helm.NewStorage(r.clientset.CoreV1().Secrets(namespace)).DeleteReleases(ctx, component.Releases())
	}
	if !apierrors.IsForbidden(err) {
		return left, err
	}
	if missing, lookErr := r.applier.NamespaceMissing(ctx, namespace); lookErr == nil && missing {
		return 0, nil
	}
	return left, err
}

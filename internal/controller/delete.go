// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// uninstall removes the mesh, one component at a time, and lets the resource go
// when nothing is left but what is kept: CRDs, the namespace, what users made.
func (r *Reconciler) uninstall(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(smc, v1.Finalizer) {
		return ctrl.Result{}, nil
	}
	if paused(smc) {
		message := fmt.Sprintf("paused: the mesh is not removed until the annotation %s is removed", v1.PausedAnnotation)
		return r.writeStatus(ctx, smc, status.Uninstalling(smc, message, r.clock.Now()), nil)
	}
	switch blocker := r.olderThan(ctx, smc); {
	case blocker == nil:
		return r.removeMesh(ctx, smc)
	case blocker.Cause != nil:
		owned := apply.Removable(r.observer.Owned(smc.Name))
		return r.reportRemoval(ctx, smc, removalProgress{left: owned, count: len(owned)}, blocker.Cause)
	default: // The mesh is another resource's.
		return r.removeFinalizer(ctx, smc)
	}
}

// removeMesh removes what can be removed now, and lets the resource go when nothing is left.
func (r *Reconciler) removeMesh(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	r.sessionFor(smc).usesCaches = true
	gone, blocker := r.checkNamespaceForRemoval(ctx, smc)
	if blocker != nil {
		return r.reportBlockedRemoval(ctx, smc, blocker)
	}
	if owned := r.removable(smc, gone); len(owned) > 0 {
		if blocker := r.holdRemoval(ctx, smc, owned); blocker != nil {
			return r.reportBlockedRemoval(ctx, smc, blocker)
		}
		progress, err := r.removeNext(ctx, smc, owned)
		return r.reportRemoval(ctx, smc, progress, err)
	}
	if left, err := r.removeUnwatched(ctx, smc, gone); err != nil {
		return r.reportRemoval(ctx, smc, removalProgress{count: left}, err)
	}
	return r.removeFinalizer(ctx, smc)
}

// removable lists what is to be removed. What was in a namespace that has gone went with
// it, though a cache that may not be read any more still shows it.
func (r *Reconciler) removable(smc *v1.ServiceMeshController, gone bool) []apply.Owned {
	return slices.DeleteFunc(apply.Removable(r.observer.Owned(smc.Name)), func(o apply.Owned) bool {
		return gone && o.Namespace == namespaceOf(smc)
	})
}

// reportBlockedRemoval reports why the removal cannot continue.
func (r *Reconciler) reportBlockedRemoval(ctx context.Context, smc *v1.ServiceMeshController, blocker *status.Blocker) (ctrl.Result, error) {
	if blocker.Quiet {
		return ctrl.Result{RequeueAfter: blocker.RetryAfter}, nil
	}
	after := status.Uninstalling(smc, blocker.Message, r.clock.Now())
	if blocker.Reason == v1.ReasonWorkloadsEnrolled {
		after = status.RemovalHeld(smc, blocker.Message, r.clock.Now())
	}
	result, err := r.writeStatus(ctx, smc, after, nil)
	if err == nil && blocker.Cause != nil {
		return ctrl.Result{}, blocker.Cause
	}
	result.RequeueAfter = soonest(result.RequeueAfter, blocker.RetryAfter)
	return result, err
}

// reportRemoval writes what the removal waits for, or what it failed at. The delay grows unless
// fewer objects are left than at the last failure. Responses do not show that: a deletion can
// succeed although its request failed.
func (r *Reconciler) reportRemoval(ctx context.Context, smc *v1.ServiceMeshController, progress removalProgress, err error) (ctrl.Result, error) {
	s := r.sessionFor(smc)
	if lacksPermission(err, namespaceOf(smc)) {
		s.namespace.noteDenial(r.clock.Now())
	}
	if err != nil {
		progress.message = "removing the mesh: " + withPermissionAdvice(err)
	}
	result, statusErr := r.writeStatus(ctx, smc, status.Removing(smc, progress.message, progress.left, r.clock.Now()), nil)
	if err == nil {
		result.RequeueAfter = soonest(result.RequeueAfter, progress.again)
		return result, statusErr
	}
	progressed := progress.count < s.removalLeft
	if s.removalLeft = progress.count; progressed && statusErr == nil {
		log.FromContext(ctx).Info("removal failed, trying again", "error", err.Error())
		return ctrl.Result{RequeueAfter: firstRetry}, nil
	}
	return ctrl.Result{}, errors.Join(err, statusErr)
}

// removeNext removes what can be removed now and says what it waits for. Webhooks go
// first: one that does not answer any more may refuse everything else.
func (r *Reconciler) removeNext(ctx context.Context, smc *v1.ServiceMeshController, left []apply.Owned) (removalProgress, error) {
	progress := removalProgress{left: left, count: len(left)}
	webhooks := slices.DeleteFunc(slices.Clone(left), func(o apply.Owned) bool { return !o.Webhook() })
	if len(webhooks) > 0 {
		_, err := r.applier.Delete(ctx, webhooks)
		progress.message = fmt.Sprintf("removing webhooks: waiting for %s", webhooks[0].Key)
		return progress, err
	}
	for _, component := range removalOrder(left) {
		objects := apply.OfComponent(left, component)
		first := slices.DeleteFunc(slices.Clone(objects), func(o apply.Owned) bool { return !o.Workload() })
		if len(first) > 0 {
			progress.message = fmt.Sprintf("removing %s: waiting for %s", component, first[0].Key)
			if _, err := r.applier.Delete(ctx, first); err != nil {
				return progress, err
			}
			return r.waitForPods(ctx, smc, first[0], progress)
		}
		if _, err := r.applier.Delete(ctx, objects); err != nil {
			return progress, err
		}
	}
	progress.message = fmt.Sprintf("waiting until %s is deleted", left[0].Key)
	return progress, nil
}

// removalOrder lists the components of the objects, those of no known component
// first.
func removalOrder(left []apply.Owned) []string {
	var order []string
	for _, object := range left {
		if !slices.Contains(removal, object.Component) && !slices.Contains(order, object.Component) {
			order = append(order, object.Component)
		}
	}
	slices.Sort(order)
	for _, component := range removal {
		if slices.ContainsFunc(left, func(o apply.Owned) bool { return o.Component == component }) {
			order = append(order, component)
		}
	}
	return order
}

// removeFinalizer removes the finalizer, so that the resource is deleted. A conflict means that
// the resource was changed since it was read: the status does not report it.
func (r *Reconciler) removeFinalizer(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	err := r.editFinalizers(ctx, smc, controllerutil.RemoveFinalizer)
	switch {
	case err == nil, apierrors.IsNotFound(err):
		r.endSession(smc.Name)
		return ctrl.Result{}, nil
	case apierrors.IsConflict(err):
		return ctrl.Result{}, err
	default:
		return r.reportRemoval(ctx, smc, removalProgress{}, fmt.Errorf("removing the finalizer: %w", err))
	}
}

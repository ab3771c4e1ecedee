// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
)

// removal is the order in which components are removed: the reverse of the
// installation. It asks the cluster and no plan, so that a mesh can be removed
// whose charts cannot be had any more.
var removal = []string{v1.ComponentZtunnel, v1.ComponentCNI, v1.ComponentIstiod, v1.ComponentBase, v1.ComponentGatewayAPI}

// uninstall removes the mesh, one component at a time, and lets the resource go
// when nothing is left but what is kept: CRDs, the namespace, what users made.
func (r *Reconciler) uninstall(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(smc, v1.Finalizer) {
		return ctrl.Result{}, nil
	}
	if paused(smc) {
		message := fmt.Sprintf("paused: the mesh is removed when the annotation %s is", v1.PausedAnnotation)
		return r.writeStatus(ctx, smc, uninstalling(smc, message), r.remembered(smc), nil)
	}
	switch held := r.refuse(ctx, smc); {
	case held == nil:
		return r.removeMesh(ctx, smc)
	case held.cause != nil:
		return r.reportRemoval(ctx, smc, "", 0, held.cause)
	default: // The mesh is another resource's.
		return r.letGo(ctx, smc)
	}
}

// removeMesh removes what can be removed now, and lets the resource go when nothing is left.
func (r *Reconciler) removeMesh(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	gone, held := r.reachNamespace(ctx, smc)
	if held != nil {
		return r.holdRemoval(ctx, smc, held)
	}
	if owned := r.removable(smc, gone); len(owned) > 0 {
		message, err := r.removeNext(ctx, owned)
		return r.reportRemoval(ctx, smc, message, len(owned), err)
	}
	if !gone {
		if left, err := r.removeSecrets(ctx, smc); err != nil {
			return r.reportRemoval(ctx, smc, "", left, err)
		}
	}
	r.applier.Forget()
	return r.letGo(ctx, smc)
}

// removable lists what is to be removed. What was in a namespace that has gone went with
// it, though a cache that may not be read any more still shows it.
func (r *Reconciler) removable(smc *v1.ServiceMeshController, gone bool) []apply.Owned {
	return slices.DeleteFunc(apply.Removable(r.observer.Owned(smc.Name)), func(o apply.Owned) bool {
		return gone && o.Namespace == namespaceOf(smc)
	})
}

// holdRemoval says why the removal cannot go on.
func (r *Reconciler) holdRemoval(ctx context.Context, smc *v1.ServiceMeshController, held *stop) (ctrl.Result, error) {
	if held.silent {
		return ctrl.Result{}, nil
	}
	result, err := r.writeStatus(ctx, smc, uninstalling(smc, held.message), r.remembered(smc), nil)
	if err == nil && held.cause != nil {
		return ctrl.Result{}, held.cause
	}
	result.RequeueAfter = soonest(result.RequeueAfter, held.retry)
	return result, err
}

// reportRemoval writes what the removal waits for, or what it failed at. Pauses grow
// while there is as much left as at the failure before: the answers do not tell, since
// a deletion may have come to pass though its request failed.
func (r *Reconciler) reportRemoval(ctx context.Context, smc *v1.ServiceMeshController, message string, left int, err error) (ctrl.Result, error) {
	m := r.remembered(smc)
	if lacksRights(err, namespaceOf(smc)) {
		m.namespace.noteDenial(time.Now())
	}
	if err != nil {
		message = "removing the mesh: " + advice(err)
	}
	result, statusErr := r.writeStatus(ctx, smc, uninstalling(smc, message), m, nil)
	if err == nil {
		return result, statusErr
	}
	getsOn := left < m.left
	if m.left = left; getsOn {
		return ctrl.Result{RequeueAfter: firstRetry}, nil
	}
	return ctrl.Result{}, err
}

// removeNext removes what can be removed now and says what it waits for. Webhooks go
// first: one that does not answer any more may refuse everything else.
func (r *Reconciler) removeNext(ctx context.Context, left []apply.Owned) (string, error) {
	webhooks := slices.DeleteFunc(slices.Clone(left), func(o apply.Owned) bool { return !o.Webhook() })
	if len(webhooks) > 0 {
		_, err := r.applier.Delete(ctx, webhooks)
		return fmt.Sprintf("removing webhooks: waiting for %s", webhooks[0].Key), err
	}
	for _, component := range removalOrder(left) {
		objects := ownedBy(left, component)
		first := slices.DeleteFunc(slices.Clone(objects), func(o apply.Owned) bool { return !o.Workload() })
		if len(first) > 0 {
			_, err := r.applier.Delete(ctx, first)
			return fmt.Sprintf("removing %s: waiting for %s", component, first[0].Key), err
		}
		if _, err := r.applier.Delete(ctx, objects); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("waiting for %s to go", left[0].Key), nil
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

// letGo removes the finalizer. That somebody changed the resource since it was read is
// no news.
func (r *Reconciler) letGo(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	err := r.editFinalizers(ctx, smc, controllerutil.RemoveFinalizer)
	switch {
	case err == nil:
		r.forget(smc)
		return ctrl.Result{}, nil
	case apierrors.IsConflict(err):
		return ctrl.Result{}, err
	default:
		return r.reportRemoval(ctx, smc, "", 0, fmt.Errorf("removing the finalizer: %w", err))
	}
}

func uninstalling(smc *v1.ServiceMeshController, message string) v1.ServiceMeshControllerStatus {
	status := *smc.Status.DeepCopy()
	status.Phase, status.Message, status.ObservedGeneration = v1.PhaseUninstalling, message, smc.Generation
	status.Rollout, status.Proposal = nil, nil
	for i := range status.Conditions {
		if c := &status.Conditions[i]; c.Type == v1.ConditionReady {
			c.Status, c.Reason, c.Message, c.ObservedGeneration = "False", v1.ReasonUninstalling, message, smc.Generation
		}
	}
	return status
}

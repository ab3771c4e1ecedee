// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		owned := apply.Removable(r.observer.Owned(smc.Name))
		return r.reportRemoval(ctx, smc, removalProgress{left: owned, count: len(owned)}, held.cause)
	default: // The mesh is another resource's.
		return r.letGo(ctx, smc)
	}
}

// removeMesh removes what can be removed now, and lets the resource go when nothing is left.
func (r *Reconciler) removeMesh(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	r.remembered(smc).planned = true
	gone, held := r.reachNamespace(ctx, smc)
	if held != nil {
		return r.holdRemoval(ctx, smc, held)
	}
	if owned := r.removable(smc, gone); len(owned) > 0 {
		progress, err := r.removeNext(ctx, smc, owned)
		return r.reportRemoval(ctx, smc, progress, err)
	}
	if !gone {
		if left, err := r.removeSecrets(ctx, smc); err != nil {
			return r.reportRemoval(ctx, smc, removalProgress{count: left}, err)
		}
	}
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

// removalProgress is how far a removal is.
type removalProgress struct {
	// message says what it waits for.
	message string
	// left are the objects that are still there; count is their number, or that of what
	// else is left.
	left  []apply.Owned
	count int
	// again is when to look again without an event. Zero: on the next event.
	again time.Duration
}

// reportRemoval writes what the removal waits for, or what it failed at. Pauses grow
// while there is as much left as at the failure before: the answers do not tell, since
// a deletion may have come to pass though its request failed.
func (r *Reconciler) reportRemoval(ctx context.Context, smc *v1.ServiceMeshController, progress removalProgress, err error) (ctrl.Result, error) {
	m := r.remembered(smc)
	if lacksRights(err, namespaceOf(smc)) {
		m.namespace.noteDenial(time.Now())
	}
	if err != nil {
		progress.message = "removing the mesh: " + advice(err)
	}
	result, statusErr := r.writeStatus(ctx, smc, removing(smc, progress.message, progress.left), m, nil)
	if err == nil {
		result.RequeueAfter = soonest(result.RequeueAfter, progress.again)
		return result, statusErr
	}
	getsOn := progress.count < m.left
	if m.left = progress.count; getsOn {
		return ctrl.Result{RequeueAfter: firstRetry}, nil
	}
	return ctrl.Result{}, err
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
		objects := ownedBy(left, component)
		first := slices.DeleteFunc(slices.Clone(objects), func(o apply.Owned) bool { return !o.Workload() })
		if len(first) > 0 {
			_, err := r.applier.Delete(ctx, first)
			progress.message = fmt.Sprintf("removing %s: waiting for %s", component, first[0].Key)
			if err == nil {
				err = r.waitForPods(ctx, smc, first[0], &progress)
			}
			return progress, err
		}
		if _, err := r.applier.Delete(ctx, objects); err != nil {
			return progress, err
		}
	}
	progress.message = fmt.Sprintf("waiting for %s to go", left[0].Key)
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

// letGo removes the finalizer. That somebody changed the resource since it was read is
// no news.
func (r *Reconciler) letGo(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	err := r.editFinalizers(ctx, smc, controllerutil.RemoveFinalizer)
	switch {
	case err == nil:
		r.forget(smc.Name)
		return ctrl.Result{}, nil
	case apierrors.IsConflict(err):
		return ctrl.Result{}, err
	default:
		return r.reportRemoval(ctx, smc, removalProgress{}, fmt.Errorf("removing the finalizer: %w", err))
	}
}

// removing is the status of a mesh of which those objects are left: what is being removed
// or gone is not told to run.
func removing(smc *v1.ServiceMeshController, message string, left []apply.Owned) v1.ServiceMeshControllerStatus {
	status := uninstalling(smc, message)
	for i := range status.Components {
		status.Components[i] = removingComponent(status.Components[i], ownedBy(left, status.Components[i].Name))
	}
	for i := range status.Conditions {
		if c := &status.Conditions[i]; c.Status == metav1.ConditionTrue && c.Reason != v1.ReasonNotRequired && removedOf(c.Type, status.Components) {
			unmet(c, "the mesh is being removed", smc.Generation)
		}
	}
	return status
}

// removingComponent is the status of a component of which those objects are left.
func removingComponent(before v1.ComponentStatus, left []apply.Owned) v1.ComponentStatus {
	workloads := slices.DeleteFunc(slices.Clone(left), func(o apply.Owned) bool { return !o.Workload() })
	switch {
	case slices.Contains(needs[v1.ConditionCRDInstalled], before.Name):
		if len(left) == 0 {
			before.Message = "its CRDs stay"
		}
		return before
	case len(left) == 0:
		return v1.ComponentStatus{Name: before.Name, Message: "removed"}
	case len(workloads) == 0:
		return v1.ComponentStatus{Name: before.Name, Version: before.Version, Message: "is being removed"}
	case slices.ContainsFunc(workloads, func(o apply.Owned) bool { return o.Object.GetDeletionTimestamp() != nil }):
		return v1.ComponentStatus{Name: before.Name, Version: before.Version, Message: fmt.Sprintf("is being removed: waiting for %s", workloads[0].Key)}
	default:
		return before // Not its turn yet.
	}
}

// removedOf tells that something that a condition speaks of is being removed, or gone.
func removedOf(condition string, components []v1.ComponentStatus) bool {
	switch condition {
	case v1.ConditionWebhookDeployed: // Webhooks go first.
		return true
	case v1.ConditionCRDInstalled:
		return false
	}
	return slices.ContainsFunc(needs[condition], func(name string) bool {
		component := componentNamed(components, name)
		return component.Pods == "" && component.Message != ""
	})
}

func uninstalling(smc *v1.ServiceMeshController, message string) v1.ServiceMeshControllerStatus {
	status := *smc.Status.DeepCopy()
	status.Phase, status.Message, status.ObservedGeneration = v1.PhaseUninstalling, message, smc.Generation
	status.Rollout, status.Proposal = nil, nil
	for i := range status.Conditions {
		if c := &status.Conditions[i]; c.Type == v1.ConditionReady {
			unmet(c, message, smc.Generation)
		}
	}
	return status
}

// unmet makes a condition false since the mesh is being removed.
func unmet(c *metav1.Condition, message string, generation int64) {
	if c.Status != metav1.ConditionFalse {
		c.LastTransitionTime = metav1.Now().Rfc3339Copy()
	}
	c.Status, c.Reason, c.Message, c.ObservedGeneration = metav1.ConditionFalse, v1.ReasonUninstalling, message, generation
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	rbacapply "k8s.io/client-go/applyconfigurations/rbac/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/status"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// serviceAccount is the name of the operator's ServiceAccount, in its own namespace.
const serviceAccount = "gloo-operator"

// findNamespace looks for the install namespace.
func (r *Reconciler) findNamespace(smc *v1.ServiceMeshController) (preflight.Namespace, *status.Blocker) {
	found, err := r.gatherer.Namespace(namespaceOf(smc))
	switch {
	case errors.Is(err, preflight.ErrGathering):
		return found, &status.Blocker{Reason: v1.ReasonClusterNotRead, Quiet: true}
	case err != nil:
		return found, &status.Blocker{Reason: v1.ReasonClusterNotRead, Message: err.Error(), Cause: err}
	}
	return found, nil
}

// ensureNamespace stops while there is no install namespace to work in. It creates what is
// missing: the namespace, or the operator's permissions in it.
func (r *Reconciler) ensureNamespace(ctx context.Context, a *attempt) *status.Blocker {
	a.session.usesCaches = true
	name := namespaceOf(a.smc)
	found, blocker := r.findNamespace(a.smc)
	switch {
	case blocker != nil:
		return blocker
	case found.Terminating:
		return &status.Blocker{
			Reason:  v1.ReasonNamespaceTerminating,
			Message: fmt.Sprintf("namespace %s is being deleted: the mesh is installed again when it is gone; kubectl describe namespace %[1]s shows what it waits for", name),
		}
	case !found.Missing():
		a.session.setNamespaceUID(found.UID)
		return r.regainPermissions(ctx, a.session, name)
	case len(r.installNamespaces) == 0:
		return nil // The plan contains it, and the operator's permissions are cluster-wide.
	default:
		return r.restoreNamespace(ctx, a)
	}
}

// restoreNamespace creates a missing namespace and binds the operator's permissions in it. The
// next attempt continues from there.
func (r *Reconciler) restoreNamespace(ctx context.Context, a *attempt) *status.Blocker {
	name := namespaceOf(a.smc)
	namespace, err := plan.InstallNamespace(a.smc.Name, a.smc.Spec)
	if err == nil {
		var changes []apply.Change
		changes, err = r.applier.Apply(ctx, []object.Object{namespace})
		a.Changes = append(a.Changes, changes...)
	}
	if apierrors.IsForbidden(err) {
		return &status.Blocker{
			Reason: v1.ReasonNamespaceMissing, Phase: v1.PhaseFailed, Cause: err,
			Message: fmt.Sprintf("namespace %s is missing and the operator may not create it: run helm upgrade for the operator's Helm chart", name),
		}
	}
	if err != nil {
		return &status.Blocker{Reason: v1.ReasonNamespaceMissing, Message: "creating the install namespace: " + err.Error(), Cause: err}
	}
	a.session.namespace = namespaceState{uid: a.session.namespace.uid, lost: r.clock.Now().Add(-permissionGrace)} // The permissions were deleted with the namespace.
	if blocker := r.regainPermissions(ctx, a.session, name); blocker != nil {
		return blocker
	}
	return &status.Blocker{
		Reason: v1.ReasonNamespaceMissing, RetryAfter: permissionCheck,
		Message: fmt.Sprintf("namespace %s was missing and has been created: the mesh is installed again", name),
	}
}

// regainPermissions binds the operator's permissions in a namespace where it lacks them,
// and stops while it cannot read what is in it.
func (r *Reconciler) regainPermissions(ctx context.Context, s *session, namespace string) *status.Blocker {
	state, now := &s.namespace, r.clock.Now()
	reads := r.observer.Reads(namespace)
	if len(r.installNamespaces) == 0 || reads && state.lost.IsZero() {
		return nil
	}
	state.noteDenial(now)
	if state.mayBind(now) {
		err := r.bindPermissions(ctx, namespace)
		state.refused = apierrors.IsForbidden(err)
		if err != nil && !state.refused {
			return &status.Blocker{Reason: v1.ReasonNamespaceForbidden, Message: err.Error(), Cause: err}
		}
		state.bound = now
	}
	if reads {
		return nil
	}
	return state.blocker(now, namespace)
}

// bindPermissions applies the RoleBinding that the operator's chart has in each install
// namespace, with the labels and annotations by which Helm recognizes its own.
func (r *Reconciler) bindPermissions(ctx context.Context, namespace string) error {
	binding := rbacapply.RoleBinding(v1.NamespaceRole, namespace).
		WithLabels(map[string]string{"app.kubernetes.io/name": "gloo-operator"}).
		WithRoleRef(rbacapply.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("ClusterRole").WithName(v1.NamespaceRole)).
		WithSubjects(rbacapply.Subject().WithKind(rbacv1.ServiceAccountKind).WithName(serviceAccount).WithNamespace(r.namespace))
	if r.helmRelease != "" {
		binding.WithLabels(map[string]string{"app.kubernetes.io/managed-by": "Helm"}).
			WithAnnotations(map[string]string{v1.HelmReleaseAnnotation: r.helmRelease, v1.HelmNamespaceAnnotation: r.namespace})
	}
	_, err := r.clientset.RbacV1().RoleBindings(namespace).Apply(ctx, binding, metav1.ApplyOptions{FieldManager: v1.FieldManager, Force: true})
	if err != nil {
		return fmt.Errorf("binding the operator's permissions in namespace %s: %w", namespace, err)
	}
	return nil
}

// classifyDenials separates missing permissions in the install namespace that the operator
// regains by itself from those that a user has to grant.
func (r *Reconciler) classifyDenials(a *attempt) {
	state, name := &a.session.namespace, namespaceOf(a.smc)
	denied := false
	for _, failure := range a.Failures() {
		if failure.Reason == v1.ReasonNamespaceMissing || !lacksPermission(failure.Cause, name) {
			continue // Creating the namespace is not a permission in it, although RBAC reports it so.
		}
		denied = true
		state.noteDenial(r.clock.Now())
		if len(r.installNamespaces) > 0 && state.mayRecover(r.clock.Now()) {
			failure.Reason, failure.Phase, failure.Message = v1.ReasonNamespaceForbidden, "", restoringMessage(name)
		}
	}
	a.ShowFailures()
	if !denied && a.Blocker == nil && (a.Complete() || a.CurrentComponent() != nil) {
		state.lost, state.bound, state.refused = time.Time{}, time.Time{}, false
	}
}

// lacksPermission reports whether RBAC denied something in that namespace. The format of
// the message is that of k8s.io/apiserver/pkg/endpoints/handlers/responsewriters.
func lacksPermission(err error, namespace string) bool {
	var status *apierrors.StatusError
	return errors.As(err, &status) && apierrors.IsForbidden(status) && strings.Contains(status.Error(), " cannot ") &&
		strings.Contains(status.Error(), fmt.Sprintf("in the namespace %q", namespace))
}

// checkNamespaceForRemoval prepares a removal. It reports whether nothing is left to
// remove in the install namespace, and stops where the operator may not remove it.
func (r *Reconciler) checkNamespaceForRemoval(ctx context.Context, smc *v1.ServiceMeshController) (gone bool, blocker *status.Blocker) {
	found, blocker := r.findNamespace(smc)
	if blocker != nil || found.Missing() {
		return blocker == nil, blocker
	}
	if outside := r.outsideNamespaces(smc); outside != nil {
		if !r.installed(smc) {
			return true, nil
		}
		outside.Message = fmt.Sprintf("the mesh runs in namespace %s, which is not in installNamespaces of the operator's Helm chart: "+
			"add it there to remove the mesh; nothing has been removed", namespaceOf(smc))
		return false, outside
	}
	if found.Terminating {
		return false, nil
	}
	return false, r.regainPermissions(ctx, r.sessionFor(smc), namespaceOf(smc))
}

// installed reports whether parts of the mesh may be in the cluster, besides CRDs and the
// namespace, which outlive it.
func (r *Reconciler) installed(smc *v1.ServiceMeshController) bool {
	return smc.Status.Version != "" || len(smc.Status.Components) > 0 || len(apply.Removable(r.observer.Owned(smc.Name))) > 0
}

// checkNamespaceAllowed blocks a resource whose install namespace is not one of installNamespaces.
func (r *Reconciler) checkNamespaceAllowed(_ context.Context, a *attempt) *status.Blocker {
	return r.outsideNamespaces(a.smc)
}

// outsideNamespaces returns a blocker if the install namespace is not one of installNamespaces.
func (r *Reconciler) outsideNamespaces(smc *v1.ServiceMeshController) *status.Blocker {
	namespace := namespaceOf(smc)
	if len(r.installNamespaces) == 0 || slices.Contains(r.installNamespaces, namespace) {
		return nil
	}
	return &status.Blocker{
		Reason: v1.ReasonNamespaceNotAllowed, Phase: v1.PhaseFailed,
		Message: fmt.Sprintf("this operator installs into %s, not into %s: add it to installNamespaces of the operator's Helm chart",
			wording.List(r.installNamespaces), namespace),
	}
}

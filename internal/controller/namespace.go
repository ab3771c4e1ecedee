// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	rbacapply "k8s.io/client-go/applyconfigurations/rbac/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

const (
	// rightsTimeout is how long rights may take to have effect once they are bound: the
	// watches that were denied are tried again within a minute.
	rightsTimeout = 2 * time.Minute
	// rightsGrace is how long the operator may be denied everything before it binds its
	// rights again: an API server that has just started does so until it knows its roles.
	rightsGrace = 5 * time.Second
	// rightsCheck is the pause between two looks at whether they have. It costs no request.
	rightsCheck = time.Second
	// serviceAccount is the name of the operator's ServiceAccount, in its own namespace.
	serviceAccount = "gloo-operator"
)

// namespaceState is what is remembered of a mesh's install namespace.
type namespaceState struct {
	// uid is that of the namespace. Empty: not known.
	uid types.UID
	// lost is since when the operator has lacked rights in it. Zero: it has them.
	lost time.Time
	// bound is when it bound them last, refused tells that it may not.
	bound   time.Time
	refused bool
}

// findNamespace looks for the install namespace.
func (r *Reconciler) findNamespace(smc *v1.ServiceMeshController) (preflight.Namespace, *stop) {
	found, err := r.gatherer.Namespace(namespaceOf(smc))
	switch {
	case errors.Is(err, preflight.ErrGathering):
		return found, &stop{reason: v1.ReasonClusterNotRead, silent: true}
	case err != nil:
		return found, &stop{reason: v1.ReasonClusterNotRead, message: err.Error(), cause: err}
	}
	return found, nil
}

// enterNamespace stops while there is no install namespace to work in, and makes what is
// missing: the namespace, or the operator's rights in it.
func (r *Reconciler) enterNamespace(ctx context.Context, smc *v1.ServiceMeshController, p *pass) *stop {
	m, name := r.remembered(smc), namespaceOf(smc)
	found, held := r.findNamespace(smc)
	switch {
	case held != nil:
		return held
	case found.Terminating:
		return &stop{
			reason:  v1.ReasonNamespaceTerminating,
			message: fmt.Sprintf("namespace %s is being deleted: the mesh is installed again when it is gone; kubectl describe namespace %[1]s shows what it waits for", name),
		}
	case !found.Missing():
		m.moveTo(found.UID)
		return r.regainRights(ctx, m, name)
	case len(r.installNamespaces) == 0:
		return nil // The plan holds it, and no rights are in it.
	default:
		return r.restoreNamespace(ctx, smc, m, p)
	}
}

// moveTo takes note of the namespace. In another one of that name nothing is recorded yet.
func (m *memory) moveTo(uid types.UID) {
	if m.namespace.uid != "" && m.namespace.uid != uid {
		m.swept = false
		clear(m.recorded)
	}
	m.namespace.uid = uid
}

// restoreNamespace makes a missing namespace and binds the operator's rights in it. The
// next pass goes on from there.
func (r *Reconciler) restoreNamespace(ctx context.Context, smc *v1.ServiceMeshController, m *memory, p *pass) *stop {
	name := namespaceOf(smc)
	object, err := plan.InstallNamespace(smc.Name, smc.Spec)
	if err == nil {
		var changes []apply.Change
		changes, err = r.applier.Apply(ctx, []apply.Object{apply.Object(object)})
		p.changes = append(p.changes, changes...)
	}
	if apierrors.IsForbidden(err) {
		return &stop{
			reason: v1.ReasonNamespaceMissing, phase: v1.PhaseFailed, cause: err,
			message: fmt.Sprintf("namespace %s is missing and the operator may not create it: run helm upgrade for the operator's Helm chart", name),
		}
	}
	if err != nil {
		return &stop{reason: v1.ReasonNamespaceMissing, message: "creating the install namespace: " + err.Error(), cause: err}
	}
	m.namespace = namespaceState{uid: m.namespace.uid, lost: time.Now().Add(-rightsGrace)} // They went with the namespace.
	if held := r.regainRights(ctx, m, name); held != nil {
		return held
	}
	return &stop{
		reason: v1.ReasonNamespaceMissing, retry: rightsCheck,
		message: fmt.Sprintf("namespace %s was missing and has been created: the mesh is installed again", name),
	}
}

// regainRights binds the operator's rights in a namespace where it lacks them, and stops
// while it cannot see what is in it.
func (r *Reconciler) regainRights(ctx context.Context, m *memory, namespace string) *stop {
	state, now := &m.namespace, time.Now()
	reads := r.observer.Reads(namespace)
	if len(r.installNamespaces) == 0 || reads && state.lost.IsZero() {
		return nil
	}
	state.noteDenial(now)
	if state.mayBind(now) {
		err := r.bindRights(ctx, namespace)
		state.refused = apierrors.IsForbidden(err)
		if err != nil && !state.refused {
			return &stop{reason: v1.ReasonNamespaceForbidden, message: err.Error(), cause: err}
		}
		state.bound = now
	}
	if reads {
		return nil
	}
	held := &stop{reason: v1.ReasonNamespaceForbidden, retry: rightsCheck, message: lacking(namespace)}
	if !state.mayPass(now) {
		held.phase, held.message = v1.PhaseFailed, fmt.Sprintf("the operator lacks its rights in namespace %s: run helm upgrade for the operator's Helm chart", namespace)
	}
	return held
}

func lacking(namespace string) string {
	return fmt.Sprintf("the operator lacks its rights in namespace %s and binds them again: it waits for them to take effect", namespace)
}

// mayBind reports whether it is time to bind the rights again.
func (s *namespaceState) mayBind(now time.Time) bool {
	return !s.refused && now.Sub(s.lost) >= rightsGrace && now.Sub(s.bound) >= lastRetry
}

// mayPass tells that rights that the operator lacks are about to come by themselves.
func (s *namespaceState) mayPass(now time.Time) bool {
	return !s.refused && now.Sub(s.lost) < rightsTimeout
}

// bindRights writes the RoleBinding that the operator's chart has in each install
// namespace, marked so that Helm takes it for its own.
func (r *Reconciler) bindRights(ctx context.Context, namespace string) error {
	binding := rbacapply.RoleBinding(v1.NamespaceRole, namespace).
		WithLabels(map[string]string{"app.kubernetes.io/name": "gloo-operator"}).
		WithRoleRef(rbacapply.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("ClusterRole").WithName(v1.NamespaceRole)).
		WithSubjects(rbacapply.Subject().WithKind(rbacv1.ServiceAccountKind).WithName(serviceAccount).WithNamespace(r.namespace))
	if r.helmRelease != "" {
		binding.WithLabels(map[string]string{"app.kubernetes.io/managed-by": "Helm"}).
			WithAnnotations(map[string]string{v1.HelmReleaseAnnotation: r.helmRelease, v1.HelmNamespaceAnnotation: r.namespace})
	}
	_, err := r.secrets.RbacV1().RoleBindings(namespace).Apply(ctx, binding, metav1.ApplyOptions{FieldManager: v1.FieldManager, Force: true})
	if err != nil {
		return fmt.Errorf("binding the operator's rights in namespace %s: %w", namespace, err)
	}
	return nil
}

// judgeDenials tells rights in the install namespace that the operator regains by itself
// from those that a person has to give it.
func (r *Reconciler) judgeDenials(smc *v1.ServiceMeshController, p *pass) {
	state, name := &r.remembered(smc).namespace, namespaceOf(smc)
	denied := false
	for _, failure := range p.failures() {
		if failure.reason == v1.ReasonNamespaceMissing || !lacksRights(failure.cause, name) {
			continue // To create the namespace is no right in it, though RBAC says so.
		}
		denied = true
		state.noteDenial(time.Now())
		if len(r.installNamespaces) > 0 && state.mayPass(time.Now()) {
			failure.reason, failure.phase, failure.message = v1.ReasonNamespaceForbidden, "", lacking(name)
		}
	}
	if !denied && len(p.components) > 0 && p.stop == nil {
		state.lost, state.bound, state.refused = time.Time{}, time.Time{}, false
	}
}

func (s *namespaceState) noteDenial(now time.Time) {
	if s.lost.IsZero() {
		s.lost = now
	}
}

// lacksRights tells an error for which RBAC denied something in that namespace: the
// message is of k8s.io/apiserver/pkg/endpoints/handlers/responsewriters.
func lacksRights(err error, namespace string) bool {
	var status *apierrors.StatusError
	return errors.As(err, &status) && apierrors.IsForbidden(status) && strings.Contains(status.Error(), " cannot ") &&
		strings.Contains(status.Error(), fmt.Sprintf("in the namespace %q", namespace))
}

// reachNamespace prepares a removal. It tells whether nothing is left to remove in the
// install namespace, and stops where the operator may not remove it.
func (r *Reconciler) reachNamespace(ctx context.Context, smc *v1.ServiceMeshController) (gone bool, held *stop) {
	found, held := r.findNamespace(smc)
	if held != nil || found.Missing() {
		return held == nil, held
	}
	if outside := r.outside(smc); outside != nil {
		if !r.installed(smc) {
			return true, nil
		}
		outside.message = fmt.Sprintf("the mesh runs in namespace %s, which is not in installNamespaces of the operator's Helm chart: "+
			"add it there to remove the mesh; nothing has been removed", namespaceOf(smc))
		return false, outside
	}
	if found.Terminating {
		return false, nil
	}
	return false, r.regainRights(ctx, r.remembered(smc), namespaceOf(smc))
}

// installed tells that something of the mesh may be in the cluster: CRDs and the namespace
// outlive it.
func (r *Reconciler) installed(smc *v1.ServiceMeshController) bool {
	return smc.Status.Version != "" || len(smc.Status.Components) > 0 || len(apply.Removable(r.observer.Owned(smc.Name))) > 0
}

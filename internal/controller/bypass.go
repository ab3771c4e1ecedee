// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// namespacesListed is how many namespaces have their pods listed one by one. The pods of more
// namespaces are found among all pods.
const namespacesListed = 20

// bypassOff is the message where the operator does not check pods.
const bypassOff = "pods are not checked: set rbac.detectBypass=true in the operator's Helm chart"

// bypassWithoutCNI is the message while there is no istio-cni.
const bypassWithoutCNI = "istio-cni is missing: its DaemonSet does not exist, so pods that start now bypass the mesh; the operator creates it again unless it is paused or held"

// checkBypass looks for pods whose traffic may bypass the mesh, if that is due. It blocks nothing,
// and what keeps it from looking is reported.
func (r *Reconciler) checkBypass(ctx context.Context, a *attempt) {
	if a.Plan == nil {
		a.Bypass = a.smc.Status.Bypass
		return
	}
	running := runningDataPlane(apply.Removable(r.observer.Owned(a.smc.Name)))
	if running.cni == nil && running.ztunnel == nil {
		return // There is no mesh to bypass yet.
	}
	settings, err := a.session.bypass.settingsOf(a.Plan)
	switch {
	case err != nil || enrollment.SelectionOf(settings).Empty():
		return // There is none with ambient.
	case !r.detectBypass:
		a.Bypass = &v1.BypassStatus{Message: bypassOff}
	case running.cni == nil:
		a.Bypass = withoutCNI(a.smc.Status.Bypass)
	default:
		a.Bypass = r.bypassStatus(ctx, a, running, settings)
	}
}

// withoutCNI is what is known of pods while istio-cni is missing: what was found before, and that.
func withoutCNI(previous *v1.BypassStatus) *v1.BypassStatus {
	known := &v1.BypassStatus{}
	if previous != nil {
		known = previous.DeepCopy()
	}
	known.Message = bypassWithoutCNI
	return known
}

// bypassStatus returns what is known of pods that may bypass the mesh, after a check if one is due.
func (r *Reconciler) bypassStatus(ctx context.Context, a *attempt, running dataPlane, settings map[string]string) *v1.BypassStatus {
	namespaces, err := r.gatherer.EnrolledNamespaces()
	if errors.Is(err, preflight.ErrGathering) { // Another error is that of the check as well.
		return a.smc.Status.Bypass
	}
	check, now := &a.session.bypass, r.clock.Now()
	if check.due(bypassState(a.facts.Nodes, namespaces, running.cni), now) {
		if suspects, err := r.findSuspects(ctx, running, settings, check); err != nil {
			check.failed(a.smc.Status.Bypass, withPermissionAdvice(err), now)
		} else {
			check.succeeded(suspects, now)
		}
	}
	a.RequeueAfter = soonest(a.RequeueAfter, max(time.Second, check.next.Sub(now)))
	return check.result
}

// findSuspects lists the pods that are to be in the mesh, and returns those that may bypass it.
func (r *Reconciler) findSuspects(ctx context.Context, running dataPlane, settings map[string]string, check *bypassCheck) ([]v1.SuspectPod, error) {
	owned := apply.Owned{Object: running.cni}
	owned.Namespace = running.cni.Namespace
	agents, err := r.podsOf(ctx, owned)
	if err != nil {
		return nil, fmt.Errorf("listing the pods of istio-cni: %w", err)
	}
	namespaces, err := r.namespaceLabels(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing namespaces: %w", err)
	}
	selection := enrollment.SelectionOf(settings)
	var candidates []enrollment.Candidate
	for _, scope := range selection.Scopes(namespaces, namespacesListed) {
		err := r.eachRunningPod(ctx, scope, func(pod *corev1.Pod) { candidates = append(candidates, enrollment.CandidateOf(pod)) })
		if err != nil {
			return nil, fmt.Errorf("listing pods: %w", err)
		}
	}
	suspects, history := check.history.Check(selection, candidates, namespaces, enrollment.AgentsOf(agents, settings), r.clock.Now())
	check.history = history
	return suspects, nil
}

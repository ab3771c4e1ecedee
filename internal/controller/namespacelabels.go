// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// removeLabels takes namespaces out of the mesh before ztunnel is removed. It removes each label only
// once, so that a user can set it again.
func (r *Reconciler) removeLabels(ctx context.Context, smc *v1.ServiceMeshController, h *hold) error {
	pending := slices.DeleteFunc(slices.Clone(h.findings.Namespaces), func(name string) bool { return slices.Contains(h.unlabeled, name) })
	if !h.change.Removed || len(pending) == 0 {
		return nil
	}
	all, err := r.namespaces(ctx)
	if err != nil {
		return err
	}
	var done []string
	for i := range all {
		namespace := &all[i]
		if !slices.Contains(pending, namespace.Name) || namespace.Labels[v1.DataplaneModeLabel] != v1.DataplaneModeAmbient {
			continue
		}
		if patchErr := r.patchNamespace(ctx, namespace, nil, smc.Name); patchErr != nil {
			err = errors.Join(err, fmt.Errorf("taking namespace %s out of the mesh: %w", namespace.Name, patchErr))
			continue
		}
		h.unlabeled, done = append(h.unlabeled, namespace.Name), append(done, namespace.Name)
	}
	if s := r.sessionFor(smc); len(done) > 0 {
		s.restoredPlan = "" // The same plan may come back.
		s.pendingEvents = append(s.pendingEvents, status.PendingEvent{
			Reason: v1.ReasonWorkloadsTakenOut, Action: status.ActionTakeOut,
			Message: fmt.Sprintf("removed the label %s from namespaces %s, because ztunnel is about to be removed; a mesh of the same name restores it with the annotation %s=true",
				v1.DataplaneModeLabel, wording.List(done), v1.RestoreAnnotation),
		})
	}
	return err
}

// relabelNamespaces restores the labels of the namespaces that the operator has taken out
// of one of the same name, once the mesh is complete. It looks once for each plan.
func (r *Reconciler) relabelNamespaces(ctx context.Context, a *attempt) *status.Blocker {
	if a.smc.Annotations[v1.RestoreAnnotation] != "true" || !slices.ContainsFunc(a.Plan.Components, isZtunnel) {
		return nil
	}
	if !r.labelNamespaces {
		a.Warnings = append(a.Warnings, plan.Notice{Reason: v1.ReasonWorkloadsTakenOut, Message: fmt.Sprintf(
			"the annotation %s has no effect: the value rbac.labelNamespaces of the operator's Helm chart is off", v1.RestoreAnnotation)})
		return nil
	}
	if !a.Complete() || a.session.restoredPlan == a.Plan.Digest() {
		return nil
	}
	restored, err := r.restoreLabels(ctx, a.smc)
	if len(restored) > 0 {
		a.Events = append(a.Events, status.PendingEvent{Reason: v1.ReasonWorkloadsRestored, Action: status.ActionRestore,
			Message: fmt.Sprintf("restored the label %s=%s on namespaces %s", v1.DataplaneModeLabel, v1.DataplaneModeAmbient, wording.List(restored))})
	}
	if err != nil { // The mesh is complete nevertheless.
		a.Warnings = append(a.Warnings, plan.Notice{Reason: v1.ReasonWorkloadsTakenOut, Message: "restoring the labels of namespaces: " + withPermissionAdvice(err)})
		a.RequeueAfter = soonest(a.RequeueAfter, lastRetry)
		return nil
	}
	a.session.restoredPlan = a.Plan.Digest()
	return nil
}

func isZtunnel(c plan.Component) bool { return c.Name == v1.ComponentZtunnel }

// restoreLabels labels the namespaces that were taken out of the mesh, and returns the names of those
// that it has labeled. One that a user has labeled since keeps that label.
func (r *Reconciler) restoreLabels(ctx context.Context, smc *v1.ServiceMeshController) ([]string, error) {
	all, err := r.namespaces(ctx)
	var restored []string
	for i := range all {
		namespace := &all[i]
		if namespace.Annotations[v1.TakenOutAnnotation] != smc.Name || namespace.DeletionTimestamp != nil {
			continue
		}
		mode, labeled := namespace.Labels[v1.DataplaneModeLabel]
		if !labeled {
			mode = v1.DataplaneModeAmbient
		}
		if patchErr := r.patchNamespace(ctx, namespace, &mode, ""); patchErr != nil {
			err = errors.Join(err, fmt.Errorf("namespace %s: %w", namespace.Name, patchErr))
		} else if !labeled {
			restored = append(restored, namespace.Name)
		}
	}
	return restored, err
}

// patchNamespace sets the data plane mode of a namespace, and the annotation by which the
// operator finds it again. Nil and empty: they are removed. It fails if the namespace has
// changed since it was read.
func (r *Reconciler) patchNamespace(ctx context.Context, namespace *metav1.PartialObjectMetadata, mode *string, takenOutBy string) error {
	var annotation *string
	if takenOutBy != "" {
		annotation = &takenOutBy
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": namespace.ResourceVersion,
		"labels":          map[string]*string{v1.DataplaneModeLabel: mode},
		"annotations":     map[string]*string{v1.TakenOutAnnotation: annotation},
	}})
	if err != nil {
		return err
	}
	_, err = r.clientset.CoreV1().Namespaces().Patch(ctx, namespace.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: v1.FieldManager})
	return err
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// podsLooked is how many pods of a workload, and how many events of one, are read.
const podsLooked, eventsLooked = 1000, 20

// lookAtPods finds out why the workloads of a component do not get ready. Nil: nothing
// tells. Events count from that time on.
func (r *Reconciler) lookAtPods(ctx context.Context, component plan.Component, since time.Time) (*health.Trouble, error) {
	for _, object := range objectsOf(component) {
		selector := selectorOf(r.observer.Observe(object.Key()).Object)
		if !workload(object) || selector == nil {
			continue
		}
		pods, err := r.secrets.CoreV1().Pods(object.Namespace).List(ctx, metav1.ListOptions{
			LabelSelector: metav1.FormatLabelSelector(selector), Limit: podsLooked, ResourceVersion: "0",
		})
		if err != nil {
			return nil, err
		}
		if trouble := health.Pods(pods.Items); trouble != nil {
			return trouble, nil
		}
		if trouble, err := r.lookAtEvents(ctx, object, since); trouble != nil || err != nil {
			return trouble, err
		}
	}
	return nil, nil
}

// lookAtEvents finds out why no pods are made: for a DaemonSet, nothing but events tells.
func (r *Reconciler) lookAtEvents(ctx context.Context, object apply.Object, since time.Time) (*health.Trouble, error) {
	events, err := r.secrets.CoreV1().Events(object.Namespace).List(ctx, metav1.ListOptions{
		Limit: eventsLooked,
		FieldSelector: fields.Set{
			"involvedObject.kind": object.GVK.Kind, "involvedObject.name": object.Name, "reason": "FailedCreate", "type": corev1.EventTypeWarning,
		}.String(),
	})
	if err != nil {
		return nil, err
	}
	return health.Events(events.Items, since), nil
}

func selectorOf(object metav1.Object) *metav1.LabelSelector {
	switch workload := object.(type) {
	case *appsv1.Deployment:
		return workload.Spec.Selector
	case *appsv1.DaemonSet:
		return workload.Spec.Selector
	}
	return nil
}

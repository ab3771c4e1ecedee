// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// podsLooked is how many pods of a workload are read, eventsLooked how many events.
const podsLooked, eventsLooked = 5000, 20

// podsSeen is what a look at a component's pods has found.
type podsSeen struct {
	// trouble is why pods do not get ready. Nil: nothing tells.
	trouble *health.Trouble
	// behind are the nodes without a good pod.
	behind []string
}

// blame names nodes that are not ready and have no good pod, where nothing else tells
// why pods do not get ready: they hold up the DaemonSet controller as well.
func (s *podsSeen) blame(notReady []string) {
	guilty := slices.DeleteFunc(slices.Clone(s.behind), func(node string) bool { return !slices.Contains(notReady, node) })
	if s.trouble == nil && len(guilty) > 0 {
		s.trouble = health.NotReadyNodes(guilty)
	}
}

// lookAtPods finds out why the workloads of a component do not get ready. Events count
// from that time on.
func (r *Reconciler) lookAtPods(ctx context.Context, component plan.Component, since time.Time) (podsSeen, error) {
	var seen podsSeen
	for _, object := range objectsOf(component) {
		present := r.observer.Observe(object.Key()).Object
		selector := selectorOf(present)
		if !workload(object) || selector == nil {
			continue
		}
		pods, err := r.secrets.CoreV1().Pods(object.Namespace).List(ctx, metav1.ListOptions{
			LabelSelector: metav1.FormatLabelSelector(selector), Limit: podsLooked, ResourceVersion: "0",
		})
		if err != nil {
			return seen, err
		}
		if daemonSet, ok := present.(*appsv1.DaemonSet); ok {
			seen.behind = append(seen.behind, health.Behind(daemonSet, pods.Items)...)
		}
		if seen.trouble = health.Pods(pods.Items); seen.trouble != nil {
			return seen, nil
		}
		if seen.trouble, err = r.lookAtEvents(ctx, object, since); seen.trouble != nil || err != nil {
			return seen, err
		}
	}
	return seen, nil
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

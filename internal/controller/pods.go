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

	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// podListLimit is how many pods of a workload are read, eventListLimit how many events.
const podListLimit, eventListLimit = 5000, 20

// podDiagnosis is what listing a component's pods has shown.
type podDiagnosis struct {
	// problem is why pods are not ready. Nil: nothing explains it.
	problem *health.Problem
	// nodesWithoutPod are the nodes without a good pod.
	nodesWithoutPod []string
}

// preferNotReadyNodes names nodes that are not ready as the problem: where every node
// without a good pod is not ready, unless the problem is known to be permanent; otherwise
// only where no problem is known.
func (s *podDiagnosis) preferNotReadyNodes(notReady []string) {
	away := len(s.nodesWithoutPod) > 0 && !slices.ContainsFunc(s.nodesWithoutPod, func(node string) bool { return !slices.Contains(notReady, node) })
	switch {
	case !away:
		s.reportNotReady(notReady)
		s.nodesWithoutPod = nil
	case s.problem == nil || !s.problem.Permanent:
		s.problem = health.NotReadyNodes(s.nodesWithoutPod)
	}
}

// reportNotReady names nodes that are not ready and have no good pod, unless something else explains
// why pods are not ready: such nodes stop the DaemonSet controller as well.
func (s *podDiagnosis) reportNotReady(notReady []string) {
	guilty := slices.DeleteFunc(slices.Clone(s.nodesWithoutPod), func(node string) bool { return !slices.Contains(notReady, node) })
	if s.problem == nil && len(guilty) > 0 {
		s.problem = health.NotReadyNodes(guilty)
	}
}

// inspectPods finds out why the pods of a component are not ready. Events count from that
// time on.
func (r *Reconciler) inspectPods(ctx context.Context, component plan.Component, since time.Time) (podDiagnosis, error) {
	var seen podDiagnosis
	for _, workload := range workloadsOf(component) {
		present := r.observer.Observe(workload.Key()).Object
		selector := selectorOf(present)
		if selector == nil {
			continue
		}
		pods, err := r.clientset.CoreV1().Pods(workload.Namespace).List(ctx, metav1.ListOptions{
			LabelSelector: metav1.FormatLabelSelector(selector), Limit: podListLimit, ResourceVersion: "0",
		})
		if err != nil {
			return seen, err
		}
		if daemonSet, ok := present.(*appsv1.DaemonSet); ok {
			seen.nodesWithoutPod = append(seen.nodesWithoutPod, health.OutdatedNodes(daemonSet, pods.Items)...)
		}
		if seen.problem = health.Pods(pods.Items); seen.problem != nil {
			return seen, nil
		}
		if seen.problem, err = r.inspectEvents(ctx, workload, since); seen.problem != nil || err != nil {
			return seen, err
		}
	}
	return seen, nil
}

// inspectEvents finds out why no pods are created. Only events show that for a DaemonSet.
func (r *Reconciler) inspectEvents(ctx context.Context, o object.Object, since time.Time) (*health.Problem, error) {
	events, err := r.clientset.CoreV1().Events(o.Namespace).List(ctx, metav1.ListOptions{
		Limit: eventListLimit,
		FieldSelector: fields.Set{
			"involvedObject.kind": o.GVK.Kind, "involvedObject.name": o.Name, "reason": "FailedCreate", "type": corev1.EventTypeWarning,
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

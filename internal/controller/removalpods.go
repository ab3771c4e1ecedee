// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// waitForPods says which pods a workload that is being deleted still has. It waits no
// longer once all of them are on nodes that are not ready: nothing ends those pods before
// their node is back or is removed, and the garbage collector deletes them then.
func (r *Reconciler) waitForPods(
	ctx context.Context, smc *v1.ServiceMeshController, workload apply.Owned, progress removalProgress,
) (removalProgress, error) {
	since := workload.Object.GetDeletionTimestamp()
	if since == nil {
		return progress, nil // The cache does not show it yet: that starts the next attempt.
	}
	w, now := &r.sessionFor(smc).podWait, r.clock.Now()
	if w.due(workload.Object.GetUID(), since.Time, now) {
		pods, err := r.podsOf(ctx, workload)
		if err != nil {
			return progress, fmt.Errorf("listing the pods of %s: %w", workload.Key, err)
		}
		w.looked(podsLeft(pods), now)
		facts, _ := r.readFacts(smc) // If they cannot be read, the next list of the pods tries again.
		if nodes := unreachableNodes(pods, notReady(facts)); len(nodes) > 0 && len(pods) < podListLimit {
			progress.message, err = r.abandonPods(ctx, smc, workload, nodes)
			return progress, err
		}
	}
	progress.message += w.left
	progress.again = max(time.Second, w.next.Sub(r.clock.Now()))
	return progress, nil
}

// podsOf lists the pods of a workload, podListLimit at most.
func (r *Reconciler) podsOf(ctx context.Context, workload apply.Owned) ([]corev1.Pod, error) {
	selector := selectorOf(workload.Object)
	if selector == nil {
		return nil, nil
	}
	list, err := r.clientset.CoreV1().Pods(workload.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(selector), Limit: podListLimit,
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// unreachableNodes returns the nodes of the pods, sorted, if there are pods and none of
// these nodes is ready. Empty otherwise.
func unreachableNodes(pods []corev1.Pod, notReady []string) []string {
	var nodes []string
	for i := range pods {
		node := pods[i].Spec.NodeName
		if !slices.Contains(notReady, node) {
			return nil
		}
		nodes = append(nodes, node)
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// podsLeft ends the message of a wait.
func podsLeft(pods []corev1.Pod) string {
	if len(pods) == 0 {
		return ""
	}
	names := make([]string, 0, maxNamesInMessage)
	for _, pod := range pods[:min(maxNamesInMessage, len(pods))] {
		names = append(names, fmt.Sprintf("%s on node %s", pod.Name, pod.Spec.NodeName))
	}
	text := fmt.Sprintf(": %d of its pods are left: %s", len(pods), strings.Join(names, ", "))
	if more := len(pods) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// abandonPods continues a removal without the pods that a workload has on those nodes, and
// returns a message that says so.
func (r *Reconciler) abandonPods(ctx context.Context, smc *v1.ServiceMeshController, workload apply.Owned, nodes []string) (string, error) {
	message := fmt.Sprintf("removing %s without waiting for its pods: %s not ready. Kubernetes deletes them when the nodes are back or removed",
		workload.Key, health.Nodes(nodes))
	if err := r.applier.Release(ctx, workload); err != nil {
		return message, err
	}
	log.FromContext(ctx).Info("removal continues", "reason", v1.ReasonNodesNotReady, "message", message)
	emit(r.recorder, smc, status.NewEvent(corev1.EventTypeWarning, v1.ReasonNodesNotReady, status.ActionRemove+workload.Name, message))
	return message, nil
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

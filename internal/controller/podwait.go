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
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/health"
)

// podWait is what is remembered of the pods of a workload that is being removed.
type podWait struct {
	// workload that is waited for.
	workload types.UID
	// looks counts the looks at its pods; next is when the next one is due.
	looks int
	next  time.Time
	// left says which pods the last look has found. Empty: none was taken.
	left string
}

// due tells that it is time for a look at the pods of a workload that is being deleted
// since then.
func (w *podWait) due(workload types.UID, since, now time.Time) bool {
	if w.workload != workload {
		*w = podWait{workload: workload, next: since.Add(firstLook)}
	}
	return !now.Before(w.next)
}

// looked takes note of a look: each pause is twice as long as the one before.
func (w *podWait) looked(left string, now time.Time) {
	w.left = left
	w.looks++
	w.next = now.Add(min(blindLook, firstLook<<min(w.looks, 8)))
}

// waitForPods says which pods a workload that is being deleted still has. It waits no
// longer once all of them are on nodes that are not ready: nothing ends those pods before
// their node is back or is removed, and the garbage collector deletes them then.
func (r *Reconciler) waitForPods(ctx context.Context, smc *v1.ServiceMeshController, workload apply.Owned, progress *removalProgress) error {
	since := workload.Object.GetDeletionTimestamp()
	if since == nil {
		return nil // The cache does not show it yet: that starts the next pass.
	}
	w, now := &r.remembered(smc).wait, time.Now()
	if w.due(workload.Object.GetUID(), since.Time, now) {
		pods, err := r.podsOf(ctx, workload)
		if err != nil {
			return fmt.Errorf("looking at the pods of %s: %w", workload.Key, err)
		}
		w.looked(podsLeft(pods), now)
		facts, _ := r.look(smc) // What cannot be read yet starts the next pass.
		if nodes := lost(pods, notReady(facts)); len(nodes) > 0 && len(pods) < podsLooked {
			return r.release(ctx, smc, workload, nodes, progress)
		}
	}
	progress.message += w.left
	progress.again = max(time.Second, time.Until(w.next))
	return nil
}

// podsOf lists the pods of a workload, podsLooked at most.
func (r *Reconciler) podsOf(ctx context.Context, workload apply.Owned) ([]corev1.Pod, error) {
	selector := selectorOf(workload.Object)
	if selector == nil {
		return nil, nil
	}
	list, err := r.secrets.CoreV1().Pods(workload.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(selector), Limit: podsLooked,
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// lost lists the nodes of the pods, sorted, if there are pods and none of these nodes is
// ready. Empty otherwise.
func lost(pods []corev1.Pod, notReady []string) []string {
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
	names := make([]string, 0, namesShown)
	for _, pod := range pods[:min(namesShown, len(pods))] {
		names = append(names, fmt.Sprintf("%s on node %s", pod.Name, pod.Spec.NodeName))
	}
	text := fmt.Sprintf(": %d of its pods are left: %s", len(pods), strings.Join(names, ", "))
	if more := len(pods) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// release goes on without the pods of a workload on those nodes.
func (r *Reconciler) release(
	ctx context.Context, smc *v1.ServiceMeshController, workload apply.Owned, nodes []string, progress *removalProgress,
) error {
	if err := r.applier.Release(ctx, workload); err != nil {
		return err
	}
	progress.message = fmt.Sprintf("removing %s without waiting for its pods: %s not ready. Kubernetes deletes them when the nodes are back or removed",
		workload.Key, health.Nodes(nodes))
	log.FromContext(ctx).Info("removal goes on", "reason", v1.ReasonNodesNotReady, "message", progress.message)
	tell(corev1.EventTypeWarning, v1.ReasonNodesNotReady, actionRemove+workload.Name, progress.message).send(r.recorder, smc)
	return nil
}

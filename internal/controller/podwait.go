// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

// podWait is what a session knows of the pods of a workload that is being removed.
type podWait struct {
	// workload that is waited for.
	workload types.UID
	// pauses are those between looks at its pods; next is when the next one is due.
	pauses wait.Backoff
	next   time.Time
	// left says which pods the last look has found. Empty: none was taken.
	left string
}

// due reports whether it is time for a look at the pods of a workload that is being deleted
// since then.
func (w *podWait) due(workload types.UID, since, now time.Time) bool {
	if w.workload != workload {
		*w = podWait{
			workload: workload, next: since.Add(rollout.FirstPodList),
			pauses: doubling(2*rollout.FirstPodList, rollout.UnexplainedPodListPause),
		}
	}
	return !now.Before(w.next)
}

// looked takes note of a look: each pause is twice as long as the one before.
func (w *podWait) looked(left string, now time.Time) {
	w.left = left
	w.next = now.Add(w.pauses.Step())
}

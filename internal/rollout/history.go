// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// AddHistory returns the history with an ended rollout as its first entry. It keeps
// v1.HistoryLength entries.
func AddHistory(history []v1.HistoryEntry, ended *v1.RolloutStatus, result v1.HistoryResult, now time.Time) []v1.HistoryEntry {
	entry := v1.HistoryEntry{
		Time: Timestamp(now), From: ended.From, To: ended.To, Result: result,
		Duration: metav1.Duration{Duration: max(0, now.Sub(ended.StartTime.Time).Round(time.Second))},
	}
	history = slices.Insert(slices.Clone(history), 0, entry)
	return history[:min(len(history), v1.HistoryLength)]
}

// CompletedResult returns the result of a completed rollout to the target.
func CompletedResult(target Target) v1.HistoryResult {
	if target.Rollback {
		return v1.ResultRolledBack
	}
	return v1.ResultSucceeded
}

// ReplacedResult returns the result of a rollout that is replaced by one to the target.
func ReplacedResult(target Target) v1.HistoryResult {
	if target.Rollback {
		return v1.ResultFailed
	}
	return v1.ResultSuperseded
}

// Timestamp returns a time as the API keeps it, in whole seconds.
func Timestamp(t time.Time) metav1.Time { return metav1.NewTime(t).Rfc3339Copy() }

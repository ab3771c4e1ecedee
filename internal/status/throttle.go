// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Throttle returns how long to wait before a status may be written that differs only in
// counts and messages. Zero: write it now.
func Throttle(before, after v1.ServiceMeshControllerStatus, written, now time.Time) time.Duration {
	if Unchanged(before, after) || !Unchanged(withoutCounts(before), withoutCounts(after)) {
		return 0
	}
	return max(0, statusInterval-now.Sub(written))
}

// withoutCounts is a status without what moves while pods come and go.
func withoutCounts(status v1.ServiceMeshControllerStatus) v1.ServiceMeshControllerStatus {
	kept := *status.DeepCopy()
	kept.Message, kept.Traffic = "", nil
	if kept.Rollout != nil {
		kept.Rollout.Progress, kept.Rollout.ProgressTime = "", nil
	}
	for i := range kept.Components {
		kept.Components[i] = v1.ComponentStatus{Name: kept.Components[i].Name, Version: kept.Components[i].Version}
	}
	for i := range kept.Conditions {
		kept.Conditions[i].Message = ""
	}
	return kept
}

// Unchanged reports whether two statuses are equal.
func Unchanged(a, b v1.ServiceMeshControllerStatus) bool {
	return apiequality.Semantic.DeepEqual(a, b)
}

// statusInterval is the least time between two status writes that only move counts
// and messages: a rollout over a thousand nodes must not write a thousand times.
const statusInterval = time.Second

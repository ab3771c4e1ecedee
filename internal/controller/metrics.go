// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// results are the metric labels of what an apply did.
var results = map[apply.Action]metrics.Result{
	apply.Unchanged: metrics.Unchanged, apply.Created: metrics.Created, apply.Changed: metrics.Changed, apply.Restored: metrics.Restored,
}

// updateApplyMetrics counts the requests that were sent for a component, if any were.
func (r *Reconciler) updateApplyMetrics(component string, began time.Time, changes []apply.Change, err error) {
	if len(changes) == 0 && err == nil {
		return
	}
	r.metrics.Applied(component, began)
	for _, change := range changes {
		r.metrics.Sent(component, change.GVK.Kind, results[change.Action])
		if change.Action == apply.Restored {
			r.metrics.Corrected(change.GVK.Kind, change.Lost.Managers)
		}
	}
	for _, key := range keysOf(err) {
		r.metrics.Sent(component, key.GVK.Kind, metrics.Failed)
	}
}

// keysOf lists the objects that joined errors are about.
func keysOf(err error) []object.Key {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var keys []object.Key
		for _, e := range joined.Unwrap() {
			keys = append(keys, keysOf(e)...)
		}
		return keys
	}
	one := &apply.ObjectError{}
	if errors.As(err, &one) {
		return []object.Key{one.Key}
	}
	return nil
}

// updateAttemptMetrics updates the metrics of a mesh after an attempt.
func (r *Reconciler) updateAttemptMetrics(a *attempt) {
	wrote := a.OtherWrites > 0
	for _, change := range a.Changes {
		wrote = wrote || change.Action != apply.Unchanged
	}
	if wrote {
		r.metrics.Changed(a.smc.Name, r.clock.Now())
	}
	r.metrics.OwnershipConflicts(a.smc.Name, len(a.Conflicts))
}

// updateFindingMetrics updates the metrics of the preflight checks.
func (r *Reconciler) updateFindingMetrics(smc *v1.ServiceMeshController, findings []preflight.Finding) {
	series := make([]metrics.Finding, len(findings))
	for i, finding := range findings {
		series[i] = metrics.Finding{Check: finding.Reason, Blocking: finding.Blocking}
	}
	r.metrics.Findings(smc.Name, series)
}

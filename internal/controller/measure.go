// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// results are the metrics' words for what an apply did.
var results = map[apply.Action]metrics.Result{
	apply.Unchanged: metrics.Unchanged, apply.Created: metrics.Created, apply.Changed: metrics.Changed, apply.Restored: metrics.Restored,
}

// measureApply tells the metrics what was sent of a component, if anything was.
func (r *Reconciler) measureApply(component string, began time.Time, changes []apply.Change, err error) {
	if len(changes) == 0 && err == nil {
		return
	}
	r.metrics.Applied(component, began)
	for _, change := range changes {
		r.metrics.Sent(component, change.GVK.Kind, results[change.Action])
		if change.Action == apply.Restored {
			r.metrics.Corrected(change.GVK.Kind, change.Theft.Managers)
		}
	}
	for _, key := range keysOf(err) {
		r.metrics.Sent(component, key.GVK.Kind, metrics.Failed)
	}
}

// keysOf lists the objects that joined errors are about.
func keysOf(err error) []apply.Key {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var keys []apply.Key
		for _, e := range joined.Unwrap() {
			keys = append(keys, keysOf(e)...)
		}
		return keys
	}
	one := &apply.ObjectError{}
	if errors.As(err, &one) {
		return []apply.Key{one.Key}
	}
	return nil
}

// measurePass tells the metrics what a pass did.
func (r *Reconciler) measurePass(smc *v1.ServiceMeshController, p *pass) {
	wrote := p.written > 0
	for _, change := range p.changes {
		wrote = wrote || change.Action != apply.Unchanged
	}
	if wrote {
		r.metrics.Changed(smc.Name, time.Now())
	}
	r.metrics.Fights(smc.Name, len(p.fights))
}

// measureFindings tells the metrics what a preflight found.
func (r *Reconciler) measureFindings(smc *v1.ServiceMeshController, findings []preflight.Finding) {
	told := make([]metrics.Finding, len(findings))
	for i, finding := range findings {
		told[i] = metrics.Finding{Check: finding.Reason, Blocking: finding.Blocking}
	}
	r.metrics.Findings(smc.Name, told)
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// paused reports whether a resource is annotated to be left as it is.
func paused(smc *v1.ServiceMeshController) bool {
	return smc.Annotations[v1.PausedAnnotation] == "true"
}

// examinePaused finds out how far a mesh is that may not be changed. What a process that
// has just started does not know, it asks by dry runs, once.
func (r *Reconciler) examinePaused(ctx context.Context, smc *v1.ServiceMeshController, p *pass) *stop {
	if err := r.applier.Confirm(ctx, allObjects(p.plan)); err != nil {
		held := refusal(v1.ReasonObjectRefused, err, p.plan)
		held.phase = "" // Nothing is changed, so that nothing has failed.
		return held
	}
	applied := completeBefore(smc, p.plan)
	for _, component := range p.plan.Components {
		if applied {
			component.Objects = watched(component.Objects)
		}
		state := r.examine(component, p.plan.Redact)
		r.examineIgnored(ctx, component, p.plan, &state)
		p.components = append(p.components, state)
	}
	return nil
}

// watched lists the objects that can be looked at. Of the others the status alone knows
// whether they have been applied.
func watched(objects []plan.Object) []plan.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o plan.Object) bool { return !apply.Object(o).Watched() })
}

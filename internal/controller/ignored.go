// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// warnAboutIgnored adds a warning for each workload of the plan that is annotated to be
// ignored.
func (r *Reconciler) warnAboutIgnored(a *attempt) {
	for _, component := range a.Plan.Components {
		for _, key := range r.applier.Ignored(workloadsOf(component)) {
			a.Warnings = append(a.Warnings, plan.Notice{Reason: v1.ReasonWorkloadIgnored, Message: fmt.Sprintf(
				"%s is ignored: it has the annotation %s=true", key, v1.IgnoreAnnotation)})
		}
	}
}

// checkIgnored fails a component while an ignored workload of it differs from the plan.
func (r *Reconciler) checkIgnored(ctx context.Context, component plan.Component, built *plan.Plan, state status.ComponentState) status.ComponentState {
	for _, object := range workloadsOf(component) {
		differs, err := r.applier.IgnoredDiffers(ctx, object)
		if err != nil {
			state.Fail(applyBlocker(v1.ReasonApplyFailed, err, built))
			return state
		}
		if differs {
			state.Progress.Updated = 0 // The pods run another template.
			state.Fail(&status.Blocker{Reason: v1.ReasonWorkloadIgnored, Message: ignoredMessage(object.Key(), state.Version)})
			return state
		}
	}
	return state
}

// ignoredMessage says that a workload differs, and how to continue.
func ignoredMessage(key object.Key, version string) string {
	return fmt.Sprintf("%s differs from what Istio %s needs and is ignored: to continue, run kubectl annotate -n %s %s/%s %s-",
		key, version, key.Namespace, key.GVK.Kind, key.Name, v1.IgnoreAnnotation)
}

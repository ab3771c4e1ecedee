// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// warnOfIgnored names the workloads of the plan that somebody wants left alone.
func (r *Reconciler) warnOfIgnored(p *pass) {
	for _, component := range p.plan.Components {
		for _, key := range r.applier.Ignored(workloadsOf(component)) {
			p.warnings = append(p.warnings, plan.Notice{Reason: v1.ReasonWorkloadIgnored, Message: fmt.Sprintf(
				"%s is left alone: it has the annotation %s=true", key, v1.IgnoreAnnotation)})
		}
	}
}

// examineIgnored keeps a component from being complete while a workload of it that
// somebody wants left alone is not what the plan asks for.
func (r *Reconciler) examineIgnored(ctx context.Context, component plan.Component, built *plan.Plan, state *componentState) {
	for _, object := range workloadsOf(component) {
		differs, err := r.applier.IgnoredDiffers(ctx, object)
		if err != nil {
			state.fail(refusal(v1.ReasonApplyFailed, err, built))
			return
		}
		if differs {
			state.progress.Updated = 0 // Whatever the pods are of.
			state.fail(&stop{reason: v1.ReasonWorkloadIgnored, message: ignoredMessage(object.Key(), state.version)})
			return
		}
	}
}

func ignoredMessage(key apply.Key, version string) string {
	return fmt.Sprintf("%s differs from what Istio %s needs and is left alone: to go on, run kubectl annotate -n %s %s/%s %s-",
		key, version, key.Namespace, key.GVK.Kind, key.Name, v1.IgnoreAnnotation)
}

// workloadsOf lists the Deployments and DaemonSets of a component.
func workloadsOf(component plan.Component) []apply.Object {
	var workloads []apply.Object
	for _, object := range objectsOf(component) {
		if workload(object) {
			workloads = append(workloads, object)
		}
	}
	return workloads
}

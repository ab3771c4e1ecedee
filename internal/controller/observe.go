// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apiextensions-apiserver/pkg/apihelpers"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// observeComponent returns, without a request, how far a component is. The conditions of a
// workload may quote values: redact removes them.
func (r *Reconciler) observeComponent(component plan.Component, redact func(string) string) status.ComponentState {
	state := status.ComponentState{Name: component.Name, Version: component.Version, Done: true}
	for _, o := range component.Objects {
		message := ""
		if o.Key().Workload() {
			seen := r.observeWorkload(o, redact)
			state.AddPods(seen)
			message = seen.Message
		} else {
			message = r.observeObject(o)
		}
		if component.Unawaited && r.applier.State(o) != apply.Stale {
			message = ""
		}
		if message != "" && state.Done {
			state.Done, state.Message = false, fmt.Sprintf("%s: %s", o.Key(), message)
		}
	}
	return state
}

// observeObject returns what an object waits for. Empty: nothing.
func (r *Reconciler) observeObject(o object.Object) string {
	if r.applier.State(o) == apply.Stale {
		return "not applied yet"
	}
	if o.GVK == object.CustomResourceDefinition.GVK && !established(r.observer.Observe(o.Key()).Object) {
		return "waiting for the API server to serve it"
	}
	return ""
}

// observeWorkload returns how far the rollout of a workload is.
func (r *Reconciler) observeWorkload(o object.Object, redact func(string) string) health.Progress {
	seen := r.observer.Observe(o.Key()).Object
	var progress health.Progress
	switch workload := seen.(type) {
	case *appsv1.Deployment:
		progress = health.Deployment(workload, redact)
	case *appsv1.DaemonSet:
		progress = health.DaemonSet(workload)
	}
	switch applied := r.applier.State(o); {
	case applied == apply.Stale:
		progress.Updated, progress.Message, progress.Unobserved = 0, "not applied yet", false // What the cache shows are the pods of an earlier template.
	case applied == apply.Behind, seen == nil:
		progress.Updated, progress.Message, progress.Unobserved = 0, "applied; waiting for its controller", false
	}
	return progress
}

// established reports whether the API server serves the resources of a CRD.
func established(o metav1.Object) bool {
	crd, ok := o.(*apiextensionsv1.CustomResourceDefinition)
	return ok && apihelpers.IsCRDConditionTrue(crd, apiextensionsv1.Established)
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// componentState is how far a component of the plan is.
type componentState struct {
	name, version string
	// progress sums up the component's workloads.
	progress health.Progress
	// pods tells that the component has workloads.
	pods bool
	// done tells that everything of it is in the cluster and complete.
	done bool
	// unobserved tells that it only waits for a controller to look at a workload that
	// somebody touched.
	unobserved bool
	// changed tells that something of it was just applied because the plan asks for it.
	changed bool
	// message says what it waits for. Empty when done, and before it was begun.
	message string
	// failure stopped the component. Nil otherwise.
	failure *stop
}

// examine tells without a request how far a component is. What a controller says of a
// workload may quote values: redact takes them out.
func (r *Reconciler) examine(component plan.Component, redact func(string) string) componentState {
	state := componentState{name: component.Name, version: component.Version, done: true}
	for _, object := range objectsOf(component) {
		if message := r.examineObject(object, &state, redact); message != "" {
			state.done = false
			if state.message == "" {
				state.message = message
			}
		}
	}
	return state
}

// fail keeps a component from being complete.
func (s *componentState) fail(failure *stop) {
	s.done, s.message, s.failure = false, failure.message, failure
}

// examineObject says what an object waits for, and adds its pods to the state.
func (r *Reconciler) examineObject(object apply.Object, state *componentState, redact func(string) string) string {
	applied := r.applier.State(object)
	if applied == apply.Stale && !workload(object) {
		return fmt.Sprintf("%s: not applied yet", object.Key())
	}
	seen := r.observer.Observe(object.Key()).Object
	switch {
	case workload(object):
		return examineWorkload(object, seen, applied, state, redact)
	case isCRD(object):
		if crd, ok := seen.(*apiextensionsv1.CustomResourceDefinition); !ok || !established(crd) {
			return fmt.Sprintf("%s: waiting for the API server to serve it", object.Key())
		}
	}
	return ""
}

func examineWorkload(object apply.Object, seen metav1.Object, applied apply.State, state *componentState, redact func(string) string) string {
	var progress health.Progress
	switch workload := seen.(type) {
	case *appsv1.Deployment:
		progress = health.Deployment(workload, redact)
	case *appsv1.DaemonSet:
		progress = health.DaemonSet(workload)
	}
	message := progress.Message
	switch {
	case applied == apply.Stale:
		progress.Updated, message = 0, "not applied yet" // What the cache shows are the pods of an earlier template.
	case applied == apply.Behind, seen == nil:
		progress.Updated, message = 0, "applied, its rollout begins"
	default:
		state.unobserved = state.unobserved || progress.Unobserved
	}
	state.pods = true
	state.progress.Desired += progress.Desired
	state.progress.Updated += progress.Updated
	state.progress.Ready += progress.Ready
	state.progress.Old += progress.Old
	if message == "" {
		return ""
	}
	return fmt.Sprintf("%s: %s", object.Key(), message)
}

func workload(object apply.Object) bool {
	return object.GVK.Group == "apps" && (object.GVK.Kind == "Deployment" || object.GVK.Kind == "DaemonSet")
}

func isCRD(object apply.Object) bool { return object.GVK.Kind == "CustomResourceDefinition" }

func established(crd *apiextensionsv1.CustomResourceDefinition) bool {
	for _, condition := range crd.Status.Conditions {
		if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
			return true
		}
	}
	return false
}

func objectsOf(component plan.Component) []apply.Object {
	objects := make([]apply.Object, len(component.Objects))
	for i, object := range component.Objects {
		objects[i] = apply.Object(object)
	}
	return objects
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// workloadsOf lists the Deployments and DaemonSets of a component.
func workloadsOf(component plan.Component) []object.Object {
	var workloads []object.Object
	for _, o := range component.Objects {
		if o.Key().Workload() {
			workloads = append(workloads, o)
		}
	}
	return workloads
}

// watched returns the objects that watches show. Of the others only the status
// shows whether they were applied.
func watched(objects []object.Object) []object.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o object.Object) bool { return !o.Watched() })
}

// wantedUnwatched names what the plan holds of objects that no watch shows, and the pull
// secrets of spec: a copy whose source has gone stays while spec names it, since running
// pods may need it.
func wantedUnwatched(smc *v1.ServiceMeshController, objects []object.Object) []object.Key {
	var wanted []object.Key
	for _, o := range objects {
		if o.Key().Unwatched() {
			wanted = append(wanted, o.Key())
		}
	}
	for _, name := range pullSecretNames(smc) {
		wanted = append(wanted, object.SecretKey(namespaceOf(smc), name))
	}
	return wanted
}

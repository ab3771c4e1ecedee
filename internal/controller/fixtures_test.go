// SPDX-License-Identifier: Apache-2.0

package controller

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// resource is a ServiceMeshController of generation 2 that had this status.
func resource(phase v1.Phase, running string) *v1.ServiceMeshController {
	smc := &v1.ServiceMeshController{ObjectMeta: metav1.ObjectMeta{Generation: 2}}
	smc.Spec.Version = "1.29.1"
	smc.Status = v1.ServiceMeshControllerStatus{Phase: phase, Version: running, ObservedGeneration: 2}
	return smc
}

// upgradeOf is a resource that asks for a version while another runs and a rollout to a
// third may be in progress.
func upgradeOf(running, reached, wanted string) *v1.ServiceMeshController {
	smc := resource(v1.PhaseUpgrading, running)
	smc.Spec.Version = wanted
	if reached != "" {
		smc.Status.Rollout = &v1.RolloutStatus{From: running, To: reached}
	}
	return smc
}

// complete is the outcome of an attempt that found a complete mesh of one component.
func complete() *status.Outcome {
	return &status.Outcome{
		Plan:       &plan.Plan{Version: "1.29.1", Components: []plan.Component{{Name: v1.ComponentIstiod}}},
		Components: []status.ComponentState{{Name: v1.ComponentIstiod, Version: "1.29.1", Done: true}},
	}
}

// changing is the outcome of an attempt that applied one object.
func changing(action apply.Action) *status.Outcome {
	o := complete()
	o.Changes = []apply.Change{{Action: action}}
	return o
}

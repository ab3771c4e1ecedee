// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

var names = []string{v1.ComponentGatewayAPI, v1.ComponentBase, v1.ComponentIstiod, v1.ComponentCNI, v1.ComponentZtunnel}

// upTo is an attempt that works towards a version: those many components are complete, and the
// next one waits for a pod.
func upTo(done int, from, to string) *status.Outcome {
	o := &status.Outcome{Plan: &plan.Plan{Version: to}, Target: rollout.Target{From: from, To: to}}
	for i, name := range names {
		state := status.ComponentState{Name: name, Version: to, Done: i < done}
		if i == done {
			state.Message = "1 of 2 pods ready"
		}
		if withPods := slices.Index(names, v1.ComponentIstiod); i >= withPods && i <= done {
			state.HasPods, state.Progress = true, health.Progress{Desired: 2, Updated: 2, Ready: 2}
		}
		o.Components = append(o.Components, state)
		o.Plan.Components = append(o.Plan.Components, plan.Component{Name: name})
	}
	if from != to {
		o.Changes = []apply.Change{{Action: apply.Changed}}
	}
	return o
}

// failed is an attempt in which istiod made no progress in time.
func failed(smc *v1.ServiceMeshController) *status.Outcome {
	o := upTo(2, before, after)
	o.Components[2].Fail(&status.Blocker{
		Reason: v1.ReasonRolloutFailed, Phase: v1.PhaseFailed,
		Message: "istiod 1.31.0 cannot become ready: Deployment istio-system/istiod: 1 of 2 pods updated: pod istiod-1: ImagePullBackOff",
	})
	if rollout.Settings(smc).OnFailure == v1.Rollback {
		o.RollbackDigest = upTo(5, before, before).Plan.Digest()
	}
	return o
}

// rolledBack is the attempt that ends a rollback.
func rolledBack() *status.Outcome {
	o := upTo(5, after, before)
	o.Target.Rollback = true
	return o
}

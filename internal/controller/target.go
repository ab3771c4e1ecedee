// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// version returns the Istio version that the attempt plans.
func (a *attempt) version() string {
	if a.finalVersion && !a.Target.Rollback {
		return a.smc.Spec.Version
	}
	return a.Target.To
}

// setTarget finds the version to work towards.
func (r *Reconciler) setTarget(_ context.Context, a *attempt) *status.Blocker {
	fetchable := *a.smc
	fetchable.Spec.Repository = r.repositoryOf(a.smc)
	target, err := rollout.Next(&fetchable)
	if err != nil {
		reason := v1.ReasonUpgradePathUnknown
		if isError[*rollout.DowngradeError](err) {
			reason = v1.ReasonDowngrade
		}
		return &status.Blocker{Reason: reason, Phase: v1.PhaseFailed, Message: err.Error()}
	}
	a.Target = target
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// reportUndecodable reports a resource that was stored without the bounds of this CRD. Its
// mesh stays as it is. The event does not wait for the status: an API server that holds
// the whole resource to the schema refuses to write that.
func (r *Reconciler) reportUndecodable(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	blocker := &status.Blocker{
		Reason: v1.ReasonUndecodable, Phase: v1.PhaseFailed,
		Message: smc.DecodeError + "; its mesh is not changed until the field is corrected or removed",
	}
	if s := r.sessionFor(smc); s.undecodable != smc.DecodeError {
		s.undecodable = smc.DecodeError
		emit(r.recorder, smc, status.NewEvent(corev1.EventTypeWarning, blocker.Reason, status.ActionReconcile, blocker.Message))
	}
	a := r.newAttempt(smc)
	a.Blocker = blocker
	return r.report(ctx, a)
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// reportUndecodable reports a resource that was stored without the bounds of this CRD. Its
// mesh stays as it is. The event does not wait for the status: an API server that holds
// the whole resource to the schema refuses to write that.
func (r *Reconciler) reportUndecodable(ctx context.Context, smc *v1.ServiceMeshController) (ctrl.Result, error) {
	held := &stop{
		reason: v1.ReasonUndecodable, phase: v1.PhaseFailed,
		message: smc.DecodeError + "; nothing of its mesh is changed until that is corrected or removed",
	}
	if m := r.remembered(smc); m.undecodable != smc.DecodeError {
		m.undecodable = smc.DecodeError
		tell(corev1.EventTypeWarning, held.reason, actionReconcile, held.message).send(r.recorder, smc)
	}
	return r.report(ctx, smc, &pass{stop: held})
}

// countsAsOlder tells whether a resource that was created first keeps others waiting. One that
// cannot be decoded and has no mesh does not.
func countsAsOlder(other *v1.ServiceMeshController) bool {
	return other.DecodeError == "" || controllerutil.ContainsFinalizer(other, v1.Finalizer)
}

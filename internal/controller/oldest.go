// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// checkOldest blocks a resource while an older one exists: one mesh at a time.
func (r *Reconciler) checkOldest(ctx context.Context, a *attempt) *status.Blocker {
	return r.olderThan(ctx, a.smc)
}

// olderThan returns a blocker while another resource comes before this one.
func (r *Reconciler) olderThan(ctx context.Context, smc *v1.ServiceMeshController) *status.Blocker {
	all := &v1.ServiceMeshControllerList{}
	if err := r.client.List(ctx, all); err != nil && !apierrors.IsNotFound(err) { // Without the CRD there is no other.
		return &status.Blocker{Reason: v1.ReasonClusterNotRead, Message: "cannot list ServiceMeshControllers: " + err.Error(), Cause: err}
	}
	for i := range all.Items {
		if other := &all.Items[i]; other.UID != smc.UID && countsAsOlder(other) && before(other, smc) {
			return &status.Blocker{
				Reason: v1.ReasonNotOldest, Phase: v1.PhaseAborted,
				Message: fmt.Sprintf("only one ServiceMeshController is allowed per cluster and %s %s: delete one of them", other.Name, precedence(other, smc)),
			}
		}
	}
	return nil
}

// precedence says why a resource comes before another one.
func precedence(first, second *v1.ServiceMeshController) string {
	if second.CreationTimestamp.Before(&first.CreationTimestamp) {
		return "already manages the mesh"
	}
	return "is older"
}

// before reports whether a comes before b: it has begun to install a mesh, or neither or
// both have and it was created earlier. In the same second names decide.
func before(a, b *v1.ServiceMeshController) bool {
	begun := controllerutil.ContainsFinalizer(a, v1.Finalizer)
	switch {
	case begun != controllerutil.ContainsFinalizer(b, v1.Finalizer):
		return begun
	case !a.CreationTimestamp.Equal(&b.CreationTimestamp):
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	default:
		return a.Name < b.Name
	}
}

// countsAsOlder reports whether a resource that was created first keeps others waiting. One that
// cannot be decoded and has no mesh does not.
func countsAsOlder(other *v1.ServiceMeshController) bool {
	return other.DecodeError == "" || controllerutil.ContainsFinalizer(other, v1.Finalizer)
}

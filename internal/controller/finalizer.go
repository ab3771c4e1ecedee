// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// addFinalizer makes sure that the mesh is removed before the resource is. A resource that
// may not install a mesh gets no finalizer, so that deleting it removes nothing.
func (r *Reconciler) addFinalizer(ctx context.Context, a *attempt) *status.Blocker {
	err := r.editFinalizers(ctx, a.smc, controllerutil.AddFinalizer)
	switch {
	case err == nil:
		return nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return &status.Blocker{Quiet: true} // The resource changed since it was read.
	default:
		return &status.Blocker{Reason: v1.ReasonApplyFailed, Message: fmt.Sprintf("adding the finalizer: %v", err), Cause: err}
	}
}

// editFinalizers changes the resource's finalizers, unless the resource was changed since
// it was read.
func (r *Reconciler) editFinalizers(ctx context.Context, smc *v1.ServiceMeshController, edit func(client.Object, string) bool) error {
	before := smc.DeepCopy()
	if !edit(smc, v1.Finalizer) {
		return nil
	}
	err := r.client.Patch(ctx, smc, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err == nil {
		r.sessionFor(smc).lastWrittenVersion = smc.ResourceVersion
	}
	return err
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Reconcile runs one attempt for a resource.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	ctx, done := withShutdownGrace(ctx)
	defer done()
	smc := &v1.ServiceMeshController{}
	if err := r.client.Get(ctx, request.NamespacedName, smc); err != nil {
		if apierrors.IsNotFound(err) {
			r.endSession(request.Name)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	r.metrics.Undecodable(smc.Name, smc.DecodeError != "")
	if r.sessionFor(smc).outdated(smc) {
		return ctrl.Result{}, nil // The cache does not have our own write yet: it starts the next attempt.
	}
	if !smc.DeletionTimestamp.IsZero() {
		return r.uninstall(ctx, smc)
	}
	if smc.DecodeError != "" {
		return r.reportUndecodable(ctx, smc)
	}
	r.sessionFor(smc).undecodable = ""
	a := r.newAttempt(smc)
	r.runSteps(ctx, a)
	r.classifyDenials(a)
	if a.Quiet(smc) {
		return ctrl.Result{RequeueAfter: a.QuietRetry()}, nil
	}
	r.checkBypass(ctx, a)
	r.checkTraffic(a)
	r.checkCertificates(a)
	result, err := r.report(ctx, a)
	if err == nil {
		a.session.releaseMemory(&a.Outcome)
	}
	return result, err
}

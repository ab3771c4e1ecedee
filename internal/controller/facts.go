// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"slices"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// readCluster gathers the facts that the plan and the checks depend on.
func (r *Reconciler) readCluster(_ context.Context, a *attempt) (blocker *status.Blocker) {
	a.session.usesCaches = true
	if a.facts, blocker = r.readFacts(a.smc); blocker == nil {
		a.Environment, a.NodesNotReady = environmentOf(a.facts), notReady(a.facts)
	}
	return blocker
}

// readFacts gathers the facts for a resource.
func (r *Reconciler) readFacts(smc *v1.ServiceMeshController) (preflight.Facts, *status.Blocker) {
	question := preflight.Query{Namespace: namespaceOf(smc), PullSecrets: pullSecretsOf(smc)}
	crds := r.observer.CRDs()
	names := make([]string, len(crds))
	for i, crd := range crds {
		names[i] = crd.GetName()
	}
	question.GatewayClasses = slices.Contains(names, preflight.GatewayClassCRD)
	question.CiliumPolicies = slices.Contains(names, preflight.CiliumPolicyCRD) && smc.Spec.DataplaneMode != v1.Sidecar
	facts, err := r.gatherer.Gather(question)
	if errors.Is(err, preflight.ErrGathering) {
		return facts, &status.Blocker{Reason: v1.ReasonClusterNotRead, Quiet: true}
	}
	if err != nil {
		return facts, &status.Blocker{Reason: v1.ReasonClusterNotRead, Message: err.Error(), Cause: err}
	}
	facts.CRDs, facts.GatewayAPI = names, gatewayAPIAmong(r.asObserved(crds), smc.Spec.GatewayAPI)
	return facts, nil
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// buildPlan builds the plan of the version that the attempt works towards.
func (r *Reconciler) buildPlan(ctx context.Context, a *attempt) (blocker *status.Blocker) {
	if a.Plan, blocker = r.build(ctx, a, a.version()); blocker == nil {
		r.warnAboutIgnored(a)
	}
	return blocker
}

// build builds the plan of that version.
func (r *Reconciler) build(ctx context.Context, a *attempt, version string) (*plan.Plan, *status.Blocker) {
	extensions := &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: r.namespace, Name: v1.ExtensionsName}
	if err := client.IgnoreNotFound(r.client.Get(ctx, key, extensions)); err != nil {
		return nil, &status.Blocker{Reason: v1.ReasonInvalidExtensions, Message: fmt.Sprintf("cannot read ConfigMap %s: %v", key, err), Cause: err}
	}
	charts, blocker := r.findCharts(a.smc, version)
	if blocker != nil {
		return nil, blocker
	}
	if version == a.version() {
		a.ChartSource = charts.source
	}
	secrets, err := r.pullSecrets(ctx, a.smc)
	if err != nil {
		return nil, &status.Blocker{Reason: v1.ReasonPullSecret, Message: err.Error(), Cause: err}
	}
	began := r.clock.Now()
	spec := a.smc.Spec
	spec.Version = version
	built, err := r.builder.Build(plan.Input{
		Owner: a.smc.Name, Spec: spec, Extensions: plan.ExtensionsOf(extensions), Archives: charts.archives, PullSecrets: secrets, Probe: r.probe, Facts: plan.Facts{
			KubernetesVersion: a.facts.KubernetesVersion, GatewayAPI: installedGatewayAPI(a.facts),
			Platform: a.facts.HelmPlatform(), StandardCNIDirs: a.facts.StandardCNIDirectories(), SingleNode: a.facts.SingleNode(),
		},
	})
	r.metrics.Planned(began)
	if err == nil {
		return built, nil
	}
	return nil, planBlocker(err)
}

// planBlocker returns why there is no plan: spec cannot be carried out, or rendering may
// succeed later.
func planBlocker(err error) *status.Blocker {
	failure := &status.Blocker{Reason: reasonOf(err), Message: err.Error(), Phase: v1.PhaseFailed}
	switch failure.Reason {
	case v1.ReasonChartStopped:
		failure.RetryAfter = stoppedRetry // The machine may just have been busy.
	case v1.ReasonChartRenderingUnavailable:
		failure.Phase, failure.Cause = "", err
		failure.Message += "; the operator retries"
	}
	return failure
}

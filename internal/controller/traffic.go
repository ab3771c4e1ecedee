// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// checkProbeAllowed blocks a resource that asks for probes which the operator may not run.
func (r *Reconciler) checkProbeAllowed(_ context.Context, a *attempt) *status.Blocker {
	message := ""
	switch probe := a.smc.Spec.Probe; {
	case !plan.ProbeEnabled(a.smc.Spec):
		return nil
	case r.probe.Namespace == "":
		message = "spec.probe is enabled, and this operator may not run probes: set probe.enabled=true in the operator's Helm chart"
	case probe.Namespace != "" && probe.Namespace != r.probe.Namespace:
		message = fmt.Sprintf("this operator runs probes in the namespace %s, not in %s: set probe.namespace in the operator's Helm chart, or leave out spec.probe.namespace",
			r.probe.Namespace, probe.Namespace)
	default:
		return nil
	}
	return &status.Blocker{Reason: v1.ReasonProbeNotAllowed, Phase: v1.PhaseFailed, Message: message}
}

// checkTraffic finds out what the probes show. It blocks nothing, and asks probes only while some
// are not ready: a probe is ready while the traffic of its node is proven.
func (r *Reconciler) checkTraffic(a *attempt) {
	switch {
	case !plan.ProbeEnabled(a.smc.Spec) || r.probe.Namespace == "":
		return
	case a.Plan == nil:
		a.Traffic = a.smc.Status.Traffic
		return
	}
	counts := r.countProbes(a.Plan)
	if counts.Proven == counts.Nodes {
		r.probes.forget()
		a.Traffic = status.Traffic(counts, nil)
		return
	}
	now := r.clock.Now()
	found, next := r.probes.ask(probeQuestion{
		owner: a.smc.UID, namespace: r.probe.Namespace, interval: plan.ProbeInterval(a.smc.Spec), timeout: plan.ProbeTimeout(a.smc.Spec),
	}, now)
	a.Traffic = status.Traffic(counts, found.failing)
	a.RequeueAfter = soonest(a.RequeueAfter, max(time.Second, next.Sub(now)))
	if found.fresh && !a.paused {
		r.restorePolicies(a.Plan, found.failing)
	}
}

// countProbes counts the nodes that are to have a probe and those whose probes are ready.
func (r *Reconciler) countProbes(built *plan.Plan) (counts status.ProbeCounts) {
	first := true
	for _, o := range built.Objects() {
		if o.GVK != object.DaemonSet.GVK || o.Namespace != r.probe.Namespace {
			continue
		}
		var ready int32
		if daemonSet, ok := r.observer.Observe(o.Key()).Object.(*appsv1.DaemonSet); ok {
			counts.Nodes = max(counts.Nodes, daemonSet.Status.DesiredNumberScheduled)
			ready = daemonSet.Status.NumberReady
		}
		if first || ready < counts.Proven { // A node is proven if both of its probes are ready.
			counts.Proven = ready
		}
		first = false
	}
	return counts
}

// restorePolicies applies the policies of the probes again where a probe has found that nothing
// is enforced: no watch shows whether they were deleted.
func (r *Reconciler) restorePolicies(built *plan.Plan, failing []v1.FailingNode) {
	if !slices.ContainsFunc(failing, func(node v1.FailingNode) bool { return node.Reason == v1.TrafficNotEnforced }) {
		return
	}
	for _, o := range built.Objects() {
		if o.GVK == object.AuthorizationPolicy.GVK || o.GVK == object.PeerAuthentication.GVK {
			r.applier.Invalidate(o.Key())
		}
	}
}

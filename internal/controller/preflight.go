// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// checkPreflight runs the preflight checks.
func (r *Reconciler) checkPreflight(_ context.Context, a *attempt) *status.Blocker {
	findings, blocker := r.runPreflight(a)
	r.updateFindingMetrics(a.smc, findings)
	return blocker
}

// runPreflight returns what the preflight checks find, and a blocker where a finding
// prevents an installation or an upgrade from starting. One that has begun continues:
// findings are warnings then.
func (r *Reconciler) runPreflight(a *attempt) ([]preflight.Finding, *status.Blocker) {
	mesh := r.meshOf(a.smc, a.Plan)
	if len(a.facts.NetworkPolicies) > 0 {
		mesh.IstiodLabels = istiodLabels(a.Plan)
	}
	findings := preflight.Run(a.facts, mesh)
	begun := started(a.smc.Status, a.Plan.Version, len(apply.Removable(r.observer.Owned(a.smc.Name))) > 0)
	for _, finding := range findings {
		if !finding.Blocking || begun {
			a.Warnings = append(a.Warnings, plan.Notice{Reason: finding.Reason, Message: finding.Message})
		}
	}
	blocking := preflight.Blocking(findings)
	if len(blocking) == 0 || begun {
		return findings, nil
	}
	messages := make([]string, len(blocking))
	for i, finding := range blocking {
		messages[i] = finding.Message
	}
	return findings, &status.Blocker{Reason: blocking[0].Reason, Phase: v1.PhaseFailed, Message: strings.Join(messages, ". Also: ")}
}

// started reports whether a version runs or is being rolled out, so that no finding may
// block it any more: a mesh that stops half-way is worse than what a finding warns of.
// Objects of the mesh in a cluster without a status belong to a first installation whose
// first status was not written.
func started(status v1.ServiceMeshControllerStatus, version string, objects bool) bool {
	switch {
	case status.Version == version:
		return true
	case status.Rollout != nil:
		return status.Rollout.To == version || slices.Contains(status.Rollout.Path, version)
	default:
		return status.Version == "" && objects
	}
}

// meshOf is what the checks ask about the plan.
func (r *Reconciler) meshOf(smc *v1.ServiceMeshController, built *plan.Plan) preflight.Mesh {
	mesh := preflight.Mesh{
		Version: built.Version, KubernetesMin: built.Kubernetes.Min, KubernetesMax: built.Kubernetes.Max,
		Namespace: namespaceOf(smc), PullSecrets: notCopied(smc, built), GatewayAPIMode: smc.Spec.GatewayAPI,
		Unsupported: unsupported(built.Version, r.clock.Now()),
	}
	for _, component := range built.Components {
		switch component.Name {
		case v1.ComponentGatewayAPI:
			mesh.GatewayAPI, mesh.GatewayAPIInstalled = component.Version, len(component.Objects) > 0
		case v1.ComponentCNI:
			mesh.CNI = true
			mesh.Platform = component.UserValue("global", "platform")
			mesh.CNIBinDir, mesh.CNIConfDir = component.UserValue("cni", "cniBinDir"), component.UserValue("cni", "cniConfDir")
		case v1.ComponentZtunnel:
			mesh.Ztunnel = true
		}
	}
	return mesh
}

// unsupported says since when the Istio project does not support a version. Empty: it does,
// or this is not known.
func unsupported(version string, now time.Time) string {
	support, known := istio.SupportOf(version)
	if !known || !support.Ended(now) {
		return ""
	}
	return fmt.Sprintf("Istio 1.%d is %s", support.Minor, support.State(now))
}

// istiodLabels are the labels of istiod's pods.
func istiodLabels(built *plan.Plan) map[string]string {
	for _, o := range built.Objects() {
		if o.GVK != object.Deployment.GVK || o.Name != v1.ComponentIstiod {
			continue
		}
		istiod := appsv1.Deployment{}
		if err := json.Unmarshal(o.Body, &istiod); err == nil {
			return istiod.Spec.Template.Labels
		}
	}
	return nil
}

// environmentOf is what the status reports of the cluster.
func environmentOf(facts preflight.Facts) *v1.EnvironmentStatus {
	return &v1.EnvironmentStatus{Kubernetes: facts.KubernetesVersion, Platform: facts.Platform(), CNI: facts.CNI()}
}

// notReady names the nodes that are not ready, sorted.
func notReady(facts preflight.Facts) []string {
	var names []string
	for _, node := range facts.Nodes {
		if node.NotReady {
			names = append(names, node.Name)
		}
	}
	slices.Sort(names)
	return names
}

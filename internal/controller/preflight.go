// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"slices"
	"strings"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// look gathers the facts for a resource.
func (r *Reconciler) look(smc *v1.ServiceMeshController) (preflight.Facts, *stop) {
	question := preflight.Question{Namespace: namespaceOf(smc), PullSecrets: pullSecretsOf(smc)}
	crds := r.observer.CRDs()
	names := make([]string, len(crds))
	for i, crd := range crds {
		names[i] = crd.GetName()
	}
	question.GatewayClasses = slices.Contains(names, preflight.GatewayClassCRD)
	facts, err := r.gatherer.Gather(question)
	if errors.Is(err, preflight.ErrGathering) {
		return facts, &stop{reason: v1.ReasonClusterNotRead, silent: true}
	}
	if err != nil {
		return facts, &stop{reason: v1.ReasonClusterNotRead, message: err.Error(), cause: err}
	}
	facts.CRDs, facts.GatewayAPI = names, gatewayAPIAmong(crds)
	return facts, nil
}

func pullSecretsOf(smc *v1.ServiceMeshController) []string {
	if smc.Spec.Image == nil {
		return nil
	}
	var names []string
	for _, secret := range smc.Spec.Image.Secrets {
		names = append(names, secret.Name)
	}
	return names
}

// check runs the preflight checks. What blocks stops an installation or an upgrade from
// starting; one that has begun goes on, and findings are warnings.
func (r *Reconciler) check(smc *v1.ServiceMeshController, facts preflight.Facts, p *pass) *stop {
	findings := preflight.Run(facts, meshOf(smc, p.plan))
	r.measureFindings(smc, findings)
	started := begun(smc.Status, p.plan.Version, len(apply.Removable(r.observer.Owned(smc.Name))) > 0)
	for _, finding := range findings {
		if !finding.Blocking || started {
			p.warnings = append(p.warnings, plan.Notice{Reason: finding.Reason, Message: finding.Message})
		}
	}
	blocking := preflight.Blocking(findings)
	if len(blocking) == 0 || started {
		return nil
	}
	messages := make([]string, len(blocking))
	for i, finding := range blocking {
		messages[i] = finding.Message
	}
	return &stop{reason: blocking[0].Reason, phase: v1.PhaseFailed, message: strings.Join(messages, ". Also: ")}
}

// begun reports whether a version runs or is being rolled out, so that nothing may block it
// any more: a mesh that stops half-way is worse than what a finding warns of. Objects of
// the mesh in a cluster without any status of it are those of a first installation whose
// first status was not written.
func begun(status v1.ServiceMeshControllerStatus, version string, objects bool) bool {
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
func meshOf(smc *v1.ServiceMeshController, built *plan.Plan) preflight.Mesh {
	mesh := preflight.Mesh{
		Version: built.Version, KubernetesMin: built.Kubernetes.Min, KubernetesMax: built.Kubernetes.Max,
		Namespace: namespaceOf(smc), PullSecrets: notCopied(smc, built),
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

// environmentOf is what the status tells of the cluster.
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

// notices are what users should know: about their input, then about the cluster.
func (p *pass) notices() []plan.Notice {
	if p.plan == nil {
		return nil
	}
	return slices.Concat(p.plan.Notices, p.warnings)
}

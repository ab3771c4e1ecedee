// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// meshStatus is what the command status shows of a mesh. Its field names are those of the
// resource.
type meshStatus struct {
	Name string `json:"name"`
	// Phase as the resource has it; UNKNOWN where the operator has not seen the spec yet.
	Phase v1.Phase `json:"phase"`
	// Complete: the mesh is as spec asks for, and SUCCEEDED.
	Complete bool   `json:"complete"`
	Message  string `json:"message,omitempty"`
	// Version runs; Wanted is spec.version.
	Version       string                `json:"version,omitempty"`
	Wanted        string                `json:"wantedVersion"`
	DataplaneMode v1.DataplaneMode      `json:"dataplaneMode"`
	Environment   *v1.EnvironmentStatus `json:"environment,omitempty"`
	Components    []v1.ComponentStatus  `json:"components"`
	Rollout       *v1.RolloutStatus     `json:"rollout,omitempty"`
	Proposal      *v1.Proposal          `json:"proposal,omitempty"`
	FailedRollout *v1.FailedRollout     `json:"failedRollout,omitempty"`
	// Conditions that are not True.
	Conditions []metav1.Condition `json:"conditions"`
	// Notices is the message of the condition Initialized, where it has notices.
	Notices string            `json:"notices,omitempty"`
	History []v1.HistoryEntry `json:"history"`
	// Bypass is what is known of pods that may bypass the mesh. Nil: there is no ambient mesh.
	Bypass *v1.BypassStatus `json:"bypass,omitempty"`
	// Traffic is what the probes have found. Nil: there are none.
	Traffic *v1.TrafficStatus `json:"traffic,omitempty"`
	// Certificates are those of the mesh's CA. Nil: none are known.
	Certificates *v1.CertificatesStatus `json:"certificates,omitempty"`
	// Nodes of the cluster. Nil: they may not be listed.
	Nodes *nodeStatus `json:"nodes,omitempty"`
	// Hints are at most maxHints commands to run next, each with its reason.
	Hints []hint `json:"hints"`
}

// nodeStatus are the cluster's nodes.
type nodeStatus struct {
	Total int `json:"total"`
	// NotReady are names, sorted.
	NotReady []string `json:"notReady"`
}

// hint is a command to run next.
type hint struct {
	Reason  string `json:"reason"`
	Command string `json:"command"`
}

const (
	maxHints = 3
	// phaseUnknown is shown where the status has no phase, or that of another generation.
	phaseUnknown v1.Phase = "UNKNOWN"
)

// meshStatusOf reports a mesh as of that time. Nodes may be nil.
func meshStatusOf(smc *v1.ServiceMeshController, nodes *nodeStatus, now time.Time) meshStatus {
	observed := smc.Status
	report := meshStatus{
		Name: smc.Name, Phase: observed.Phase, Message: observed.Message, Version: observed.Version, Wanted: smc.Spec.Version,
		DataplaneMode: smc.Spec.DataplaneMode, Environment: observed.Environment,
		Components: orEmpty(observed.Components), Rollout: observed.Rollout, Proposal: observed.Proposal, FailedRollout: observed.FailedRollout,
		Conditions: slices.DeleteFunc(slices.Clone(orEmpty(observed.Conditions)), func(c metav1.Condition) bool { return c.Status == metav1.ConditionTrue }),
		History:    orEmpty(observed.History), Nodes: nodes, Bypass: observed.Bypass, Traffic: observed.Traffic, Certificates: observed.Certificates,
	}
	if observed.Phase == "" || observed.ObservedGeneration != smc.Generation {
		report.Phase = phaseUnknown
		report.Message = "the operator has not seen this change yet; if this stays so, check that it runs"
	}
	report.Complete = report.Phase == v1.PhaseSucceeded
	if c := meta.FindStatusCondition(observed.Conditions, v1.ConditionInitialized); c != nil && c.Status == metav1.ConditionTrue && c.Reason != v1.ReasonComplete {
		report.Notices = c.Message
	}
	report.Hints = report.hints(smc, now)
	return report
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// hints lists what to do next, the most urgent first.
func (r meshStatus) hints(smc *v1.ServiceMeshController, now time.Time) []hint {
	hints := []hint{}
	if r.Phase == phaseUnknown {
		hints = append(hints, hint{"the operator may not run", "kubectl get pods --namespace gloo-operator"})
	}
	if p := r.Proposal; p != nil {
		hints = append(hints, hint{"a change waits for approval",
			fmt.Sprintf("kubectl annotate --overwrite smc %s %s=%s", r.Name, v1.ApproveAnnotation, p.Digest)})
	}
	if smc.Annotations[v1.PausedAnnotation] == "true" {
		hints = append(hints, hint{"the mesh is paused", fmt.Sprintf("kubectl annotate smc %s %s-", r.Name, v1.PausedAnnotation)})
	}
	if !r.Complete && r.Phase != phaseUnknown {
		hints = append(hints, hint{"what the operator did last", "kubectl describe smc " + r.Name})
	}
	if support, known := istio.SupportOf(r.Version); known && support.Ended(now) {
		hints = append(hints, hint{fmt.Sprintf("Istio 1.%d has no security fixes any more", support.Minor), "gloo-operator versions"})
	}
	return hints[:min(maxHints, len(hints))]
}

// nodeStatusOf summarizes nodes.
func nodeStatusOf(nodes []corev1.Node) *nodeStatus {
	summary := &nodeStatus{Total: len(nodes), NotReady: []string{}}
	for i := range nodes {
		ready := slices.ContainsFunc(nodes[i].Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		})
		if !ready {
			summary.NotReady = append(summary.NotReady, nodes[i].Name)
		}
	}
	slices.Sort(summary.NotReady)
	return summary
}

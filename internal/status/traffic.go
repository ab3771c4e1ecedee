// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// ProbeCounts are the pods of the probes.
type ProbeCounts struct {
	// Nodes is the number of nodes that are to have a probe.
	Nodes int32
	// Proven is the number of nodes whose probes are ready: a probe is while the traffic of its
	// node is proven.
	Proven int32
}

// Traffic returns what the probes have found, from their counts and the nodes that were found to
// fail at last.
func Traffic(counts ProbeCounts, failing []v1.FailingNode) *v1.TrafficStatus {
	proven := min(counts.Proven, counts.Nodes)
	failed := min(int32(len(failing)), counts.Nodes-proven)
	return &v1.TrafficStatus{
		Nodes:   v1.TrafficNodes{Proven: proven, Failing: failed, Unknown: counts.Nodes - proven - failed},
		Proven:  fmt.Sprintf("%d/%d", proven, counts.Nodes),
		Failing: failing[:min(failed, v1.MaxFailingNodes)],
	}
}

// trafficProven is the condition of what the probes have found. Failure is what keeps them from
// being applied; nil: nothing does.
func trafficProven(traffic *v1.TrafficStatus, failure *Blocker) conditionState {
	if failure != nil {
		return conditionState{metav1.ConditionUnknown, failure.Reason, "the probes cannot be applied: " + failure.Message}
	}
	if traffic == nil {
		return conditionState{metav1.ConditionUnknown, v1.ReasonTrafficUnknown, "the probes have not been installed yet"}
	}
	nodes := traffic.Nodes
	all := nodes.Proven + nodes.Failing + nodes.Unknown
	switch {
	case nodes.Failing > 0:
		return conditionState{metav1.ConditionFalse, v1.ReasonTrafficNotProven, notProven(traffic, all)}
	case nodes.Unknown > 0:
		return conditionState{metav1.ConditionUnknown, v1.ReasonTrafficUnknown, fmt.Sprintf(
			"the probes of %d of %d nodes do not run or have no result yet: see kubectl get pods -A -l app.kubernetes.io/name=gloo-operator-probe", nodes.Unknown, all)}
	case all == 0:
		return conditionState{metav1.ConditionUnknown, v1.ReasonTrafficUnknown, "no node has a probe yet"}
	default:
		return conditionState{metav1.ConditionTrue, v1.ReasonTrafficProven, fmt.Sprintf("the traffic of %s goes through the mesh", ofNodes(all))}
	}
}

// notProven names the nodes whose traffic is not proven, and what the first of them lacks.
func notProven(traffic *v1.TrafficStatus, all int32) string {
	names := make([]string, len(traffic.Failing))
	for i, failing := range traffic.Failing {
		names[i] = failing.Node
	}
	first := traffic.Failing[0]
	text := fmt.Sprintf("the traffic of %d of %d nodes is not proven (%s): %s: %s", traffic.Nodes.Failing, all, wording.List(names), first.Node, first.Reason)
	if first.Message != "" {
		text += ": " + first.Message
	}
	return text
}

func ofNodes(count int32) string {
	if count == 1 {
		return "1 node"
	}
	return fmt.Sprintf("all %d nodes", count)
}

// trafficSince is since when the condition TrafficProven has its status. Nil: there is none.
func trafficSince(conditions []metav1.Condition) *metav1.Time {
	condition := meta.FindStatusCondition(conditions, v1.ConditionTrafficProven)
	if condition == nil {
		return nil
	}
	return &condition.LastTransitionTime
}

// SPDX-License-Identifier: Apache-2.0

package health

import (
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// templateGeneration is a label on each pod of a DaemonSet with the generation of its
// template: k8s.io/api/extensions/v1beta1.DaemonSetTemplateGenerationKey.
const templateGeneration = "pod-template-generation"

// OutdatedNodes returns the nodes, sorted, on which a DaemonSet has pods, but none that is
// both up to date and ready.
func OutdatedNodes(d *appsv1.DaemonSet, pods []corev1.Pod) []string {
	current, good := d.Annotations[appsv1.DeprecatedTemplateGeneration], map[string]bool{}
	for i := range pods {
		p := &pods[i]
		up := p.DeletionTimestamp == nil && p.Labels[templateGeneration] == current && PodReady(p)
		good[p.Spec.NodeName] = good[p.Spec.NodeName] || up
	}
	var behind []string
	for node, up := range good {
		if node != "" && !up {
			behind = append(behind, node)
		}
	}
	slices.Sort(behind)
	return behind
}

// PodReady reports whether a pod is ready.
func PodReady(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// Missing returns how many up-to-date and ready pods a DaemonSet lacks at least.
func Missing(p Progress) int32 { return max(0, p.Desired-min(p.Updated, p.Ready)) }

// maxNodesListed is how many nodes a message names.
const maxNodesListed = 5

// NotReadyNodes returns the problem of pods on nodes that are not ready.
func NotReadyNodes(nodes []string) *Problem {
	return &Problem{
		Reason: "NodesNotReady", rank: rankNotReady,
		Message: fmt.Sprintf("%s not ready: fix or remove them, or set spec.upgrade.maxUnavailableNodes to %s or more to continue without them",
			Nodes(nodes), strconv.Itoa(len(nodes))),
	}
}

// Nodes returns the subject and verb of a sentence about nodes, such as "node a is". It
// names the first few.
func Nodes(nodes []string) string {
	if len(nodes) == 1 {
		return "node " + nodes[0] + " is"
	}
	return "nodes " + wording.First(nodes, maxNodesListed) + " are"
}

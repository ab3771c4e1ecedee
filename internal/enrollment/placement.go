// SPDX-License-Identifier: Apache-2.0

package enrollment

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// SamePlacement reports whether the pods of two templates of a DaemonSet go to the same
// nodes, whichever nodes there are.
func SamePlacement(before, after corev1.PodSpec) bool {
	return equality.Semantic.DeepEqual(before.NodeSelector, after.NodeSelector) &&
		equality.Semantic.DeepEqual(before.Tolerations, after.Tolerations) &&
		equality.Semantic.DeepEqual(required(before.Affinity), required(after.Affinity))
}

// required is the part of an affinity by which a DaemonSet selects its nodes.
func required(affinity *corev1.Affinity) *corev1.NodeSelector {
	if affinity == nil || affinity.NodeAffinity == nil {
		return nil
	}
	return affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// UncoveredNodes returns the names, sorted, of the nodes that a DaemonSet leaves.
func UncoveredNodes(before, after corev1.PodSpec, nodes []corev1.Node) []string {
	var left []string
	for i := range nodes {
		if covers(before, &nodes[i]) && !covers(after, &nodes[i]) {
			left = append(left, nodes[i].Name)
		}
	}
	slices.Sort(left)
	return left
}

// covers reports whether a DaemonSet has a pod on the node.
func covers(pod corev1.PodSpec, node *corev1.Node) bool {
	matches, err := nodeaffinity.NewRequiredNodeAffinity(pod.NodeSelector, pod.Affinity).Match(node)
	if err != nil || !matches {
		return false
	}
	_, untolerated := scheduling.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Tolerations, repelsDaemons, false)
	return !untolerated
}

// toleratedByDaemons are the taints that the pods of every DaemonSet tolerate:
// https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations.
var toleratedByDaemons = []string{
	corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeDiskPressure, corev1.TaintNodeMemoryPressure,
	corev1.TaintNodePIDPressure, corev1.TaintNodeUnschedulable, corev1.TaintNodeNetworkUnavailable,
}

func repelsDaemons(taint *corev1.Taint) bool {
	return taint.Effect != corev1.TaintEffectPreferNoSchedule && !slices.Contains(toleratedByDaemons, taint.Key)
}

// SPDX-License-Identifier: Apache-2.0

package enrollment

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// WithoutReadyPod returns those of the nodes on which none of the pods is ready.
func WithoutReadyPod(nodes []string, pods []corev1.Pod) []string {
	return slices.DeleteFunc(slices.Clone(nodes), func(node string) bool {
		return slices.ContainsFunc(pods, func(p corev1.Pod) bool { return p.Spec.NodeName == node && ready(p) })
	})
}

func ready(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

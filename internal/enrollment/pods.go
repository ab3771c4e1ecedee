// SPDX-License-Identifier: Apache-2.0

package enrollment

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

const (
	// redirection is what istio-cni writes on a pod once ztunnel has accepted it, and removes
	// once the rules are out of the pod's network namespace: istio.io/istio/cni/pkg/util,
	// PodFullyEnrolled and AnnotateUnenrollPod. Its other value, pending, is on a pod that
	// ztunnel has not accepted: such a pod is cut off already.
	redirection = "ambient.istio.io/redirection"
	redirected  = "enabled"
)

// Running is a field selector for the pods that can be cut off. A completed pod may keep the
// annotation, because the agent tries to remove it only once. A pod in the host's network is
// never redirected.
const Running = "status.phase!=" + string(corev1.PodSucceeded) + ",status.phase!=" + string(corev1.PodFailed) + ",spec.hostNetwork=false"

// Pod is a pod in the mesh: its traffic goes through ztunnel.
type Pod struct {
	// Namespace and Name of the pod.
	Namespace, Name string
	// Labels and Annotations of the pod.
	Labels, Annotations map[string]string
	// UntilRestart: a change does not cut the pod off, but it leaves the mesh when it restarts.
	UntilRestart bool
}

// String returns namespace/name.
func (p Pod) String() string { return p.Namespace + "/" + p.Name }

// ownLabel reports whether the pod's own label puts it into the mesh.
func (p Pod) ownLabel() bool { return p.Labels[v1.DataplaneModeLabel] == v1.DataplaneModeAmbient }

// inheritsMode reports whether the pod is in the mesh as long as its namespace is: its own label
// neither puts it in nor opts out.
func (p Pod) inheritsMode() bool {
	mode := p.Labels[v1.DataplaneModeLabel]
	return mode != v1.DataplaneModeAmbient && mode != "none"
}

// Redirected returns those of the pods that are in the mesh, without the operator's own probes:
// the operator removes them before it removes ztunnel.
func Redirected(pods []metav1.PartialObjectMetadata) []Pod {
	var found []Pod
	for i := range pods {
		if p := &pods[i]; p.Annotations[redirection] == redirected && p.Labels[v1.ComponentLabel] != v1.ComponentProbe {
			found = append(found, Pod{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, Annotations: p.Annotations})
		}
	}
	return found
}

// Union returns the pods of both lists, each once, sorted. A pod that one of them cuts off is cut off.
func Union(a, b []Pod) []Pod {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), later(a)-later(b))
	})
	return slices.CompactFunc(all, func(a, b Pod) bool { return a.Namespace == b.Namespace && a.Name == b.Name })
}

// later orders the pods that a change cuts off before the others.
func later(p Pod) int {
	if p.UntilRestart {
		return 1
	}
	return 0
}

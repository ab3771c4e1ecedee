// SPDX-License-Identifier: Apache-2.0

package enrollment

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// keyReconcile is the setting by which istio-cni writes its rules again into pods that have them
// by their annotation: istio.io/istio/manifests/charts/istio-cni/templates.
const keyReconcile = "AMBIENT_RECONCILE_POD_RULES_ON_STARTUP"

// BypassGrace is how long a pod may be outside the mesh by default: istio-cni takes pods in one
// after the other when their namespace gets its label, and when it starts.
const BypassGrace = 30 * time.Second

// Candidate is a pod that may have to be in the mesh.
type Candidate struct {
	Pod
	// UID and Node of the pod.
	UID  types.UID
	Node string
	// Network is when the kubelet last set up the pod's network. Zero: it has none.
	Network time.Time
	// Restarted: that was not the first time, and all containers started again. It is what a pod
	// looks like after its node has booted.
	Restarted bool
}

// CandidateOf returns what matters of a pod.
func CandidateOf(pod *corev1.Pod) Candidate {
	c := Candidate{
		Pod: Pod{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels, Annotations: pod.Annotations},
		UID: pod.UID, Node: pod.Spec.NodeName, Network: networkReady(pod),
	}
	created := pod.Status.StartTime
	c.Restarted = created != nil && c.Network.After(created.Time) && len(pod.Status.ContainerStatuses) > 0 &&
		!slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.RestartCount == 0 })
	return c
}

// networkReady returns when the kubelet last set up the network of a pod that runs. Zero: it has
// none, or is going. Kubernetes reports it since 1.29:
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-has-network.
func networkReady(pod *corev1.Pod) time.Time {
	if pod.DeletionTimestamp != nil {
		return time.Time{}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReadyToStartContainers && condition.Status == corev1.ConditionTrue {
			return condition.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// Agents are the pods of istio-cni.
type Agents struct {
	// readySince is when istio-cni became ready, by node.
	readySince map[string]time.Time
	// reconciles reports whether it writes its rules again into pods when it starts.
	reconciles bool
}

// AgentsOf returns the agents that are ready. The settings are those of istio-cni's ConfigMap.
func AgentsOf(pods []corev1.Pod, settings map[string]string) Agents {
	agents := Agents{readySince: map[string]time.Time{}, reconciles: settings[keyReconcile] == "true"}
	for i := range pods {
		for _, condition := range pods[i].Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				agents.readySince[pods[i].Spec.NodeName] = condition.LastTransitionTime.Time
			}
		}
	}
	return agents
}

// captures reports whether the agent of its node has the pod in the mesh, which has the annotation
// of one: the agent was ready when the pod's network was set up, or has looked after it since.
func (a Agents) captures(pod Candidate) bool {
	since, ready := a.readySince[pod.Node]
	return ready && (a.reconciles || !since.After(pod.Network))
}

// Scope is what one list of candidates selects.
type Scope struct {
	// Namespace to list. Empty: all.
	Namespace string
	// Labels is a label selector. Empty: everything.
	Labels string
}

// Scopes returns the lists that contain all pods that are to be in the mesh. A selector that
// matches more than that many namespaces is one list of all namespaces. Namespaces are the labels
// of all namespaces, by name.
func (s Selection) Scopes(namespaces map[string]map[string]string, most int) []Scope {
	var scopes []Scope
	for _, one := range s.selectors {
		pods, err := metav1.LabelSelectorAsSelector(&one.PodSelector)
		if err != nil {
			continue // It selects nothing: see matches.
		}
		matching := slices.DeleteFunc(slices.Sorted(maps.Keys(namespaces)), func(name string) bool {
			return slices.Contains(s.excluded, name) || !matches(one.NamespaceSelector, namespaces[name])
		})
		everywhere, err := metav1.LabelSelectorAsSelector(&one.NamespaceSelector)
		if err == nil && everywhere.String() == labels.Everything().String() || len(matching) > most {
			matching = []string{metav1.NamespaceAll}
		}
		for _, name := range matching {
			scopes = append(scopes, Scope{Namespace: name, Labels: pods.String()})
		}
	}
	return scopes
}

// History is what earlier checks have found. That of the first has the grace alone.
type History struct {
	// Grace is how long a pod may be outside the mesh before it is suspected.
	Grace time.Duration
	// captured are pods that have started again with their node, and were in the mesh then: when
	// their network was set up. A later restart of istio-cni does not take them out.
	captured map[types.UID]time.Time
	// outside are pods that were found outside the mesh, and since when.
	outside map[types.UID]time.Time
}

// Settled reports whether another check soon would find nothing else: no pod is in its grace.
func (h History) Settled(now time.Time) bool {
	for _, since := range h.outside {
		if now.Sub(since) < h.Grace {
			return false
		}
	}
	return true
}

// Check returns those of the candidates whose traffic may bypass the mesh, sorted, each once, and
// the history for the next check. Namespaces are the labels of all namespaces, by name.
func (h History) Check(
	selection Selection, candidates []Candidate, namespaces map[string]map[string]string, agents Agents, now time.Time,
) ([]v1.SuspectPod, History) {
	next := History{Grace: h.Grace, captured: map[types.UID]time.Time{}, outside: map[types.UID]time.Time{}}
	var suspects []v1.SuspectPod
	for _, pod := range candidates {
		if pod.Network.IsZero() || !selection.Selects(pod.Pod, namespaces[pod.Namespace]) {
			continue
		}
		if reason := h.add(pod, agents, now, next); reason != "" {
			suspects = append(suspects, v1.SuspectPod{Namespace: pod.Namespace, Name: pod.Name, Node: pod.Node, Reason: reason})
		}
	}
	slices.SortFunc(suspects, func(a, b v1.SuspectPod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return slices.Compact(suspects), next
}

// add adds what is known of a pod that is to be in the mesh, and returns why it may bypass the
// mesh. Empty: it does not, or not for long yet.
func (h History) add(pod Candidate, agents Agents, now time.Time, next History) string {
	reason := h.reason(pod, agents)
	if reason == "" {
		if pod.Restarted {
			next.captured[pod.UID] = pod.Network
		}
		return ""
	}
	since, known := h.outside[pod.UID]
	if !known {
		since = now
	}
	next.outside[pod.UID] = since
	if now.Sub(since) < h.Grace {
		return ""
	}
	return reason
}

// reason says why a pod that is to be in the mesh may bypass it. Empty: it does not.
func (h History) reason(pod Candidate, agents Agents) string {
	switch {
	case pod.Annotations[redirection] != redirected:
		return v1.SuspectNotRedirected
	case !pod.Restarted: // istio-cni wrote the annotation for this network.
	case agents.captures(pod), h.captured[pod.UID].Equal(pod.Network):
	default:
		return v1.SuspectStartedWithoutCNI
	}
	return ""
}

// BypassMessage says what to do about suspects. Empty: there are none.
func BypassMessage(suspects []v1.SuspectPod) string {
	if len(suspects) == 0 {
		return ""
	}
	pods := make([]Pod, len(suspects))
	for i, s := range suspects {
		pods[i] = Pod{Namespace: s.Namespace, Name: s.Name}
	}
	placeholder := "NAMESPACE"
	if namespaces := namespacesOf(pods); len(namespaces) == 1 {
		placeholder = namespaces[0]
	}
	return fmt.Sprintf("%s may bypass the mesh, neither encrypted nor authorized: %s. Check that istio-cni is ready on their nodes, then restart them: "+
		"kubectl rollout restart deployment,statefulset,daemonset -n %s", podCount(len(suspects)), podNames(pods), placeholder)
}

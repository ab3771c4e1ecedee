// SPDX-License-Identifier: Apache-2.0

package enrollment_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
)

// The moments of a node: pods are created, the node boots, and istio-cni is ready again.
var (
	created = time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC)
	booted  = created.Add(time.Hour)
	ready   = booted.Add(time.Minute)
	later   = ready.Add(time.Hour)
)

// condition is a condition of a pod that is true since then.
func condition(kind corev1.PodConditionType, since time.Time) corev1.PodCondition {
	return corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(since)}
}

// running is a pod in the mesh whose network was set up then, and whose containers started so often again.
func running(name string, network time.Time, restarts ...int32) *corev1.Pod {
	started := metav1.NewTime(created)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "app", Name: name, UID: types.UID(name), Annotations: map[string]string{"ambient.istio.io/redirection": "enabled"}},
		Spec:       corev1.PodSpec{NodeName: "node"},
		Status:     corev1.PodStatus{StartTime: &started, Conditions: []corev1.PodCondition{condition(corev1.PodReadyToStartContainers, network)}},
	}
	for _, count := range restarts {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{RestartCount: count})
	}
	return pod
}

// agentSince is istio-cni on the node, ready since then.
func agentSince(since time.Time) []corev1.Pod {
	return []corev1.Pod{{Spec: corev1.PodSpec{NodeName: "node"}, Status: corev1.PodStatus{Conditions: []corev1.PodCondition{condition(corev1.PodReady, since)}}}}
}

var (
	reconciling = map[string]string{"AMBIENT_ENABLED": "true", "AMBIENT_RECONCILE_POD_RULES_ON_STARTUP": "true"}
	startOnly   = map[string]string{"AMBIENT_ENABLED": "true", "AMBIENT_RECONCILE_POD_RULES_ON_STARTUP": "false"}
	ambient     = map[string]map[string]string{"app": {v1.DataplaneModeLabel: v1.DataplaneModeAmbient}, "other": {}}
)

// found are the suspects of a check, and its history.
func found(h enrollment.History, settings map[string]string, agents []corev1.Pod, now time.Time, pods ...*corev1.Pod) ([]v1.SuspectPod, enrollment.History) {
	var candidates []enrollment.Candidate
	for _, pod := range pods {
		candidates = append(candidates, enrollment.CandidateOf(pod))
	}
	return h.Check(enrollment.SelectionOf(settings), candidates, ambient, enrollment.AgentsOf(agents, settings), now)
}

// confirmed are the suspects of two checks, one after the grace of the other.
func confirmed(settings map[string]string, agents []corev1.Pod, pods ...*corev1.Pod) []v1.SuspectPod {
	GinkgoHelper()
	early, history := found(first(), settings, agents, later, pods...)
	Expect(early).To(BeEmpty(), "no pod is suspected before the grace")
	second, _ := found(history, settings, agents, later.Add(enrollment.BypassGrace), pods...)
	return second
}

func first() enrollment.History { return enrollment.History{Grace: enrollment.BypassGrace} }

func suspect(name, reason string) v1.SuspectPod {
	return v1.SuspectPod{Namespace: "app", Name: name, Node: "node", Reason: reason}
}

var _ = Describe("A pod that may bypass the mesh", func() {
	without := func(pod *corev1.Pod) *corev1.Pod { pod.Annotations = nil; return pod }

	It("is to be in the mesh, and istio-cni has not put it in", func() {
		Expect(confirmed(reconciling, agentSince(created), without(running("b", created, 0)), without(running("a", created, 0)), running("in", created, 0))).
			To(HaveExactElements(suspect("a", v1.SuspectNotRedirected), suspect("b", v1.SuspectNotRedirected)))
	})

	It("is one that ztunnel has not accepted", func() {
		pod := running("a", created, 0)
		pod.Annotations["ambient.istio.io/redirection"] = "pending"
		Expect(confirmed(reconciling, agentSince(created), pod)).To(HaveExactElements(suspect("a", v1.SuspectNotRedirected)))
	})

	It("has started again with its node, before istio-cni was ready, which does not write its rules again", func() {
		Expect(confirmed(startOnly, agentSince(ready), running("a", booted, 1, 2))).To(HaveExactElements(suspect("a", v1.SuspectStartedWithoutCNI)))
	})

	It("has started again with its node, and istio-cni is not there", func() {
		Expect(confirmed(reconciling, nil, running("a", booted, 1))).To(HaveExactElements(suspect("a", v1.SuspectStartedWithoutCNI)))
	})

	It("is suspected once, though two selectors list it", func() {
		pod := without(running("a", created, 0))
		Expect(confirmed(reconciling, nil, pod, pod)).To(HaveLen(1))
	})

	DescribeTable("is none", func(settings map[string]string, agents []corev1.Pod, pod *corev1.Pod) {
		Expect(confirmed(settings, agents, pod)).To(BeEmpty())
	},
		Entry("where istio-cni writes its rules again when it starts", reconciling, agentSince(ready), running("a", booted, 1)),
		Entry("where istio-cni was ready before it", startOnly, agentSince(booted), running("a", booted, 1)),
		Entry("where only a container started again", startOnly, agentSince(ready), running("a", created, 3)),
		Entry("where its network took long, and no container started again", startOnly, agentSince(ready), running("a", booted, 0)),
		Entry("where one container started for the first time", startOnly, agentSince(ready), running("a", booted, 1, 0)),
		Entry("before its containers are known", startOnly, agentSince(ready), running("a", booted)),
		Entry("after istio-cni was replaced", startOnly, agentSince(later), running("a", created, 0)),
	)

	It("is none outside of the selection, without a network, or while it is deleted", func() {
		outside, waiting, leaving := without(running("a", created, 0)), without(running("b", created, 0)), without(running("c", created, 0))
		outside.Namespace = "other"
		waiting.Status.Conditions[0].Status = corev1.ConditionFalse
		leaving.DeletionTimestamp = &metav1.Time{Time: later}
		Expect(confirmed(reconciling, nil, outside, waiting, leaving)).To(BeEmpty())
	})

	It("is none any more once it has been in the mesh since its network was set up, whatever becomes of istio-cni", func() {
		pod := running("a", booted, 1)
		_, history := found(first(), startOnly, agentSince(booted), ready, pod)
		for _, agents := range [][]corev1.Pod{nil, agentSince(later)} {
			now := later
			for range 2 {
				var suspects []v1.SuspectPod
				suspects, history = found(history, startOnly, agents, now, pod)
				Expect(suspects).To(BeEmpty())
				now = now.Add(enrollment.BypassGrace)
			}
		}
		again := running("a", later, 2)
		_, history = found(history, startOnly, nil, later, again)
		suspects, _ := found(history, startOnly, nil, later.Add(enrollment.BypassGrace), again)
		Expect(suspects).To(HaveLen(1), "its network is another one after the next boot")
	})

	It("has a grace, which another check has to wait for", func() {
		Expect(first().Settled(later)).To(BeTrue())
		suspects, history := found(first(), reconciling, nil, later, without(running("a", created, 0)))
		Expect(suspects).To(BeEmpty())
		Expect(history.Settled(later.Add(enrollment.BypassGrace - 1))).To(BeFalse())
		Expect(history.Settled(later.Add(enrollment.BypassGrace))).To(BeTrue())
		suspects, _ = found(history, reconciling, nil, later.Add(enrollment.BypassGrace-1), without(running("a", created, 0)))
		Expect(suspects).To(BeEmpty())
		_, history = found(history, reconciling, nil, later, running("a", created, 0))
		Expect(history.Settled(later)).To(BeTrue(), "it is in the mesh now")
	})
})

var _ = DescribeTable("The lists of pods that are to be in the mesh are", func(selectors string, most int, scopes []enrollment.Scope) {
	settings := map[string]string{"AMBIENT_ENABLED": "true", "EXCLUDE_NAMESPACES": "excluded"}
	if selectors != "" {
		settings["AMBIENT_ENABLEMENT_SELECTOR"] = selectors
	}
	namespaces := map[string]map[string]string{"excluded": {v1.DataplaneModeLabel: v1.DataplaneModeAmbient}, "b": {v1.DataplaneModeLabel: v1.DataplaneModeAmbient, "team": "x"},
		"a": {v1.DataplaneModeLabel: v1.DataplaneModeAmbient}, "other": {}}
	Expect(enrollment.SelectionOf(settings).Scopes(namespaces, most)).To(Equal(scopes))
},
	Entry("of labeled pods everywhere, and of labeled namespaces", "", 2, []enrollment.Scope{
		{Labels: "istio.io/dataplane-mode=ambient"},
		{Namespace: "a", Labels: "istio.io/dataplane-mode notin (none)"}, {Namespace: "b", Labels: "istio.io/dataplane-mode notin (none)"},
	}),
	Entry("of all namespaces where there are more", "", 1, []enrollment.Scope{
		{Labels: "istio.io/dataplane-mode=ambient"}, {Labels: "istio.io/dataplane-mode notin (none)"},
	}),
	Entry("by other selectors", "- namespaceSelector: {matchLabels: {team: x}}\n", 2, []enrollment.Scope{{Namespace: "b"}}),
	Entry("none by an invalid selector", "- podSelector: {matchExpressions: [{key: app, operator: Near}]}\n", 2, nil),
	Entry("none by an invalid selector of namespaces", "- namespaceSelector: {matchExpressions: [{key: app, operator: Near}]}\n", 2, nil),
)

var _ = Describe("The message about pods that may bypass the mesh", func() {
	It("says what to do", func() {
		Expect(enrollment.BypassMessage(nil)).To(BeEmpty())
		Expect(enrollment.BypassMessage([]v1.SuspectPod{suspect("a", ""), suspect("b", "")})).To(Equal(
			"2 pods may bypass the mesh, neither encrypted nor authorized: app/a, app/b. Check that istio-cni is ready on their nodes, then restart them: " +
				"kubectl rollout restart deployment,statefulset,daemonset -n app"))
		elsewhere := suspect("a", "")
		elsewhere.Namespace = "shop"
		Expect(enrollment.BypassMessage([]v1.SuspectPod{suspect("a", ""), elsewhere})).To(HaveSuffix("-n NAMESPACE"))
	})
})

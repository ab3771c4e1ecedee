// SPDX-License-Identifier: Apache-2.0

package enrollment_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/gloo-operator/gloo-operator/internal/enrollment"
)

const mode = "istio.io/dataplane-mode"

// pod is a pod in the mesh, by its namespace or by the mode of its own label.
func pod(namespace, name string, modes ...string) enrollment.Pod {
	p := enrollment.Pod{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}}
	for _, m := range modes {
		p.Labels[mode] = m
	}
	return p
}

// listed is a pod as the API server lists it.
func listed(name string, annotations map[string]string) metav1.PartialObjectMetadata {
	return metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "app", Name: name, Annotations: annotations}}
}

var _ = Describe("Pods in the mesh", func() {
	It("are those that istio-cni has redirected to a ztunnel that has accepted them", func() {
		found := enrollment.Redirected([]metav1.PartialObjectMetadata{
			listed("in", map[string]string{"ambient.istio.io/redirection": "enabled"}),
			listed("pending", map[string]string{"ambient.istio.io/redirection": "pending"}),
			listed("out", nil),
		})
		Expect(found).To(HaveExactElements(HaveField("Name", "in")))
	})

	It("are looked for among those that run, outside the host's network", func() {
		selector, err := fields.ParseSelector(enrollment.Running)
		Expect(err).NotTo(HaveOccurred())
		at := func(phase corev1.PodPhase, hostNetwork bool) bool {
			return selector.Matches(fields.Set{"status.phase": string(phase), "spec.hostNetwork": fmt.Sprint(hostNetwork)})
		}
		Expect(at(corev1.PodRunning, false)).To(BeTrue())
		Expect(at(corev1.PodPending, false)).To(BeTrue())
		Expect(at(corev1.PodSucceeded, false)).To(BeFalse())
		Expect(at(corev1.PodFailed, false)).To(BeFalse())
		Expect(at(corev1.PodRunning, true)).To(BeFalse())
	})

	It("count once where two lists have them", func() {
		Expect(enrollment.Union([]enrollment.Pod{pod("b", "x"), pod("a", "y")}, []enrollment.Pod{pod("b", "x"), pod("a", "x")})).
			To(HaveExactElements(pod("a", "x"), pod("a", "y"), pod("b", "x")))
	})
})

var _ = Describe("The message about a removal of ztunnel", func() {
	message := func(f enrollment.Findings) string {
		return enrollment.Change{Removed: true}.Message(f, "managed-istio")
	}

	It("has the number of pods and the command that takes their namespace out of the mesh", func() {
		Expect(message(enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x"), pod("app", "y")}, Namespaces: []string{"app", "empty"}})).To(Equal(
			"2 pods in the mesh would be cut off until they are restarted, because ztunnel is about to be removed. " +
				"Take them out of the mesh: kubectl label namespace app istio.io/dataplane-mode-. " +
				"To continue regardless: kubectl annotate servicemeshcontroller managed-istio operator.gloo.solo.io/cut-off-workloads=true"))
	})

	It("names five namespaces, and how to list the others", func() {
		f := enrollment.Findings{}
		for i := range 7 {
			name := fmt.Sprintf("app-%d", i)
			f.Pods, f.Namespaces = append(f.Pods, pod(name, "x")), append(f.Namespaces, name)
		}
		Expect(message(f)).To(ContainSubstring("kubectl label namespace app-0 app-1 app-2 app-3 app-4 istio.io/dataplane-mode- " +
			"(and 2 more: kubectl get namespace -l istio.io/dataplane-mode=ambient)"))
	})

	It("has another command for pods with a label of their own", func() {
		text := message(enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x", "ambient"), pod("shop", "y")}, Namespaces: []string{"shop"}})
		Expect(text).To(ContainSubstring("kubectl label namespace shop istio.io/dataplane-mode-; " +
			"kubectl label pod -n app -l istio.io/dataplane-mode=ambient istio.io/dataplane-mode- (and in their templates)"))
	})

	It("says that it waits for pods that nothing keeps in the mesh", func() {
		f := enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x"), pod("shop", "y", "none")}, Namespaces: []string{"shop"}}
		Expect(message(f)).To(And(ContainSubstring("Waiting for istio-cni to take out 2 pods: app/x, shop/y"), Not(ContainSubstring("kubectl label"))))
		Expect(f.BeingRemoved()).To(BeTrue())
		Expect(enrollment.Findings{Pods: []enrollment.Pod{pod("shop", "y")}, Namespaces: []string{"shop"}}.BeingRemoved()).To(BeFalse())
	})

	It("names the nodes that take no pod out, and their pods", func() {
		stuck := []enrollment.Pod{pod("app", "x")}
		Expect(message(enrollment.Findings{Pods: stuck, StuckPods: []enrollment.StuckPods{{Node: "node-1", Pods: stuck}}})).To(ContainSubstring(
			"On node node-1 istio-cni or ztunnel is not ready, so app/x cannot leave the mesh: fix or remove the node, or delete the pods"))
	})

	It("says how many more nodes take no pod out than it names or has checked", func() {
		f := enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x")}, UncheckedNodes: 3}
		for i := range 6 {
			f.StuckPods = append(f.StuckPods, enrollment.StuckPods{Node: fmt.Sprint("node-", i), Pods: f.Pods})
		}
		Expect(message(f)).To(And(ContainSubstring("On node node-4 "), Not(ContainSubstring("On node node-5 ")), ContainSubstring("The same applies to 1 more node. "),
			ContainSubstring("istio-cni or ztunnel is not ready on 3 more nodes either, whose pods were not checked")))
	})

	It("says that istio-cni is missing, instead of naming each node", func() {
		Expect(message(enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x")}, CNIMissing: true})).To(ContainSubstring(
			"istio-cni is missing: its DaemonSet does not exist, and without it no pod can leave the mesh. Remove the pods' labels, then delete the pods"))
	})

	It("is about namespaces where pods may not be listed", func() {
		f := enrollment.Findings{Unknown: true, Namespaces: []string{"app", "shop"}}
		Expect(message(f)).To(And(HavePrefix("the pods of 2 namespaces labeled istio.io/dataplane-mode=ambient would be cut off"),
			ContainSubstring("kubectl label namespace app shop istio.io/dataplane-mode-")))
	})

	It("says which pods to restart where istio-cni may leave its rules in them", func() {
		restart := func(f enrollment.Findings) string { f.RulesLeftBy = "1.29.1"; return message(f) }
		const command = "restart these pods at once, kubectl rollout restart deployment,statefulset,daemonset -n "
		Expect(restart(enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x")}, Namespaces: []string{"app", "empty"}})).To(And(
			ContainSubstring("istio-cni 1.29.1 may leave its iptables rules in pods"), ContainSubstring(command+"app. ")))
		Expect(restart(enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x"), pod("shop", "y")}})).To(ContainSubstring(command + "NAMESPACE. "))
		Expect(restart(enrollment.Findings{Unknown: true, Namespaces: []string{"app"}})).To(ContainSubstring(command + "app. "))
		Expect(message(enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x")}})).NotTo(ContainSubstring("iptables"))
	})

	It("says in the event what happened to them", func() {
		Expect(enrollment.Change{Removed: true}.CutOff(enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x")}})).To(And(
			HavePrefix("continuing although 1 pod in the mesh will be cut off until they are restarted, as the annotation operator.gloo.solo.io/cut-off-workloads allows: app/x"),
			ContainSubstring("kubectl rollout restart")))
		Expect(enrollment.Change{Removed: true}.CutOff(enrollment.Findings{Unknown: true})).To(HavePrefix(
			"continuing although pods in the mesh will be cut off until they are restarted, as the annotation operator.gloo.solo.io/cut-off-workloads allows; restart them"))
	})
})

var _ = Describe("The message about a change of spec", func() {
	f := enrollment.Findings{Pods: []enrollment.Pod{pod("app", "x")}, Namespaces: []string{"app"}}

	It("names the nodes that ztunnel leaves, and the pods there", func() {
		Expect(enrollment.Change{Nodes: []string{"a", "b"}}.Message(f, "m")).To(And(
			ContainSubstring("because ztunnel or istio-cni would leave nodes a, b: app/x"), ContainSubstring("Or move them to other nodes")))
	})

	It("names the pods that istio-cni no longer selects", func() {
		selection := enrollment.SelectionOf(nil)
		Expect(enrollment.Change{Selection: &selection}.Message(f, "m")).To(And(
			ContainSubstring("istio-cni would no longer select them (values cni.ambient): app/x"), ContainSubstring("Or label them")))
	})

	It("distinguishes the pods that leave the mesh only when they restart", func() {
		selection := enrollment.SelectionOf(map[string]string{"AMBIENT_ENABLED": "true", "EXCLUDE_NAMESPACES": "shop"})
		ambient := map[string]string{mode: "ambient"}
		dropped := selection.Dropped([]enrollment.Pod{pod("app", "x"), pod("shop", "y"), pod("shop", "z", "none")}, map[string]map[string]string{"shop": ambient})
		change := enrollment.Change{Selection: &selection}
		Expect(change.Message(enrollment.Findings{Pods: dropped}, "m")).To(HavePrefix(
			"2 pods in the mesh would be cut off until they are restarted, because istio-cni would no longer select them (values cni.ambient): app/x, shop/z. " +
				"1 pod would leave the mesh when they restart, because istio-cni excludes their namespaces (value cni.excludeNamespaces): shop/y. "))
		excluded := enrollment.Findings{Pods: []enrollment.Pod{dropped[1]}}
		Expect(change.Message(excluded, "m")).To(And(HavePrefix("1 pod would leave the mesh when they restart"), Not(ContainSubstring("cut off until")),
			ContainSubstring("Or undo the change of the value. ")))
		Expect(change.CutOff(excluded)).To(And(HavePrefix("continuing although 1 pod will leave the mesh when they restart"), Not(ContainSubstring("rollout restart"))))
		Expect(change.CutOff(enrollment.Findings{Pods: dropped})).To(And(HavePrefix("continuing although 2 pods in the mesh will be cut off"), Not(ContainSubstring("shop/y"))))
		Expect(enrollment.Union([]enrollment.Pod{dropped[1]}, []enrollment.Pod{pod("shop", "y")})).To(Equal([]enrollment.Pod{pod("shop", "y")}), "on a node that ztunnel leaves, it is cut off")
	})

	It("is needed for those changes alone", func() {
		selection := enrollment.SelectionOf(nil)
		for _, c := range []enrollment.Change{{Removed: true}, {Nodes: []string{"a"}}, {Selection: &selection}} {
			Expect(c.None()).To(BeFalse())
		}
		Expect(enrollment.Change{}.None()).To(BeTrue())
	})
})

var _ = DescribeTable("istio-cni selects",
	func(settings map[string]string, p enrollment.Pod, namespace map[string]string, selected bool) {
		all := map[string]string{"AMBIENT_ENABLED": "true"}
		for key, value := range settings {
			all[key] = value
		}
		Expect(enrollment.SelectionOf(all).Selects(p, namespace)).To(Equal(selected))
	},
	Entry("a pod of a labeled namespace", nil, pod("app", "x"), map[string]string{mode: "ambient"}, true),
	Entry("no pod of another", nil, pod("app", "x"), nil, false),
	Entry("no pod that opts out", nil, pod("app", "x", "none"), map[string]string{mode: "ambient"}, false),
	Entry("a labeled pod", nil, pod("app", "x", "ambient"), nil, true),
	Entry("no pod where ambient is off", map[string]string{"AMBIENT_ENABLED": "false"}, pod("app", "x", "ambient"), nil, false),
	Entry("no pod of an excluded namespace", map[string]string{"EXCLUDE_NAMESPACES": "kube-system,app"}, pod("app", "x", "ambient"), nil, false),
	Entry("a pod by other selectors", map[string]string{"AMBIENT_ENABLEMENT_SELECTOR": "- namespaceSelector: {matchLabels: {team: a}}\n"}, pod("app", "x"), map[string]string{"team": "a"}, true),
	Entry("no pod by the label where the selectors are others", map[string]string{"AMBIENT_ENABLEMENT_SELECTOR": "- namespaceSelector: {matchLabels: {team: a}}\n"}, pod("app", "x"), map[string]string{mode: "ambient"}, false),
	Entry("no pod by selectors that cannot be read", map[string]string{"AMBIENT_ENABLEMENT_SELECTOR": "- ["}, pod("app", "x", "ambient"), nil, false),
	Entry("no pod by an invalid selector", map[string]string{"AMBIENT_ENABLEMENT_SELECTOR": "- podSelector: {matchExpressions: [{key: app, operator: Near}]}\n"}, pod("app", "x", "ambient"), nil, false),
	Entry("no pod by selectors with aliases", map[string]string{"AMBIENT_ENABLEMENT_SELECTOR": "- podSelector: &a {}\n- podSelector: *a\n"}, pod("app", "x", "ambient"), nil, false),
	Entry("no pod with a sidecar", nil, enrollment.Pod{Namespace: "app", Annotations: map[string]string{"sidecar.istio.io/status": "{}"}}, map[string]string{mode: "ambient"}, false),
)

var _ = Describe("A selection", func() {
	It("drops the pods that it does not select", func() {
		labels := map[string]map[string]string{"app": {mode: "ambient"}}
		selection := enrollment.SelectionOf(map[string]string{"AMBIENT_ENABLED": "true"})
		Expect(selection.Dropped([]enrollment.Pod{pod("app", "x"), pod("other", "y")}, labels)).To(HaveExactElements(pod("other", "y")))
	})

	It("is none where ambient is off", func() {
		Expect(enrollment.SelectionOf(map[string]string{"AMBIENT_ENABLED": "false"}).Empty()).To(BeTrue())
		Expect(enrollment.SelectionOf(map[string]string{"AMBIENT_ENABLED": "true"}).Empty()).To(BeFalse())
	})

	It("is the same in releases that have no selectors yet as in those whose default they are", func() {
		selectors := "- podSelector:\n    matchLabels: {istio.io/dataplane-mode: ambient}\n- podSelector:\n    matchExpressions:\n" +
			"    - { key: istio.io/dataplane-mode, operator: NotIn, values: [none] }\n  namespaceSelector:\n    matchLabels: {istio.io/dataplane-mode: ambient}\n"
		Expect(enrollment.SelectionOf(map[string]string{"AMBIENT_ENABLED": "true", "AMBIENT_ENABLEMENT_SELECTOR": selectors})).
			To(Equal(enrollment.SelectionOf(map[string]string{"AMBIENT_ENABLED": "true"})))
	})
})

// node is a node of that zone with those taints.
func node(name, zone string, taints ...corev1.Taint) corev1.Node {
	return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"zone": zone}}, Spec: corev1.NodeSpec{Taints: taints}}
}

var _ = Describe("The nodes that a DaemonSet leaves", func() {
	gpu := corev1.Taint{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}
	everywhere := corev1.PodSpec{Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}}}
	nodes := []corev1.Node{node("b", "2"), node("a", "1"), node("gpu", "1", gpu),
		node("cordoned", "1", corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}),
		node("disliked", "1", corev1.Taint{Key: "old", Effect: corev1.TaintEffectPreferNoSchedule})}

	DescribeTable("are those", func(before, after corev1.PodSpec, left ...string) {
		Expect(enrollment.UncoveredNodes(before, after, nodes)).To(Equal(left))
		Expect(enrollment.SamePlacement(before, before)).To(BeTrue())
		Expect(enrollment.SamePlacement(before, after)).To(BeFalse())
	},
		Entry("that a node selector leaves out", everywhere, corev1.PodSpec{Tolerations: everywhere.Tolerations, NodeSelector: map[string]string{"zone": "1"}}, "b"),
		Entry("whose taints are no longer tolerated, but for those that every DaemonSet tolerates", everywhere, corev1.PodSpec{}, "gpu"),
		Entry("that a required affinity leaves out", everywhere, corev1.PodSpec{Tolerations: everywhere.Tolerations, Affinity: &corev1.Affinity{
			NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{
				{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{"2"}}}}}}}}},
			"a", "cordoned", "disliked", "gpu"),
	)

	It("are none where it goes to more nodes", func() {
		Expect(enrollment.UncoveredNodes(corev1.PodSpec{NodeSelector: map[string]string{"zone": "1"}}, everywhere, nodes)).To(BeEmpty())
	})
})

var _ = It("finds the nodes without a ready pod", func() {
	at := func(node string, ready corev1.ConditionStatus) corev1.Pod {
		return corev1.Pod{Spec: corev1.PodSpec{NodeName: node}, Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}}}
	}
	Expect(enrollment.WithoutReadyPod([]string{"a", "b", "c"}, []corev1.Pod{at("a", corev1.ConditionTrue), at("b", corev1.ConditionFalse)})).
		To(HaveExactElements("b", "c"))
})

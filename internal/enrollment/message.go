// SPDX-License-Identifier: Apache-2.0

package enrollment

import (
	"fmt"
	"slices"
	"strings"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// maxNames is how many namespaces, pods or nodes a message names.
const maxNames = 5

// Message says what a change of that mesh would cut off, and what to do.
func (c Change) Message(f Findings, mesh string) string {
	cut, left := f.split()
	var parts []string
	if len(left) == 0 || len(cut.Pods) > 0 {
		parts = append(parts, c.subject(cut))
	}
	if len(left) > 0 {
		parts = append(parts, leaving(left, "would leave"))
	}
	parts = append(parts, f.stuckPods()...)
	parts = append(parts, c.advice(f)...)
	return strings.Join(parts, ". ") + fmt.Sprintf(
		". To continue regardless: kubectl annotate servicemeshcontroller %s %s=true", mesh, v1.CutOffAnnotation)
}

// CutOff says what the change cuts off, and how that ends.
func (c Change) CutOff(f Findings) string {
	cut, left := f.split()
	if len(left) > 0 && len(cut.Pods) == 0 {
		return fmt.Sprintf("continuing although %s, as the annotation %s allows", leaving(left, "will leave"), v1.CutOffAnnotation)
	}
	text := fmt.Sprintf("continuing although %s cut off until they are restarted, as the annotation %s allows", cut.count("will be", "will be"), v1.CutOffAnnotation)
	if names := cut.names(); names != "" {
		text += ": " + names
	}
	return text + "; restart them afterwards: kubectl rollout restart deployment,statefulset,daemonset -n NAMESPACE"
}

// split returns the findings that are cut off, and the pods that stay in the mesh until they restart:
// istio-cni leaves alone what starts in a namespace that it excludes, and nothing else there.
func (f Findings) split() (cut Findings, left []Pod) {
	cut = f
	cut.Pods = nil
	for _, pod := range f.Pods {
		if pod.UntilRestart {
			left = append(left, pod)
		} else {
			cut.Pods = append(cut.Pods, pod)
		}
	}
	return cut, left
}

// leaving says which pods leave the mesh when they restart. The verb is "would leave" or "will leave".
func leaving(left []Pod, verb string) string {
	return fmt.Sprintf("%s %s the mesh when they restart, because istio-cni excludes their namespaces (value cni.excludeNamespaces): %s",
		podCount(len(left)), verb, podNames(left))
}

// subject says what would be cut off, and by what.
func (c Change) subject(f Findings) string {
	what := f.count("would be", "would be") + " cut off until they are restarted"
	switch {
	case c.Removed:
		return what + ", because ztunnel is about to be removed"
	case len(c.Nodes) > 0:
		return fmt.Sprintf("%s, because ztunnel or istio-cni would leave %s: %s", what, nodeNames(c.Nodes), f.names())
	default:
		return fmt.Sprintf("%s, because istio-cni would no longer select them (values cni.ambient): %s", what, f.names())
	}
}

// advice says what takes the pods out of the mesh, and what else helps.
func (c Change) advice(f Findings) []string {
	commands, leaving := f.commands(), f.beingRemoved()
	var advice []string
	if len(commands) > 0 {
		advice = append(advice, "Take them out of the mesh: "+strings.Join(commands, "; "))
	}
	if len(leaving) > 0 {
		advice = append(advice, fmt.Sprintf("Waiting for istio-cni to take out %s: %s", podCount(len(leaving)), podNames(leaving)))
	}
	if f.RulesLeftBy != "" {
		advice = append(advice, f.RestartAdvice())
	}
	switch {
	case c.Removed:
	case len(c.Nodes) > 0:
		advice = append(advice, "Or move them to other nodes, or change nodeSelector, affinity or tolerations of ztunnel and cni to cover these nodes")
	default:
		advice = append(advice, f.selectionAdvice())
	}
	return advice
}

// selectionAdvice says what keeps the pods in the mesh.
func (f Findings) selectionAdvice() string {
	if cut, left := f.split(); len(left) > 0 && len(cut.Pods) == 0 {
		return "Or undo the change of the value"
	}
	return "Or label them so that the new selectors match them, or undo the change of the values"
}

// RestartAdvice says which pods to restart, and why: out of the mesh, they would be cut off.
func (f Findings) RestartAdvice() string {
	namespaces := f.Namespaces
	if !f.Unknown {
		namespaces = namespacesOf(f.Pods)
	}
	placeholder := "NAMESPACE"
	if len(namespaces) == 1 {
		placeholder = namespaces[0]
	}
	return fmt.Sprintf("istio-cni %s may leave its iptables rules in pods that joined the mesh before it last restarted on their node, which cuts them off "+
		"(https://github.com/istio/istio/issues/61020): restart these pods at once, kubectl rollout restart deployment,statefulset,daemonset -n %s",
		f.RulesLeftBy, placeholder)
}

// commands are those that take the pods out of the mesh.
func (f Findings) commands() []string {
	var commands []string
	if namespaces := f.labeledNamespaces(); len(namespaces) > 0 {
		command := fmt.Sprintf("kubectl label namespace %s %s-", strings.Join(namespaces[:min(maxNames, len(namespaces))], " "), v1.DataplaneModeLabel)
		if more := len(namespaces) - maxNames; more > 0 {
			command += fmt.Sprintf(" (and %d more: kubectl get namespace -l %s=%s)", more, v1.DataplaneModeLabel, v1.DataplaneModeAmbient)
		}
		commands = append(commands, command)
	}
	own := namespacesOf(slices.DeleteFunc(slices.Clone(f.Pods), func(p Pod) bool { return !p.ownLabel() }))
	for _, namespace := range own[:min(maxNames, len(own))] {
		commands = append(commands, fmt.Sprintf("kubectl label pod -n %s -l %s=%s %[2]s- (and in their templates)",
			namespace, v1.DataplaneModeLabel, v1.DataplaneModeAmbient))
	}
	if more := len(own) - maxNames; more > 0 {
		commands = append(commands, fmt.Sprintf("the same in %d more namespaces", more))
	}
	return commands
}

// labeledNamespaces are the namespaces whose label keeps the pods in the mesh.
func (f Findings) labeledNamespaces() []string {
	if f.Unknown {
		return f.Namespaces
	}
	following := namespacesOf(slices.DeleteFunc(slices.Clone(f.Pods), func(p Pod) bool { return !p.inheritsMode() }))
	return slices.DeleteFunc(following, func(name string) bool { return !slices.Contains(f.Namespaces, name) })
}

// beingRemoved are the pods that neither their namespace nor their own label keeps in the mesh.
func (f Findings) beingRemoved() []Pod {
	return slices.DeleteFunc(slices.Clone(f.Pods), func(p Pod) bool {
		return p.ownLabel() || p.inheritsMode() && slices.Contains(f.Namespaces, p.Namespace)
	})
}

// stuckPods says which pods nothing takes out of the mesh.
func (f Findings) stuckPods() []string {
	var parts []string
	if f.CNIMissing {
		parts = append(parts, "istio-cni is missing: its DaemonSet does not exist, and without it no pod can leave the mesh. Remove the pods' labels, then delete the pods")
	}
	for _, u := range f.StuckPods[:min(maxNames, len(f.StuckPods))] {
		parts = append(parts, fmt.Sprintf("On node %s istio-cni or ztunnel is not ready, so %s cannot leave the mesh: fix or remove the node, or delete the pods",
			u.Node, podNames(u.Pods)))
	}
	if more := len(f.StuckPods) - maxNames; more > 0 {
		parts = append(parts, "The same applies to "+counted(more, "more node"))
	}
	if f.UncheckedNodes > 0 {
		parts = append(parts, fmt.Sprintf("istio-cni or ztunnel is not ready on %s either, whose pods were not checked", counted(f.UncheckedNodes, "more node")))
	}
	return parts
}

// count says how many pods it is about, with a verb.
func (f Findings) count(one, many string) string {
	switch {
	case f.Unknown && len(f.Namespaces) == 0:
		return "pods in the mesh " + many
	case f.Unknown:
		return fmt.Sprintf("the pods of %s labeled %s=%s %s", namespaceCount(len(f.Namespaces)), v1.DataplaneModeLabel, v1.DataplaneModeAmbient, many)
	case len(f.Pods) == 1:
		return podCount(1) + " in the mesh " + one
	default:
		return podCount(len(f.Pods)) + " in the mesh " + many
	}
}

// names are those of the pods or, where they are not known, of the namespaces.
func (f Findings) names() string {
	if f.Unknown {
		return wording.First(f.Namespaces, maxNames)
	}
	return podNames(f.Pods)
}

func podNames(pods []Pod) string {
	all := make([]string, len(pods))
	for i, pod := range pods {
		all[i] = pod.String()
	}
	return wording.First(all, maxNames)
}

func podCount(count int) string { return counted(count, "pod") }

func namespaceCount(count int) string { return counted(count, "namespace") }

func nodeNames(all []string) string {
	if len(all) == 1 {
		return "node " + all[0]
	}
	return "nodes " + wording.First(all, maxNames)
}

func counted(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}

// namespacesOf are the namespaces of the pods, sorted.
func namespacesOf(pods []Pod) []string {
	var all []string
	for _, pod := range pods {
		all = append(all, pod.Namespace)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

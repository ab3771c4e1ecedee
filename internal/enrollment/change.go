// SPDX-License-Identifier: Apache-2.0

package enrollment

// Change is what a removal, or a change of spec, is about to do to pods in the mesh.
type Change struct {
	// Removed: ztunnel is removed, from all nodes.
	Removed bool
	// Nodes are the names, sorted, of the nodes that ztunnel or istio-cni leaves.
	Nodes []string
	// Selection is what istio-cni is to select from now on. Nil: what it selects already.
	Selection *Selection
}

// None reports whether the change cuts off no pod, whichever pods there are.
func (c Change) None() bool { return !c.Removed && len(c.Nodes) == 0 && c.Selection == nil }

// Findings are the pods that a change would cut off, and what keeps them in the mesh.
type Findings struct {
	// Pods that would be cut off.
	Pods []Pod
	// Unknown: the operator may not list pods, and only knows Namespaces.
	Unknown bool
	// Namespaces are the names, sorted, of those that DataplaneModeLabel puts into the mesh.
	Namespaces []string
	// StuckPods are pods that nothing takes out of the mesh.
	StuckPods []StuckPods
	// UncheckedNodes is how many more nodes have no ready istio-cni or ztunnel: their pods were not
	// listed.
	UncheckedNodes int
	// CNIMissing: there is no istio-cni, and no pod can leave the mesh.
	CNIMissing bool
	// RulesLeftBy is the version of an istio-cni that may leave its iptables rules in pods which
	// it takes out of the mesh (istio.LeavesRules). Empty: it leaves none.
	RulesLeftBy string
}

// StuckPods are the pods in the mesh on a node without a ready istio-cni or ztunnel: neither can be
// taken out of the mesh without both.
type StuckPods struct {
	// Node is the name of the node.
	Node string
	// Pods in the mesh there.
	Pods []Pod
}

// BeingRemoved reports whether there are pods that nothing keeps in the mesh any more: istio-cni
// is about to take them out.
func (f Findings) BeingRemoved() bool { return len(f.beingRemoved()) > 0 }

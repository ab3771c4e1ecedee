// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	"github.com/gloo-operator/gloo-operator/internal/status"
)

// effect is what a step may do to the cluster.
type effect int

const (
	// reads: the step looks at the cluster and decides. Diff runs it as well.
	reads effect = iota
	// dryRuns: the step asks the API server by dry runs what a write would do.
	dryRuns
	// restores: the step restores the install namespace and the operator's permissions in it,
	// without which nothing can be read.
	restores
	// writes: the step changes the cluster. No such step stands before one of another kind.
	writes
)

// step is one part of an attempt. It returns what blocks the attempt, or nil.
type step struct {
	name   string
	effect effect
	do     func(*Reconciler, context.Context, *attempt) *status.Blocker
	// required marks a step without which the later ones say nothing: Diff fails where it
	// is blocked.
	required bool
	// when reports whether the step is part of an attempt. Nil: unless the mesh is paused.
	when func(*attempt) bool
}

// steps are the parts of an attempt, in order. Before the first that writes, nothing changes
// but the install namespace and the operator's RoleBinding in it.
var steps = []step{
	{name: "check for an older resource", do: (*Reconciler).checkOldest, required: true, when: always},
	{name: "check installNamespaces", do: (*Reconciler).checkNamespaceAllowed, when: always},
	{name: "check spec.probe", do: (*Reconciler).checkProbeAllowed, when: always},
	{name: "enter the install namespace", effect: restores, do: (*Reconciler).ensureNamespace},
	{name: "read the cluster", do: (*Reconciler).readCluster, required: true, when: always},
	{name: "set the target", do: (*Reconciler).setTarget, when: always},
	{name: "build the plan", do: (*Reconciler).buildPlan, required: true, when: always},
	{name: "examine a paused mesh", effect: dryRuns, do: (*Reconciler).observePaused, when: whilePaused},
	{name: "run the preflight checks", do: (*Reconciler).checkPreflight},
	{name: "check later steps of the upgrade path", do: (*Reconciler).checkLaterSteps},
	{name: "check for conflicts", do: (*Reconciler).checkConflicts},
	{name: "dry run", effect: dryRuns, do: (*Reconciler).dryRun},
	{name: "check the approval", effect: dryRuns, do: (*Reconciler).checkApproval},
	{name: "check the pods in the mesh", do: (*Reconciler).checkEnrolled},
	{name: "add the finalizer", effect: writes, do: (*Reconciler).addFinalizer},
	{name: "record the rollout", effect: writes, do: (*Reconciler).requireRolloutInStatus},
	{name: "take namespaces out of the mesh", effect: writes, do: (*Reconciler).unlabelNamespaces},
	{name: "take over another installation", effect: writes, do: (*Reconciler).takeOver},
	{name: "leave the Gateway API to its owner", effect: writes, do: (*Reconciler).leaveGatewayAPI},
	{name: "apply the components", effect: writes, do: (*Reconciler).applyMesh},
	{name: "restore the labels of namespaces", effect: writes, do: (*Reconciler).relabelNamespaces},
}

func always(*attempt) bool { return true }

func whilePaused(a *attempt) bool { return a.paused }

// applies reports whether the step is part of the attempt.
func (s step) applies(a *attempt) bool {
	if s.when == nil {
		return !a.paused
	}
	return s.when(a)
}

// runSteps runs the steps up to the first that is blocked.
func (r *Reconciler) runSteps(ctx context.Context, a *attempt) {
	for _, s := range steps {
		if !s.applies(a) {
			continue
		}
		switch blocker := s.do(r, ctx, a); blocker {
		case nil:
		case endAttempt:
			return
		default:
			a.Blocker = blocker
			return
		}
	}
}

// endAttempt is returned by a step after which the status has to be written before
// anything else is. Nothing is wrong: the write starts the next attempt.
var endAttempt = &status.Blocker{}

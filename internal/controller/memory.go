// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// memory is what the reconciler remembers of a resource between passes. All of it
// can be lost without harm.
type memory struct {
	// uid of the resource.
	uid types.UID
	// planned tells that the resource was not refused: watches and objects are its own.
	planned bool
	// written is when the status was last written.
	written time.Time
	// writing and recording hold back the status and the Helm releases while writing
	// them fails.
	writing, recording pause
	// left is how much a removal had left when it failed last.
	left int
	// edited is the resource version that the operator's own last write left.
	edited string
	// notes are what no event has told of yet.
	notes []note
	// corrected are drift corrections that no event has told of yet.
	corrected []apply.Change
	// rehearsed is the digest of the plan that the API server would take. Empty: not
	// known.
	rehearsed string
	// recorded are the digests of the components recorded as Helm releases.
	recorded map[string]string
	// recordsWritten is the resource version of the last write to these releases: an older
	// view of them lacks it.
	recordsWritten string
	// swept tells that the releases of components that the plan does not have were
	// looked for.
	swept bool
	// preview is what was found out for a proposal.
	preview preview
	// stalls are of the components whose pods are waited for, by name.
	stalls map[string]*stall
	// helmed tells that a person's helm may have added objects to the mesh: it has
	// changed some, or the mesh is older than this process.
	helmed bool
	// looked tells that what no watch shows was looked for; unwatched is what there may be of
	// it since. cleared tells that a removal has left nothing of it.
	looked, cleared bool
	unwatched       []apply.Key
	// wait is for the pods of a workload that is being removed.
	wait podWait
	// settled is the plan that the mesh was complete by. Nil: not since the start.
	settled *plan.Plan
	// undecodable is what the last event told that cannot be decoded.
	undecodable string
	// namespace is the install namespace.
	namespace namespaceState
	// takeover is one that has failed. Nil: none has.
	takeover *takeover
}

// outdated tells that a resource was read as it was before the operator's own last write.
// A status that is made of such a one would take back a part of what it tells.
func (m *memory) outdated(smc *v1.ServiceMeshController) bool {
	return apply.Older(smc.ResourceVersion, m.edited)
}

// remembered returns what is remembered of a resource. Of one of the same name before it
// nothing is left.
func (r *Reconciler) remembered(smc *v1.ServiceMeshController) *memory {
	r.mu.Lock()
	m, ok := r.memories[smc.Name]
	r.mu.Unlock()
	if ok && m.uid == smc.UID {
		return m
	}
	if ok {
		r.forget(smc.Name)
	}
	m = &memory{uid: smc.UID, recorded: map[string]string{}, stalls: map[string]*stall{}, helmed: smc.Status.Version != ""}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.memories[smc.Name] = m
	return m
}

// forget drops what is kept for a resource that has gone, whether or not its finalizer was
// asked: watches, downloads and what is remembered. What its mesh was like counts for no
// other.
func (r *Reconciler) forget(name string) {
	r.metrics.Forget(name)
	r.charts.Forget(name)
	r.charts.Retain(name)
	r.mu.Lock()
	m, known := r.memories[name]
	delete(r.memories, name)
	r.mu.Unlock()
	if !known || !m.planned {
		return // It had no mesh: what is remembered is another's.
	}
	r.applier.Forget()
	r.pull.Retain()
	r.gatherer.Forget()
}

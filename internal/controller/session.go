// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// session is what the reconciler remembers of a resource between attempts. All of it can
// be lost without harm: a restart loses it. It has no lock, since one worker reconciles.
type session struct {
	// uid of the resource.
	uid types.UID
	// usesCaches: endSession also resets the applier, the gatherer and the pull secrets. It is set
	// once the resource gets to use them.
	usesCaches bool
	// freedAfterPlan is the plan after whose completion memory was last freed. Nil: none was.
	freedAfterPlan *plan.Plan

	// The status and its events: when the status was last written, the resource version that
	// the operator's own last write returned, what no event has reported yet, and the notices
	// that events have reported.
	statusWritten      time.Time
	statusBackoff      backoff
	lastWrittenVersion string
	pendingEvents      []status.PendingEvent
	corrections        []apply.Change
	notices            map[plan.Notice]bool
	// undecodable is the decode error that an event has reported.
	undecodable string

	// Preconditions: the digest of the plan that a dry run has accepted, what a proposal would
	// change, and a takeover that is in progress. Zero: none.
	dryRunDigest string
	preview      preview
	takeover     *takeover

	// trackers are of the components whose pods are not all ready, by name.
	trackers map[string]*rollout.Tracker

	// Helm's records: the digests of the recorded components by release, the resource version of
	// the last write to a record, whether records of components that the plan does not have were
	// deleted, and whether a person's helm may have added objects to the mesh.
	recordedDigests map[string]string
	recordsVersion  string
	recordBackoff   backoff
	releasesPruned  bool
	helmDrift       bool

	// Objects that no watch shows: whether they were listed, and which there may be since.
	unwatchedListed bool
	unwatched       []object.Key

	// The removal of the mesh: how much was left at the last failure, the pods that a deleted
	// workload has still, and whether nothing is left that no watch shows.
	removalLeft      int
	podWait          podWait
	unwatchedRemoved bool

	// hold is the change that pods in the mesh hold up; restoredPlan is the digest of the plan
	// after whose completion the labels of namespaces were restored.
	hold         hold
	restoredPlan string

	// bypass is what is known of pods that may bypass the mesh.
	bypass bypassCheck

	// namespace is the install namespace.
	namespace namespaceState
}

// outdated reports whether a resource was read as it was before the operator's own last
// write. A status derived from it would undo a part of that write.
func (s *session) outdated(smc *v1.ServiceMeshController) bool {
	return apply.OlderResourceVersion(smc.ResourceVersion, s.lastWrittenVersion)
}

// setNamespaceUID notes the install namespace. In a new one of the same name no release is
// recorded yet.
func (s *session) setNamespaceUID(uid types.UID) {
	if s.namespace.uid != "" && s.namespace.uid != uid {
		s.releasesPruned = false
		clear(s.recordedDigests)
	}
	s.namespace.uid = uid
}

// expectUnwatched notes that those objects may be created from now on.
func (s *session) expectUnwatched(wanted []object.Key) {
	for _, key := range wanted {
		if !slices.Contains(s.unwatched, key) {
			s.unwatched = append(s.unwatched, key)
		}
	}
}

// trackerOf returns the tracker of a component, of which so many pods were desired before.
func (s *session) trackerOf(component string, desired int32) *rollout.Tracker {
	if s.trackers[component] == nil {
		s.trackers[component] = rollout.NewTracker(desired)
	}
	return s.trackers[component]
}

// releaseMemory returns memory to the system once a mesh is complete: what planning and
// recording took is not needed until the plan changes.
func (s *session) releaseMemory(p *status.Outcome) {
	if p.Complete() && s.freedAfterPlan != p.Plan {
		s.freedAfterPlan = p.Plan
		debug.FreeOSMemory()
	}
}

// unusedReleases returns the releases that may be recorded of components that the plan
// does not have.
func (s *session) unusedReleases(p *plan.Plan) []string {
	names := component.Releases()
	if s.releasesPruned {
		names = slices.Sorted(maps.Keys(s.recordedDigests))
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(p.Components, func(c plan.Component) bool { return c.Name == name })
	})
}

// preview is what the API server said a change would do.
type preview struct {
	// digest of the plan that was asked about. Empty: none was.
	digest string
	// from is the digest of the plan that was complete then: the answer is about no other.
	from string
	// summary is empty where nothing would change.
	summary string
}

// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"slices"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/certificates"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

// Blocker is what ends an attempt before the mesh is complete.
type Blocker struct {
	// Reason is a constant of api/v1.
	Reason string
	// Message says what is wrong, then what to do.
	Message string
	// Summary is the message without what to do. Empty: the message.
	Summary string
	// Phase is the phase that it leads to. Empty: trying again may help.
	Phase v1.Phase
	// RetryAfter is when to reconcile again without an event. Zero: on the next event.
	RetryAfter time.Duration
	// Cause is the error to back off for. Nil: none.
	Cause error
	// Quiet: not reported, because the next event or RetryAfter starts another attempt.
	Quiet bool
}

// Outcome is what an attempt has found and done.
type Outcome struct {
	// Plan is nil where none could be built.
	Plan *plan.Plan
	// ChartSource is where the plan's charts come from. Empty: not known.
	ChartSource string
	// Components are in the plan's order.
	Components []ComponentState
	// Blocker is what ended the attempt or keeps the mesh from being complete. Nil: nothing.
	Blocker *Blocker
	// Changes are the objects that were applied.
	Changes []apply.Change
	// OtherWrites counts what else was written: objects deleted or taken over.
	OtherWrites int
	// Conflicts are objects that another manager changes again and again.
	Conflicts []apply.OwnershipConflict
	// ObservedPaused: the mesh is paused, and the attempt has only observed it.
	ObservedPaused bool
	// Events are to be emitted once the status is written.
	Events []PendingEvent
	// Environment is what is known of the cluster. Nil: nothing yet.
	Environment *v1.EnvironmentStatus
	// Bypass is what is known of pods that may bypass the mesh. Nil: there is none.
	Bypass *v1.BypassStatus
	// Traffic is what is known of the probes. Nil: there are none.
	Traffic *v1.TrafficStatus
	// Certificates are what those of the mesh's CA show. Nil: that is not known yet.
	Certificates *certificates.Finding
	// ProbeFailure is what keeps the probes from being applied, where the mesh is complete without
	// them. Nil: nothing does.
	ProbeFailure *Blocker
	// Warnings are findings that block nothing.
	Warnings []plan.Notice
	// Proposal is the change that a person has to approve first. Nil: none.
	Proposal *v1.Proposal
	// NodesNotReady are the names of the nodes that are not ready, sorted.
	NodesNotReady []string
	// Target is the version that the attempt works towards.
	Target rollout.Target
	// RollbackDigest is the digest of the plan that a rollout that has just failed is rolled
	// back to. Empty: none has failed, or that plan cannot be built now. The rollback begins
	// only with the digest: it exempts the plan from approval.
	RollbackDigest string
	// TakeoverBegins: the status is to show the plan of a takeover before it begins.
	TakeoverBegins bool
	// ProgressTime is when the component that is being rolled out began, or last got one
	// more pod up to date and ready.
	ProgressTime time.Time
	// RequeueAfter is when to reconcile again without an event. Zero: on the next event.
	RequeueAfter time.Duration
}

// ComponentState is the state of one component of the plan.
type ComponentState struct {
	Name, Version string
	// Progress sums up the component's workloads.
	Progress health.Progress
	// HasPods reports whether the component has workloads.
	HasPods bool
	// Done: everything of it is in the cluster and complete.
	Done bool
	// Unobserved: it only waits for a controller to observe a workload that was edited.
	Unobserved bool
	// Applied: something of it was just applied because the plan asks for it.
	Applied bool
	// Message says what it waits for. Empty before it was begun, and when it is complete on all
	// nodes.
	Message string
	// Failure blocks the component. Nil: nothing does.
	Failure *Blocker
}

// PendingEvent is an event of an attempt that the status does not show.
type PendingEvent struct {
	// Warning: users should look at it.
	Warning                 bool
	Reason, Action, Message string
}

// Complete reports whether every component is complete.
func (o *Outcome) Complete() bool {
	return o.Plan != nil && o.Blocker == nil && len(o.Components) == len(o.Plan.Components) &&
		!slices.ContainsFunc(o.Components, func(s ComponentState) bool { return !s.Done })
}

// Planned reports whether a change was made because the plan asks for it, and not to
// revert drift.
func Planned(c apply.Change) bool { return c.Action == apply.Created || c.Action == apply.Changed }

// probeFailure is what keeps the probes from being applied. Nil: nothing does.
func (o *Outcome) probeFailure() *Blocker {
	for _, state := range o.Components {
		if state.Name == v1.ComponentProbe && state.Failure != nil {
			return state.Failure
		}
	}
	return o.ProbeFailure
}

// Failures returns what blocks the attempt and its components.
func (o *Outcome) Failures() []*Blocker {
	var failures []*Blocker
	if o.Blocker != nil {
		failures = append(failures, o.Blocker)
	}
	for _, state := range o.Components {
		if state.Failure != nil {
			failures = append(failures, state.Failure)
		}
	}
	return failures
}

// ShowFailures makes the messages of failed components those of their failures, which may have
// changed.
func (o *Outcome) ShowFailures() {
	for i := range o.Components {
		if state := &o.Components[i]; state.Failure != nil {
			state.Message = state.Failure.Message
		}
	}
}

// Notices returns what users should know: about their input, then about the cluster.
func (o *Outcome) Notices() []plan.Notice {
	if o.Plan == nil {
		return nil
	}
	return slices.Concat(o.Plan.Notices, o.Warnings)
}

// CurrentComponent returns the component that the attempt worked on. Nil: none.
func (o *Outcome) CurrentComponent() *ComponentState {
	i := slices.IndexFunc(o.Components, func(s ComponentState) bool { return !s.Done && s.Begun() })
	if i < 0 {
		return nil
	}
	return &o.Components[i]
}

// HelmDelay returns how long to wait before the Helm releases of a mesh that is not complete
// are recorded, because its rollout makes progress. Zero: no longer, or it is complete.
func (o *Outcome) HelmDelay(now time.Time) time.Duration {
	if o.Complete() || o.ProgressTime.IsZero() {
		return 0
	}
	return max(0, recordDelay-now.Sub(o.ProgressTime))
}

// AddPods adds the pods of a workload to those of the component.
func (c *ComponentState) AddPods(workload health.Progress) {
	c.HasPods = true
	c.Unobserved = c.Unobserved || workload.Unobserved
	c.Progress.Desired += workload.Desired
	c.Progress.Updated += workload.Updated
	c.Progress.Ready += workload.Ready
	c.Progress.Old += workload.Old
}

// Begun reports whether its turn has come: the components before it are complete.
func (c *ComponentState) Begun() bool { return c.Done || c.Message != "" }

// Fail keeps the component from being complete.
func (c *ComponentState) Fail(failure *Blocker) {
	c.Done, c.Message, c.Failure = false, failure.Message, failure
}

// LeaveOut makes the component complete without those nodes.
func (c *ComponentState) LeaveOut(nodes []string) {
	c.Done = true
	c.Progress.Old = 0 // The old pods are on those nodes, and none of them is ready.
	c.Message = fmt.Sprintf("%s is complete except on nodes that are not ready: %s left out (spec.upgrade.maxUnavailableNodes)", c.Name, health.Nodes(nodes))
}

// NotStarted returns the components of a plan before any is applied.
func NotStarted(components []plan.Component) []ComponentState {
	states := make([]ComponentState, len(components))
	for i, component := range components {
		states[i] = ComponentState{Name: component.Name, Version: component.Version}
	}
	return states
}

// recordDelay is how long the releases of complete components wait for the rest of
// the mesh while it makes progress: all are recorded at once then, and delay nothing.
const recordDelay = 10 * time.Second

// Quiet reports whether the attempt is not to be reported, because the next event is about to
// come. This includes a complete mesh whose workload was just edited: its controller has not
// observed the new generation yet.
func (o *Outcome) Quiet(smc *v1.ServiceMeshController) bool {
	if o.Blocker != nil && o.Blocker.Quiet {
		return true
	}
	touched := slices.ContainsFunc(o.Components, func(s ComponentState) bool { return s.Unobserved })
	return touched && len(o.Changes)+o.OtherWrites+len(o.Events) == 0 && len(o.Failures()) == 0 &&
		smc.Status.Phase == v1.PhaseSucceeded && smc.Status.ObservedGeneration == smc.Generation
}

// QuietRetry returns when to reconcile again after a quiet attempt. Zero: on the next
// event.
func (o *Outcome) QuietRetry() time.Duration {
	if o.Blocker == nil {
		return 0
	}
	return o.Blocker.RetryAfter
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
)

// statusInterval is the least time between two status writes that only move counts
// and messages: a rollout over a thousand nodes must not write a thousand times.
const statusInterval = time.Second

// needs tells which components a condition speaks of.
var needs = map[string][]string{
	v1.ConditionCRDInstalled:         {v1.ComponentGatewayAPI, v1.ComponentBase},
	v1.ConditionControlPlaneDeployed: {v1.ComponentIstiod},
	v1.ConditionCNIDeployed:          {v1.ComponentCNI},
	v1.ConditionZtunnelDeployed:      {v1.ComponentZtunnel},
	v1.ConditionWebhookDeployed:      {v1.ComponentBase, v1.ComponentIstiod},
}

// newStatus derives the status from what a pass found. It is pure but for the
// time of condition changes.
func newStatus(smc *v1.ServiceMeshController, p *pass) v1.ServiceMeshControllerStatus {
	previous := smc.Status
	status := v1.ServiceMeshControllerStatus{
		ObservedGeneration: smc.Generation,
		Version:            previous.Version,
		PlanDigest:         previous.PlanDigest,
		Components:         previous.Components,
		Environment:        cmp.Or(p.environment, previous.Environment),
	}
	if len(p.components) > 0 {
		status.Components = componentStatuses(previous, p)
	}
	if p.complete() && !p.paused {
		status.Version, status.PlanDigest = p.plan.Version, p.plan.Digest()
	}
	status.Proposal = p.proposal
	followRollout(&status, smc, p, time.Now())
	status.Phase = phaseOf(smc, status, p)
	status.Conditions = conditions(smc, p, status)
	status.Message = summary(status, p)
	return status
}

// complete tells that every component is.
func (p *pass) complete() bool {
	return p.plan != nil && p.stop == nil && len(p.components) == len(p.plan.Components) &&
		!slices.ContainsFunc(p.components, func(s componentState) bool { return !s.done })
}

// planned tells that something was applied because the plan asks for it, and not
// to undo somebody's change.
func (p *pass) planned() bool {
	return slices.ContainsFunc(p.changes, planned)
}

func planned(c apply.Change) bool { return c.Action == apply.Created || c.Action == apply.Changed }

func phaseOf(smc *v1.ServiceMeshController, after v1.ServiceMeshControllerStatus, p *pass) v1.Phase {
	previous := smc.Status
	if phase := failedPhase(after, p); phase != "" {
		return phase
	}
	switch {
	case p.paused:
		return pausedPhase(smc, after, p)
	case previous.Version != "" && after.Rollout != nil:
		return v1.PhaseUpgrading
	case p.complete():
		return completePhase(after, p)
	case previous.Version == "":
		return firstPhase(p)
	case previous.Phase == v1.PhaseUpgrading, previous.Version != smc.Spec.Version:
		return v1.PhaseUpgrading
	default:
		return v1.PhaseDegraded
	}
}

// pausedPhase is the phase of a mesh that may not be changed. What was under way stays as
// it was; otherwise the phase says how the mesh is, and whether spec asks for another.
func pausedPhase(smc *v1.ServiceMeshController, after v1.ServiceMeshControllerStatus, p *pass) v1.Phase {
	switch {
	case after.Rollout != nil || after.Version == "" || p.stop != nil:
		return cmp.Or(smc.Status.Phase, v1.PhasePending)
	case p.complete():
		return v1.PhaseSucceeded
	case !completeBefore(smc, p.plan):
		return v1.PhasePending
	default:
		return v1.PhaseDegraded
	}
}

// failedPhase is the phase of a pass that a person has to act after. Empty: none has to.
func failedPhase(after v1.ServiceMeshControllerStatus, p *pass) v1.Phase {
	if after.FailedRollout != nil && !p.course.rollback {
		return v1.PhaseUpgrading // The next pass rolls back.
	}
	for _, failure := range p.failures() {
		if failure.phase != "" {
			return failure.phase
		}
	}
	if after.FailedRollout != nil && after.Rollout == nil && !p.paused {
		return v1.PhaseFailed
	}
	return ""
}

func completePhase(after v1.ServiceMeshControllerStatus, p *pass) v1.Phase {
	switch {
	case after.Rollout != nil:
		return v1.PhaseUpgrading
	case len(p.fights) > 0:
		return v1.PhaseDegraded
	default:
		return v1.PhaseSucceeded
	}
}

func firstPhase(p *pass) v1.Phase {
	if len(p.components) == 0 {
		return v1.PhasePending
	}
	return v1.PhaseInstalling
}

func componentStatuses(previous v1.ServiceMeshControllerStatus, p *pass) []v1.ComponentStatus {
	statuses := make([]v1.ComponentStatus, len(p.components))
	for i, state := range p.components {
		before := componentNamed(previous.Components, state.name)
		if !state.done && state.message == "" && state.failure == nil {
			before.Name, before.Message = state.name, "" // Not its turn yet.
			statuses[i] = before
			continue
		}
		statuses[i] = v1.ComponentStatus{Name: state.name, Version: before.Version, Message: message(state, before.Version)}
		if state.done {
			statuses[i].Version = state.version
		}
		if state.pods {
			statuses[i].Desired, statuses[i].Updated, statuses[i].Ready = state.progress.Desired, state.progress.Updated, state.progress.Ready
			statuses[i].Pods = fmt.Sprintf("%d/%d", state.progress.Current(), state.progress.Desired)
		}
	}
	return statuses
}

// message says what a component waits for, and from which version to which it goes.
func message(state componentState, running string) string {
	if state.done || state.message == "" || running == "" || running == state.version {
		return state.message
	}
	return fmt.Sprintf("%s → %s: %s", running, state.version, state.message)
}

func componentNamed(components []v1.ComponentStatus, name string) v1.ComponentStatus {
	i := slices.IndexFunc(components, func(c v1.ComponentStatus) bool { return c.Name == name })
	if i < 0 {
		return v1.ComponentStatus{Name: name}
	}
	return components[i]
}

// verdict is a condition without its type and times.
type verdict struct {
	status          metav1.ConditionStatus
	reason, message string
}

// conditions derives all conditions, in their order. Where there is no plan, those
// of components stay as they are: the mesh runs on.
func conditions(smc *v1.ServiceMeshController, p *pass, status v1.ServiceMeshControllerStatus) []metav1.Condition {
	var list []metav1.Condition
	for _, kind := range v1.ConditionTypes() {
		v := judge(kind, smc, p, status.Components)
		if kind == v1.ConditionReady {
			v = ready(list, status, p)
		}
		condition := metav1.Condition{
			Type: kind, Status: v.status, Reason: v.reason, Message: v.message,
			ObservedGeneration: smc.Generation, LastTransitionTime: metav1.Now().Rfc3339Copy(),
		}
		if before := meta.FindStatusCondition(smc.Status.Conditions, kind); before != nil && before.Status == v.status {
			condition.LastTransitionTime = before.LastTransitionTime
		}
		list = append(list, condition)
	}
	return list
}

func judge(kind string, smc *v1.ServiceMeshController, p *pass, components []v1.ComponentStatus) verdict {
	if kind == v1.ConditionInitialized {
		return initialized(p)
	}
	if len(p.components) == 0 {
		if before := meta.FindStatusCondition(smc.Status.Conditions, kind); before != nil {
			return verdict{before.Status, before.Reason, before.Message}
		}
		return verdict{metav1.ConditionFalse, v1.ReasonWaiting, "waits for " + v1.ConditionInitialized}
	}
	required := false
	for _, state := range p.components {
		if !slices.Contains(needs[kind], state.name) {
			continue
		}
		required = true
		if !state.done {
			return unfinished(state, componentNamed(components, state.name))
		}
	}
	if !required {
		return verdict{metav1.ConditionTrue, v1.ReasonNotRequired, "not part of this mesh: see spec.dataplaneMode and spec.trafficCaptureMode"}
	}
	return verdict{metav1.ConditionTrue, v1.ReasonComplete, ""}
}

func unfinished(state componentState, status v1.ComponentStatus) verdict {
	switch {
	case state.failure != nil:
		return verdict{metav1.ConditionFalse, state.failure.reason, state.failure.message}
	case state.message == "":
		return verdict{metav1.ConditionFalse, v1.ReasonWaiting, state.name + " waits for the components before it"}
	default:
		return verdict{metav1.ConditionFalse, v1.ReasonProgressing, state.name + " " + status.Message}
	}
}

// initialized tells whether there is a plan that may be applied, and what users
// should know about it.
func initialized(p *pass) verdict {
	if p.stop != nil && len(p.components) == 0 {
		return verdict{metav1.ConditionFalse, p.stop.reason, p.stop.message}
	}
	reason := v1.ReasonComplete
	var messages []string
	for _, notice := range p.notices() {
		if reason == v1.ReasonComplete {
			reason = notice.Reason
		}
		messages = append(messages, notice.Message)
	}
	return verdict{metav1.ConditionTrue, reason, strings.Join(messages, "; ")}
}

// ready is derived from the conditions before it, in this one place.
func ready(before []metav1.Condition, status v1.ServiceMeshControllerStatus, p *pass) verdict {
	if p.paused {
		status := metav1.ConditionFalse
		if p.complete() {
			status = metav1.ConditionTrue
		}
		return verdict{status, v1.ReasonPaused, fmt.Sprintf("paused: nothing is changed until the annotation %s is removed", v1.PausedAnnotation)}
	}
	if missing := firstMissing(before); missing != nil {
		return changing(verdict{metav1.ConditionFalse, missing.Reason, missing.Message}, status, p)
	}
	if p.stop != nil {
		return verdict{metav1.ConditionFalse, p.stop.reason, p.stop.message}
	}
	if status.Rollout != nil || status.FailedRollout != nil {
		return changing(verdict{metav1.ConditionFalse, v1.ReasonProgressing, ""}, status, p)
	}
	if len(p.fights) > 0 {
		return verdict{metav1.ConditionFalse, v1.ReasonContested, fighting(p.fights[0])}
	}
	return verdict{metav1.ConditionTrue, v1.ReasonSucceeded, ""}
}

// firstMissing is the first condition that is not met, of those that do more than wait for
// others. Nil: all are met.
func firstMissing(before []metav1.Condition) *metav1.Condition {
	missing := slices.DeleteFunc(slices.Clone(before), func(c metav1.Condition) bool { return c.Status == metav1.ConditionTrue })
	if len(missing) == 0 {
		return nil
	}
	if i := slices.IndexFunc(missing, func(c metav1.Condition) bool { return c.Reason != v1.ReasonWaiting }); i >= 0 {
		return &missing[i]
	}
	return &metav1.Condition{Reason: v1.ReasonWaiting, Message: "the rollout begins"}
}

// changing says on the way to where a verdict holds.
func changing(v verdict, status v1.ServiceMeshControllerStatus, p *pass) verdict {
	var where string
	switch failed, rollout := status.FailedRollout, status.Rollout; {
	case failed != nil && (rollout != nil || !p.course.rollback):
		v.reason, where = v1.ReasonRollingBack, rollingBack(failed, status.Version)
	case failed != nil:
		v.reason, where = v1.ReasonRolledBack, rolledBack(failed, status.Version)
	case rollout != nil:
		where = road(rollout.From, rollout.To, rollout.Path)
	}
	v.message = strings.Join(slices.DeleteFunc([]string{where, v.message}, func(s string) bool { return s == "" }), ": ")
	return v
}

// summary is the status in one sentence.
func summary(status v1.ServiceMeshControllerStatus, p *pass) string {
	if p.complete() && !p.paused && len(p.fights) == 0 && status.Rollout == nil && status.FailedRollout == nil {
		return fmt.Sprintf("Istio %s is complete", status.Version)
	}
	if condition := meta.FindStatusCondition(status.Conditions, v1.ConditionReady); condition != nil {
		return condition.Message
	}
	return ""
}

func equalStatus(a, b v1.ServiceMeshControllerStatus) bool {
	return apiequality.Semantic.DeepEqual(a, b)
}

// throttle tells how long to wait before a status may be written that only moves
// counts and messages. Zero: write it now.
func throttle(before, after v1.ServiceMeshControllerStatus, written, now time.Time) time.Duration {
	if equalStatus(before, after) || !equalStatus(milestones(before), milestones(after)) {
		return 0
	}
	return max(0, statusInterval-now.Sub(written))
}

// milestones is a status without what moves while pods come and go.
func milestones(status v1.ServiceMeshControllerStatus) v1.ServiceMeshControllerStatus {
	kept := *status.DeepCopy()
	kept.Message = ""
	if kept.Rollout != nil {
		kept.Rollout.Progress, kept.Rollout.ProgressTime = "", nil
	}
	for i := range kept.Components {
		kept.Components[i] = v1.ComponentStatus{Name: kept.Components[i].Name, Version: kept.Components[i].Version}
	}
	for i := range kept.Conditions {
		kept.Conditions[i].Message = ""
	}
	return kept
}

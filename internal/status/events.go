// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// The actions of events: what the operator was doing.
const (
	ActionReconcile = "Reconcile"
	actionCorrect   = "Correct"
	actionDeploy    = "Deploy"
	ActionTakeOver  = "TakeOver"
	ActionPrune     = "Prune"
	ActionRetire    = "RetireHelmRelease"
	ActionLeave     = "LeaveAlone"
	actionStep      = "UpgradeTo-"
	ActionRemove    = "Remove-"
	ActionCutOff    = "CutOff"
	ActionTakeOut   = "TakeOut"
	ActionRestore   = "Restore"
)

// fieldsShown is how many fields an event about drift names.
const fieldsShown = 3

// Event is an event to emit. The client counts events that differ only in their message as
// one and drops all messages but the first, so that each that is to be read has an action
// or an object of its own.
type Event struct {
	Type, Reason, Action, Message string
	// Related is the object that it is about besides the resource. Nil: none.
	Related *corev1.ObjectReference
}

// NewEvent makes an event about the resource alone.
func NewEvent(kind, reason, action, message string) Event {
	return Event{Type: kind, Reason: reason, Action: action, Message: message}
}

// EventInput is what events report besides the change of the status.
type EventInput struct {
	// Target is the version that is being installed or kept.
	Target string
	// Notices are what users should know.
	Notices []plan.Notice
	// Reported are the notices of the last report. Nil: there was none since the start.
	Reported map[plan.Notice]bool
	// Pending are the events of attempts since the last report.
	Pending []PendingEvent
	// Corrected are the objects whose drift was reverted since then.
	Corrected []apply.Change
}

// Events returns the events of a change from one status to the next. It is pure, so that
// what was emitted once, before a restart too, is not emitted again.
func Events(before, after v1.ServiceMeshControllerStatus, input EventInput) []Event {
	events := noticeEvents(before, after, input)
	for _, pending := range input.Pending {
		events = append(events, pending.event())
	}
	for _, change := range input.Corrected {
		events = append(events, Event{corev1.EventTypeWarning, v1.ReasonDriftCorrected, actionCorrect, correction(change), referTo(change)})
	}
	return append(events, changeEvents(before, after, input.Target)...)
}

// changeEvents returns the events of what differs in the status: components, pods that may bypass
// the mesh, traffic, certificates, and the phase.
func changeEvents(before, after v1.ServiceMeshControllerStatus, target string) []Event {
	var events []Event
	for _, component := range after.Components {
		if was := ComponentNamed(before.Components, component.Name); component.Version != "" && component.Version != was.Version {
			events = append(events, NewEvent(corev1.EventTypeNormal, v1.ReasonComplete, actionDeploy+"-"+component.Name, deployed(component)))
		}
	}
	if suspectsOf(before) == 0 && suspectsOf(after) > 0 {
		events = append(events, NewEvent(corev1.EventTypeWarning, v1.ReasonPodsBypassMesh, ActionReconcile, after.Bypass.Message))
	}
	events = append(events, conditionEvents(before, after)...)
	if before.Phase != after.Phase {
		events = append(events, phaseEvent(before, after, target))
	} else if after.Phase == v1.PhaseUpgrading && stepOf(before) != stepOf(after) {
		step := phaseEvent(before, after, target)
		step.Action = actionStep + stepOf(after)
		events = append(events, step)
	} else if was, is := readyReason(before), readyReason(after); was != is && slices.Contains(warned, is) {
		events = append(events, NewEvent(corev1.EventTypeWarning, is, ActionReconcile, after.Message))
	}
	return events
}

// conditionEvents returns the events of conditions that Ready does not depend on.
func conditionEvents(before, after v1.ServiceMeshControllerStatus) (events []Event) {
	for _, event := range []*Event{trafficEvent(before, after), certificatesEvent(before, after)} {
		if event != nil {
			events = append(events, *event)
		}
	}
	return events
}

// trafficEvent returns the event of traffic that is not proven any more, or is again. Nil: neither.
func trafficEvent(before, after v1.ServiceMeshControllerStatus) *Event {
	was, is := conditionOf(before, v1.ConditionTrafficProven), conditionOf(after, v1.ConditionTrafficProven)
	if was.Status == is.Status {
		return nil
	}
	var event Event
	switch is.Status {
	case metav1.ConditionFalse:
		event = NewEvent(corev1.EventTypeWarning, is.Reason, ActionReconcile, is.Message)
	case metav1.ConditionTrue:
		event = NewEvent(corev1.EventTypeNormal, is.Reason, ActionReconcile, is.Message)
	default:
		return nil
	}
	return &event
}

// warned are the reasons of the condition Ready that have an event though the phase stays.
var warned = []string{v1.ReasonPaused, v1.ReasonContested, v1.ReasonWorkloadsEnrolled}

func (p PendingEvent) event() Event {
	kind := corev1.EventTypeNormal
	if p.Warning {
		kind = corev1.EventTypeWarning
	}
	return NewEvent(kind, p.Reason, p.Action, p.Message)
}

// noticeEvents returns events for the notices that are new, or of a new generation. After a
// restart, all are new if the condition that shows them differs.
func noticeEvents(before, after v1.ServiceMeshControllerStatus, input EventInput) []Event {
	all := before.ObservedGeneration != after.ObservedGeneration || input.Reported == nil && initializedChanged(before, after)
	var events []Event
	for _, notice := range input.Notices {
		if all || input.Reported != nil && !input.Reported[notice] {
			events = append(events, NewEvent(corev1.EventTypeWarning, notice.Reason, ActionReconcile, notice.Message))
		}
	}
	return events
}

// initializedChanged reports whether the condition that shows the notices differs.
func initializedChanged(before, after v1.ServiceMeshControllerStatus) bool {
	was, is := conditionOf(before, v1.ConditionInitialized), conditionOf(after, v1.ConditionInitialized)
	return was.Reason != is.Reason || was.Message != is.Message
}

func deployed(component v1.ComponentStatus) string {
	text := fmt.Sprintf("%s %s is complete", component.Name, component.Version)
	if component.Pods != "" {
		text += ": " + component.Pods + " pods"
	}
	return text
}

func phaseEvent(before, after v1.ServiceMeshControllerStatus, target string) Event {
	reason, message := readyReason(after), after.Message
	switch after.Phase {
	case v1.PhaseInstalling:
		return NewEvent(corev1.EventTypeNormal, v1.ReasonInstalling, ActionReconcile, fmt.Sprintf("installing Istio %s: %s", target, message))
	case v1.PhaseUpgrading:
		kind := corev1.EventTypeNormal
		if reason == v1.ReasonRollingBack {
			kind = corev1.EventTypeWarning
		} else {
			reason = v1.ReasonUpgrading
		}
		return NewEvent(kind, reason, ActionReconcile, upgrading(before, after, target)+message)
	case v1.PhaseSucceeded:
		return NewEvent(corev1.EventTypeNormal, v1.ReasonSucceeded, ActionReconcile, message)
	case v1.PhaseUninstalling:
		if reason == v1.ReasonWorkloadsEnrolled {
			return NewEvent(corev1.EventTypeWarning, reason, ActionReconcile, message)
		}
		return NewEvent(corev1.EventTypeNormal, v1.ReasonUninstalling, ActionReconcile, message)
	case v1.PhaseDegraded:
		if reason != v1.ReasonContested && reason != v1.ReasonWorkloadIgnored {
			reason = v1.ReasonDegraded
		}
		return NewEvent(corev1.EventTypeWarning, reason, ActionReconcile, message)
	default:
		return NewEvent(corev1.EventTypeWarning, reason, ActionReconcile, message)
	}
}

func readyReason(status v1.ServiceMeshControllerStatus) string {
	return cmp.Or(conditionOf(status, v1.ConditionReady).Reason, v1.ReasonWaiting)
}

// conditionOf returns a condition of a status. One that is missing is empty.
func conditionOf(status v1.ServiceMeshControllerStatus, kind string) metav1.Condition {
	if condition := meta.FindStatusCondition(status.Conditions, kind); condition != nil {
		return *condition
	}
	return metav1.Condition{}
}

// stepOf is the version that is being rolled out. Empty: none is.
func stepOf(status v1.ServiceMeshControllerStatus) string {
	if status.Rollout == nil {
		return ""
	}
	return status.Rollout.To
}

func upgrading(before, after v1.ServiceMeshControllerStatus, target string) string {
	from, to := before.Version, target
	if after.Rollout != nil {
		from, to = cmp.Or(after.Rollout.From, from), after.Rollout.To
	}
	if from == to {
		return fmt.Sprintf("changing Istio %s: ", to)
	}
	return fmt.Sprintf("changing Istio %s → %s: ", from, to)
}

// suspectsOf is the number of pods that may bypass the mesh.
func suspectsOf(status v1.ServiceMeshControllerStatus) int32 {
	if status.Bypass == nil {
		return 0
	}
	return status.Bypass.Suspects
}

// referTo names the object that was corrected, as it was then.
func referTo(change apply.Change) *corev1.ObjectReference {
	version, kind := change.GVK.ToAPIVersionAndKind()
	return &corev1.ObjectReference{
		APIVersion: version, Kind: kind, Namespace: change.Namespace, Name: change.Name,
		UID: change.UID, ResourceVersion: change.ResourceVersion,
	}
}

// correction says what was reverted, and who had changed it.
func correction(change apply.Change) string {
	lost := change.Lost
	if lost.ObjectDeleted() {
		return fmt.Sprintf("%s was deleted: created again", change.Key)
	}
	return fmt.Sprintf("%s: reverted %s (%s)", change.Key, fieldsOf(lost), managersOf(lost))
}

func fieldsOf(lost apply.LostFields) string {
	if len(lost.Fields) == 0 {
		return "values"
	}
	return wording.First(lost.Fields, fieldsShown)
}

func managersOf(lost apply.LostFields) string {
	if len(lost.Managers) == 0 {
		return "removed"
	}
	return "changed by " + wording.List(lost.Managers)
}

// conflictMessage says which managers change what, how often it is reverted, and how to
// end it.
func conflictMessage(conflict apply.OwnershipConflict) string {
	what := "is deleted repeatedly"
	if !conflict.Lost.ObjectDeleted() {
		what = fmt.Sprintf("%s: repeatedly %s", fieldsOf(conflict.Lost), managersOf(conflict.Lost))
	}
	return fmt.Sprintf("%s: %s; the operator reverts it every %s: stop the other manager, or set the annotation %s=true on the object",
		conflict.Key, what, conflict.Pause, v1.IgnoreAnnotation)
}

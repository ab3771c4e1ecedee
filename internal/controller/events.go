// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// The actions of events: what the operator was doing.
const (
	actionReconcile = "Reconcile"
	actionCorrect   = "Correct"
	actionDeploy    = "Deploy"
	actionTakeOver  = "TakeOver"
	actionPrune     = "Prune"
	actionRetire    = "RetireHelmRelease"
	actionLeave     = "LeaveAlone"
	actionStep      = "UpgradeTo-"
	actionRemove    = "Remove-"
)

// longestNote is how many bytes the API server takes for the text of an event:
// k8s.io/kubernetes/pkg/apis/core/validation, NoteLengthLimit.
const longestNote = 1024

// note is something to be told once.
type note struct{ reason, action, message string }

// fieldsShown is how many fields an event about drift names.
const fieldsShown = 3

// occurrence is an event. The client counts those that differ in nothing but their
// message as one, and drops all messages but the first: what is to be read has an
// action or an object of its own.
type occurrence struct {
	kind, reason, action, message string
	// about is what it is about besides the resource. Nil: nothing.
	about *corev1.ObjectReference
}

// tell makes an event about the resource alone.
func tell(kind, reason, action, message string) occurrence {
	return occurrence{kind: kind, reason: reason, action: action, message: message}
}

// send emits the event, shortened to what the API server takes.
func (o occurrence) send(recorder events.EventRecorder, resource runtime.Object) {
	message := wording.Cut(o.message, longestNote)
	var about runtime.Object
	if o.about != nil {
		about = o.about
	}
	recorder.Eventf(resource, about, o.kind, o.reason, o.action, "%s", message)
}

// eventsOf tells what changed from one status to the next on the way to the target
// version. It is pure, so that
// what has been told once, before a restart too, is not told again.
func eventsOf(
	before, after v1.ServiceMeshControllerStatus, target string, notices []plan.Notice, notes []note, corrected []apply.Change,
) []occurrence {
	told := noticed(before, after, notices)
	for _, note := range notes {
		told = append(told, tell(corev1.EventTypeNormal, note.reason, note.action, note.message))
	}
	for _, change := range corrected {
		told = append(told, occurrence{corev1.EventTypeWarning, v1.ReasonDriftCorrected, actionCorrect, correction(change), referTo(change)})
	}
	for _, component := range after.Components {
		if was := componentNamed(before.Components, component.Name); component.Version != was.Version {
			told = append(told, tell(corev1.EventTypeNormal, v1.ReasonComplete, actionDeploy+"-"+component.Name, deployed(component)))
		}
	}
	if before.Phase != after.Phase {
		told = append(told, phaseEvent(before, after, target))
	} else if after.Phase == v1.PhaseUpgrading && stepOf(before) != stepOf(after) {
		step := phaseEvent(before, after, target)
		step.action = actionStep + stepOf(after)
		told = append(told, step)
	} else if was, is := readyReason(before), readyReason(after); was != is && (is == v1.ReasonPaused || is == v1.ReasonContested) {
		told = append(told, tell(corev1.EventTypeWarning, is, actionReconcile, after.Message))
	}
	return told
}

// noticed tells of the notices that are new, or of a new generation. One that the status
// has no room for is not new each time.
func noticed(before, after v1.ServiceMeshControllerStatus, notices []plan.Notice) []occurrence {
	var told []occurrence
	for _, notice := range notices {
		isNew := !strings.Contains(initialMessage(before), notice.Message) && strings.Contains(initialMessage(after), notice.Message)
		if isNew || before.ObservedGeneration != after.ObservedGeneration {
			told = append(told, tell(corev1.EventTypeWarning, notice.Reason, actionReconcile, notice.Message))
		}
	}
	return told
}

func deployed(component v1.ComponentStatus) string {
	text := fmt.Sprintf("%s %s is complete", component.Name, component.Version)
	if component.Pods != "" {
		text += ": " + component.Pods + " pods"
	}
	return text
}

func phaseEvent(before, after v1.ServiceMeshControllerStatus, target string) occurrence {
	reason, message := readyReason(after), after.Message
	switch after.Phase {
	case v1.PhaseInstalling:
		return tell(corev1.EventTypeNormal, v1.ReasonInstalling, actionReconcile, fmt.Sprintf("installing Istio %s: %s", target, message))
	case v1.PhaseUpgrading:
		kind := corev1.EventTypeNormal
		if reason == v1.ReasonRollingBack {
			kind = corev1.EventTypeWarning
		} else {
			reason = v1.ReasonUpgrading
		}
		return tell(kind, reason, actionReconcile, upgrading(before, after, target)+message)
	case v1.PhaseSucceeded:
		return tell(corev1.EventTypeNormal, v1.ReasonSucceeded, actionReconcile, message)
	case v1.PhaseUninstalling:
		return tell(corev1.EventTypeNormal, v1.ReasonUninstalling, actionReconcile, message)
	case v1.PhaseDegraded:
		if reason != v1.ReasonContested && reason != v1.ReasonWorkloadIgnored {
			reason = v1.ReasonDegraded
		}
		return tell(corev1.EventTypeWarning, reason, actionReconcile, message)
	default:
		return tell(corev1.EventTypeWarning, reason, actionReconcile, message)
	}
}

// initialMessage is where the notices of a status stand.
func initialMessage(status v1.ServiceMeshControllerStatus) string {
	if initialized := meta.FindStatusCondition(status.Conditions, v1.ConditionInitialized); initialized != nil {
		return initialized.Message
	}
	return ""
}

func readyReason(status v1.ServiceMeshControllerStatus) string {
	if ready := meta.FindStatusCondition(status.Conditions, v1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return v1.ReasonWaiting
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

// referTo names the object that was corrected, as it was then.
func referTo(change apply.Change) *corev1.ObjectReference {
	version, kind := change.GVK.ToAPIVersionAndKind()
	return &corev1.ObjectReference{
		APIVersion: version, Kind: kind, Namespace: change.Namespace, Name: change.Name,
		UID: change.UID, ResourceVersion: change.ResourceVersion,
	}
}

// correction says what was put back, and who had changed it.
func correction(change apply.Change) string {
	theft := change.Theft
	if theft.Deleted() {
		return fmt.Sprintf("%s had been deleted: created again", change.Key)
	}
	return fmt.Sprintf("%s: %s had been %s: put back", change.Key, fieldsOf(theft), thiefOf(theft))
}

func fieldsOf(theft apply.Theft) string {
	if len(theft.Fields) == 0 {
		return "values"
	}
	return wording.First(theft.Fields, fieldsShown)
}

func thiefOf(theft apply.Theft) string {
	if len(theft.Managers) == 0 {
		return "removed"
	}
	return "changed by " + wording.List(theft.Managers)
}

// fighting says who fights over what, how it is gone about, and how to end it.
func fighting(fight apply.Fight) string {
	what := "deleted"
	if !fight.Theft.Deleted() {
		what = fmt.Sprintf("%s in it %s", fieldsOf(fight.Theft), thiefOf(fight.Theft))
	}
	return fmt.Sprintf("%s: %s again and again; it is put back every %s; stop the other side, or annotate the object with %s=true to leave it as it is",
		fight.Key, what, fight.Pause, v1.IgnoreAnnotation)
}

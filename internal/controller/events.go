// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// The actions of events: what the operator was doing.
const (
	actionReconcile = "Reconcile"
	actionCorrect   = "Correct"
)

// fieldsShown is how many fields an event about drift names.
const fieldsShown = 3

type occurrence struct{ kind, reason, action, message string }

// eventsOf tells what changed from one status to the next on the way to the target
// version. It is pure, so that
// what has been told once, before a restart too, is not told again.
func eventsOf(
	before, after v1.ServiceMeshControllerStatus, target string, notices []plan.Notice, notes []string, corrected []apply.Change,
) []occurrence {
	var told []occurrence
	if before.ObservedGeneration != after.ObservedGeneration {
		for _, notice := range notices {
			told = append(told, occurrence{corev1.EventTypeWarning, notice.Reason, actionReconcile, notice.Message})
		}
	}
	for _, note := range notes {
		told = append(told, occurrence{corev1.EventTypeNormal, v1.ReasonTookOver, actionReconcile, note})
	}
	for _, change := range corrected {
		told = append(told, occurrence{corev1.EventTypeWarning, v1.ReasonDriftCorrected, actionCorrect, correction(change)})
	}
	for _, component := range after.Components {
		if was := componentNamed(before.Components, component.Name); component.Version != was.Version {
			told = append(told, occurrence{corev1.EventTypeNormal, v1.ReasonComplete, actionReconcile, deployed(component)})
		}
	}
	if before.Phase != after.Phase {
		told = append(told, phaseEvent(before, after, target))
	} else if was, is := readyReason(before), readyReason(after); was != is && (is == v1.ReasonPaused || is == v1.ReasonContested) {
		told = append(told, occurrence{corev1.EventTypeWarning, is, actionReconcile, after.Message})
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
		return occurrence{corev1.EventTypeNormal, v1.ReasonInstalling, actionReconcile, fmt.Sprintf("installing Istio %s: %s", target, message)}
	case v1.PhaseUpgrading:
		return occurrence{corev1.EventTypeNormal, v1.ReasonUpgrading, actionReconcile, upgrading(before.Version, target) + message}
	case v1.PhaseSucceeded:
		return occurrence{corev1.EventTypeNormal, v1.ReasonSucceeded, actionReconcile, message}
	case v1.PhaseUninstalling:
		return occurrence{corev1.EventTypeNormal, v1.ReasonUninstalling, actionReconcile, message}
	case v1.PhaseDegraded:
		if reason != v1.ReasonContested {
			reason = v1.ReasonDegraded
		}
		return occurrence{corev1.EventTypeWarning, reason, actionReconcile, message}
	default:
		return occurrence{corev1.EventTypeWarning, reason, actionReconcile, message}
	}
}

func readyReason(status v1.ServiceMeshControllerStatus) string {
	if ready := meta.FindStatusCondition(status.Conditions, v1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return v1.ReasonWaiting
}

func upgrading(from, to string) string {
	if from == to {
		return fmt.Sprintf("changing Istio %s: ", to)
	}
	return fmt.Sprintf("changing Istio %s → %s: ", from, to)
}

// correction says what was put back, and who had changed it.
func correction(change apply.Change) string {
	theft := change.Theft
	if len(theft.Fields) == 0 {
		return fmt.Sprintf("%s had been deleted: created again", change.Key)
	}
	return fmt.Sprintf("%s: %s had been %s: put back", change.Key, fieldsOf(theft), thiefOf(theft))
}

func fieldsOf(theft apply.Theft) string {
	if len(theft.Fields) > fieldsShown {
		return fmt.Sprintf("%s and %d more", strings.Join(theft.Fields[:fieldsShown], ", "), len(theft.Fields)-fieldsShown)
	}
	return strings.Join(theft.Fields, ", ")
}

func thiefOf(theft apply.Theft) string {
	if len(theft.Managers) == 0 {
		return "removed"
	}
	return "changed by " + strings.Join(theft.Managers, ", ")
}

// fighting says who fights over what, how it is gone about, and how to end it.
func fighting(fight apply.Fight) string {
	what := "deleted"
	if len(fight.Theft.Fields) > 0 {
		what = fmt.Sprintf("%s in it %s", fieldsOf(fight.Theft), thiefOf(fight.Theft))
	}
	return fmt.Sprintf("%s: %s again and again; it is put back every %s; stop the other side, or annotate the object with %s=true to leave it as it is",
		fight.Key, what, fight.Pause, v1.IgnoreAnnotation)
}

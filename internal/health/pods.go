// SPDX-License-Identifier: Apache-2.0

package health

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Problem is the reason why pods do not become ready.
type Problem struct {
	// Pod and Node are names. Pod is empty if no pod is affected, Node if the pod is not
	// scheduled.
	Pod, Node string
	// Reason is Kubernetes' own reason, such as ImagePullBackOff.
	Reason string
	// Message is Kubernetes' own message.
	Message string
	// Permanent reports whether the problem stays until a person acts.
	Permanent bool

	rank int
}

// The significance of problems: the higher, the more.
const (
	rankNotReady = iota
	rankUnschedulable
	rankWaiting
	rankPermanent
)

func (t Problem) String() string {
	text := t.Reason
	if t.Message != "" {
		text += ": " + t.Message
	}
	switch {
	case t.Pod == "":
		return text
	case t.Node == "":
		return fmt.Sprintf("pod %s: %s", t.Pod, text)
	default:
		return fmt.Sprintf("pod %s on node %s: %s", t.Pod, t.Node, text)
	}
}

// Redacted returns the problem with its message passed through redact. Names and reasons
// have no user-provided values.
func (t Problem) Redacted(redact func(string) string) Problem {
	t.Message = redact(t.Message)
	return t
}

// Pods returns the most significant problem of a workload's pods, and of equal ones that of
// the newest pod. Nil: all pods are ready or starting.
func Pods(pods []corev1.Pod) *Problem {
	pods = slices.Clone(pods)
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	var worst *Problem
	for i := range pods {
		if found := podProblem(&pods[i]); found != nil && (worst == nil || found.rank > worst.rank) {
			worst = found
		}
	}
	return worst
}

// podProblem returns the problem of one pod. Nil: it has none.
func podProblem(p *corev1.Pod) *Problem {
	found := readinessProblem(p)
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			found = &Problem{Reason: c.Reason, Message: c.Message, rank: rankUnschedulable}
		}
	}
	for _, status := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if t := containerProblem(status); t != nil && (found == nil || t.rank > found.rank) {
			found = t
		}
	}
	if found != nil {
		found.Pod, found.Node = p.Name, p.Spec.NodeName
	}
	return found
}

// readinessProblem returns the problem of a pod that is running but not ready.
func readinessProblem(p *corev1.Pod) *Problem {
	if p.Status.Phase != corev1.PodRunning {
		return nil
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue {
			return &Problem{Reason: cmp.Or(c.Reason, "NotReady"), Message: cmp.Or(c.Message, "the pod is running but not ready"), rank: rankNotReady}
		}
	}
	return nil
}

// startingReasons are the reasons with which a container waits while it starts.
var startingReasons = []string{"ContainerCreating", "PodInitializing", ""}

// containerProblem returns why a container waits. Nil: it is running or starting.
func containerProblem(status corev1.ContainerStatus) *Problem {
	waiting := status.State.Waiting
	if waiting == nil || slices.Contains(startingReasons, waiting.Reason) {
		return nil
	}
	found := &Problem{Reason: waiting.Reason, Message: waiting.Message, rank: rankWaiting}
	if last := status.LastTerminationState.Terminated; last != nil {
		found.Message = fmt.Sprintf("container %s exited with code %d (%s) %s", status.Name, last.ExitCode, last.Reason, strings.TrimSpace(last.Message))
	}
	if found.Permanent = permanent(*waiting); found.Permanent {
		found.rank = rankPermanent
	}
	return found
}

// permanent reports whether the kubelet can never start the container, because its image
// does not exist. The reasons are those of k8s.io/kubernetes/pkg/kubelet/images, the texts
// those of registries.
func permanent(waiting corev1.ContainerStateWaiting) bool {
	switch waiting.Reason {
	case "InvalidImageName", "ErrImageNeverPull":
		return true
	case "ErrImagePull", "ImagePullBackOff":
		return strings.Contains(waiting.Message, "not found") || strings.Contains(waiting.Message, "manifest unknown")
	default:
		return false
	}
}

// Events returns why no pod could be created, from the newest of a workload's events since
// that time. Nil: there is no event.
func Events(events []corev1.Event, since time.Time) *Problem {
	var found *Problem
	for _, event := range events {
		if at := lastSeen(event); !at.Before(since) {
			since = at
			found = &Problem{Reason: event.Reason, Message: event.Message, rank: rankWaiting}
		}
	}
	return found
}

// lastSeen returns when an event was last observed. Clients of different ages write three
// different fields.
func lastSeen(event corev1.Event) time.Time {
	switch {
	case event.Series != nil:
		return event.Series.LastObservedTime.Time
	case !event.LastTimestamp.IsZero():
		return event.LastTimestamp.Time
	default:
		return event.EventTime.Time
	}
}

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

// Trouble is why a pod does not get ready.
type Trouble struct {
	// Pod and Node are names. Empty: it is about no pod, or about one without a node.
	Pod, Node string
	// Reason is Kubernetes' own word for it, such as ImagePullBackOff.
	Reason string
	// Message is Kubernetes' own text.
	Message string
	// Certain tells that waiting does not help: a person has to act.
	Certain bool

	rank int
}

// How telling a trouble is: the higher, the more.
const (
	rankNotReady = iota
	rankUnschedulable
	rankWaiting
	rankCertain
)

func (t Trouble) String() string {
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

// Redacted is the trouble without what its message quotes of values. Names and reasons are
// Kubernetes'.
func (t Trouble) Redacted(redact func(string) string) Trouble {
	t.Message = redact(t.Message)
	return t
}

// Pods finds the most telling trouble of a workload's pods. Nil: all are ready, or on
// their way. It is the newest pod's where several are alike.
func Pods(pods []corev1.Pod) *Trouble {
	pods = slices.Clone(pods)
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	var worst *Trouble
	for i := range pods {
		if found := pod(&pods[i]); found != nil && (worst == nil || found.rank > worst.rank) {
			worst = found
		}
	}
	return worst
}

// pod finds the trouble of one pod. Nil: none.
func pod(p *corev1.Pod) *Trouble {
	found := unready(p)
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			found = &Trouble{Reason: c.Reason, Message: c.Message, rank: rankUnschedulable}
		}
	}
	for _, status := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if t := container(status); t != nil && (found == nil || t.rank > found.rank) {
			found = t
		}
	}
	if found != nil {
		found.Pod, found.Node = p.Name, p.Spec.NodeName
	}
	return found
}

// unready tells of a pod that runs and is not ready.
func unready(p *corev1.Pod) *Trouble {
	if p.Status.Phase != corev1.PodRunning {
		return nil
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue {
			return &Trouble{Reason: cmp.Or(c.Reason, "NotReady"), Message: cmp.Or(c.Message, "the pod runs and is not ready"), rank: rankNotReady}
		}
	}
	return nil
}

// starting are the reasons for which a container waits that is on its way.
var starting = []string{"ContainerCreating", "PodInitializing", ""}

// container tells why a container waits. Nil: it runs, or is on its way.
func container(status corev1.ContainerStatus) *Trouble {
	waiting := status.State.Waiting
	if waiting == nil || slices.Contains(starting, waiting.Reason) {
		return nil
	}
	found := &Trouble{Reason: waiting.Reason, Message: waiting.Message, rank: rankWaiting}
	if last := status.LastTerminationState.Terminated; last != nil {
		found.Message = fmt.Sprintf("container %s ended with %d (%s) %s", status.Name, last.ExitCode, last.Reason, strings.TrimSpace(last.Message))
	}
	if found.Certain = certain(*waiting); found.Certain {
		found.rank = rankCertain
	}
	return found
}

// certain tells that the kubelet will never start a container: there is no such image.
// The reasons are those of k8s.io/kubernetes/pkg/kubelet/images, the words those of the
// registries' answers.
func certain(waiting corev1.ContainerStateWaiting) bool {
	switch waiting.Reason {
	case "InvalidImageName", "ErrImageNeverPull":
		return true
	case "ErrImagePull", "ImagePullBackOff":
		return strings.Contains(waiting.Message, "not found") || strings.Contains(waiting.Message, "manifest unknown")
	default:
		return false
	}
}

// Events finds out why no pod could be made, from the newest of the events of a
// workload since that time. Nil: nothing tells.
func Events(events []corev1.Event, since time.Time) *Trouble {
	var found *Trouble
	for _, event := range events {
		if at := lastSeen(event); !at.Before(since) {
			since = at
			found = &Trouble{Reason: event.Reason, Message: event.Message, rank: rankWaiting}
		}
	}
	return found
}

// lastSeen is when an event was told of last: there are three fields, by the age of the
// client that wrote it.
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

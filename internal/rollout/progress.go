// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"math"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/health"
)

// Tracker follows the progress of a component whose pods are not all ready. Its zero value
// has seen nothing.
type Tracker struct {
	// base is the number of pods when the component was complete last.
	base int32
	// best is the most pods that were up to date and ready since the component began.
	best int32
	// Since is when the component began, or last made progress.
	Since time.Time
	// podLists counts the lists of pods since then; next is when the next one is due, and pauses
	// are those that follow.
	podLists int
	next     time.Time
	pauses   wait.Backoff
	// seen is what was known at the last list.
	seen Observation
	// Problem is why pods are not ready. Nil: nothing explains it.
	Problem *health.Problem
	// NodesWithoutPod are the nodes without an up-to-date and ready pod, if none of them is
	// ready.
	NodesWithoutPod []string
}

// NewTracker makes a tracker of a component of which so many pods were desired when it was
// complete.
func NewTracker(desired int32) *Tracker { return &Tracker{base: desired} }

// Observe notes how many pods of a component are up to date and ready. Begins reports
// whether its rollout has just begun, or spec has just changed. After a restart the time
// of the last progress is read from the status.
func (t *Tracker) Observe(component string, current int32, begins bool, rollout *v1.RolloutStatus, now time.Time) {
	since := now
	switch {
	case begins:
	case t.Since.IsZero():
		if rollout != nil && rollout.Component == component && rollout.ProgressTime != nil {
			since = rollout.ProgressTime.Time
		}
	case current > t.best:
	default:
		return
	}
	*t = Tracker{
		base: t.base, best: current, Since: since, next: since.Add(FirstPodList),
		pauses: wait.Backoff{Duration: 2 * FirstPodList, Factor: 2, Steps: math.MaxInt32, Cap: LongestPodListPause},
	}
}

// Observation is what is known of a component without listing its pods.
type Observation struct {
	// Progress counts its pods.
	Progress health.Progress
	// NodesNotReady are the names of all nodes that are not ready, sorted.
	NodesNotReady []string
}

func (s Observation) equal(other Observation) bool {
	return s.Progress == other.Progress && slices.Equal(s.NodesNotReady, other.NodesNotReady)
}

// mayLeaveOut reports whether all missing pods may belong on nodes that are not ready, no
// more than allowed.
func (s Observation) mayLeaveOut(allowed int) bool {
	missing := int(health.Missing(s.Progress))
	return missing > 0 && missing <= min(len(s.NodesNotReady), allowed)
}

// PodListDue reports whether to list the pods: at the next due time; as well after a change, if
// the missing pods are few enough to leave their nodes out; only after a change, while nodes are
// left out.
func (t *Tracker) PodListDue(seen Observation, allowed int, now time.Time) bool {
	if t.seen.equal(seen) {
		return !t.LeavesOut(seen.Progress, allowed) && !now.Before(t.next)
	}
	return seen.mayLeaveOut(allowed) || !now.Before(t.next)
}

// SetPodList notes what a list of pods has shown: why they are not ready, and the nodes
// without an up-to-date and ready pod, if none of these is ready.
func (t *Tracker) SetPodList(seen Observation, problem *health.Problem, nodesWithoutPod []string, now time.Time) {
	t.seen, t.Problem, t.NodesWithoutPod = seen, problem, nodesWithoutPod
	t.podLists++
	pause := t.pauses.Step()
	if problem == nil && t.podLists < unexplainedPodLists {
		pause = min(pause, UnexplainedPodListPause)
	}
	t.next = now.Add(pause)
}

// TimeLeft returns how long the component may still take without progress. Zero: no
// longer, or it cannot become ready.
func (t *Tracker) TimeLeft(timeout time.Duration, now time.Time) time.Duration {
	if t.CannotBeReady() {
		return 0
	}
	return max(0, timeout-now.Sub(t.Since))
}

// CannotBeReady reports whether waiting cannot make the component ready.
func (t *Tracker) CannotBeReady() bool { return t.Problem != nil && t.Problem.Permanent }

// NextPodList returns how long until pods are listed next, at least one second.
func (t *Tracker) NextPodList(now time.Time) time.Duration { return max(time.Second, t.next.Sub(now)) }

// NodeJoinGrace returns how long pods on nodes that have joined may still take to become ready.
// Zero: other pods are missing too, or the time is over.
func (t *Tracker) NodeJoinGrace(progress health.Progress, now time.Time) time.Duration {
	if progress.Desired <= t.base || progress.Ready < t.base {
		return 0
	}
	return max(0, nodeJoinGrace-now.Sub(t.Since))
}

// LeavesOut reports whether all missing pods belong on nodes that are not ready, and
// whether these are no more than allowed.
func (t *Tracker) LeavesOut(progress health.Progress, allowed int) bool {
	missing := int(health.Missing(progress))
	return len(t.NodesWithoutPod) > 0 && missing <= len(t.NodesWithoutPod) && len(t.NodesWithoutPod) <= allowed
}

// FirstPodList is how long a rollout may go without progress before its pods are listed:
// while it makes progress, none is.
const FirstPodList = 5 * time.Second

// LongestPodListPause is the longest pause between two lists of pods. Each is twice as
// long as the one before.
const LongestPodListPause = time.Minute

// UnexplainedPodListPause is that pause while none of the first lists has shown why pods
// are not ready: an image that cannot be pulled looks for half a minute as if it were
// being pulled.
const UnexplainedPodListPause, unexplainedPodLists = 15 * time.Second, 8

// nodeJoinGrace is how long pods of a complete mesh may take to become ready on nodes that
// have joined: a cluster that grows and shrinks is not DEGRADED all the time.
const nodeJoinGrace = 2 * time.Minute

// defaultTimeout is spec.upgrade.timeout where it is not set.
const defaultTimeout = 10 * time.Minute

// Timeout returns spec.upgrade.timeout, by default 10 minutes.
func Timeout(smc *v1.ServiceMeshController) time.Duration {
	if timeout := Settings(smc).Timeout; timeout != nil {
		return cmp.Or(timeout.Duration, defaultTimeout)
	}
	return defaultTimeout
}

// MaxUnavailableNodes returns spec.upgrade.maxUnavailableNodes as a number of nodes,
// percentages rounded down.
func MaxUnavailableNodes(smc *v1.ServiceMeshController, desired int32) int {
	allowed, err := intstr.GetScaledValueFromIntOrPercent(cmp.Or(Settings(smc).MaxUnavailableNodes, &intstr.IntOrString{}), int(desired), false)
	if err != nil {
		return 0 // The CRD lets nothing else through.
	}
	return allowed
}

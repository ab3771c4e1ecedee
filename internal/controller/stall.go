// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/health"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

const (
	// defaultTimeout is spec.upgrade.timeout where it is not set.
	defaultTimeout = 10 * time.Minute
	// firstLook is how long a rollout may go without progress before its pods are asked
	// why: while it makes progress, no pod is listed.
	firstLook = 5 * time.Second
	// lastLook is the longest pause between two looks: each is twice as long as the one
	// before.
	lastLook = time.Minute
	// blindLook is that pause while none of the first blindLooks has told why: an image that
	// cannot be pulled looks for half a minute as if it were being pulled.
	blindLook, blindLooks = 15 * time.Second, 8
	// joinGrace is how long pods of a complete mesh may take to get ready on nodes that have
	// joined: a cluster that grows and shrinks has no degraded mesh all the time.
	joinGrace = 2 * time.Minute
)

// stall is what is remembered of a component whose pods are waited for.
type stall struct {
	// base is how many pods a complete component had when others were first wanted.
	base int32
	// best is the most pods that were up to date and ready since the component began.
	best int32
	// since is when the component began, or best last grew.
	since time.Time
	// looks counts the looks at pods since then; next is when the next one is due.
	looks int
	next  time.Time
	// seen is what was known when the last look was taken: counts and nodes.
	seen string
	// found is why pods do not get ready. Nil: nothing tells.
	found *health.Trouble
	// behind are the nodes without a good pod, if none of them is ready.
	behind []string
}

// note takes note of how many pods a component has; begins tells that its rollout has
// just begun, or spec has just changed. The time of the last progress is read from the
// status after a restart.
func (s *stall) note(component string, current int32, begins bool, rollout *v1.RolloutStatus, now time.Time) {
	since := now
	switch {
	case begins:
	case s.since.IsZero():
		if rollout != nil && rollout.Component == component && rollout.ProgressTime != nil {
			since = rollout.ProgressTime.Time
		}
	case current > s.best:
	default:
		return
	}
	*s = stall{base: s.base, best: current, since: since, next: since.Add(firstLook)}
}

// due tells that it is time for a look at the pods. Where no more pods are missing than
// nodes may be left out, it is when something has moved as well, and where they are left
// out, only then.
func (s *stall) due(seen string, leaving, left bool, now time.Time) bool {
	if s.seen == seen {
		return !left && !now.Before(s.next)
	}
	return leaving || !now.Before(s.next)
}

// looked takes note of a look.
func (s *stall) looked(seen string, found *health.Trouble, behind []string, now time.Time) {
	s.seen, s.found, s.behind = seen, found, behind
	s.looks++
	longest := lastLook
	if found == nil && s.looks < blindLooks {
		longest = blindLook
	}
	s.next = now.Add(min(longest, firstLook<<min(s.looks, 8)))
}

// watch tells a rollout that goes on from one that does not: it says why, and that it
// has failed once the time for it is over or waiting cannot help.
func (r *Reconciler) watch(ctx context.Context, smc *v1.ServiceMeshController, component plan.Component, p *pass, state *componentState) {
	m, now := r.remembered(smc), time.Now()
	if state.done {
		delete(m.stalls, component.Name)
		return
	}
	s := m.stallOf(component.Name, componentNamed(smc.Status.Components, component.Name).Desired)
	begins := state.changed || smc.Status.ObservedGeneration != smc.Generation
	s.note(component.Name, state.progress.Current(), begins, smc.Status.Rollout, now)
	p.progressTime = s.since
	if state.failure != nil || state.unobserved {
		return
	}
	if left := s.joinsWithin(smc, p, *state, now); left > 0 {
		state.done, p.again = true, left
		return
	}
	if state.pods {
		r.explain(ctx, smc, component, p, s, state, now)
	}
	switch {
	case s.leavesOut(smc, *state):
		state.leaveOut(s.behind)
		p.warnings = append(p.warnings, plan.Notice{Reason: v1.ReasonNodesNotReady, Message: state.message})
	case rolloutOf(smc, p, now) == nil: // Complete before: it is degraded.
		p.again = s.nextLook(*state, now)
	default:
		p.again = s.judge(state, timeoutOf(smc), now)
	}
}

func (m *memory) stallOf(component string, desired int32) *stall {
	if m.stalls[component] == nil {
		m.stalls[component] = &stall{base: desired}
	}
	return m.stalls[component]
}

// joinsWithin tells how long pods may still take to get ready that a complete mesh lacks
// only because nodes have joined. Zero: it lacks others, or they took too long.
func (s *stall) joinsWithin(smc *v1.ServiceMeshController, p *pass, state componentState, now time.Time) time.Duration {
	if smc.Status.Phase != v1.PhaseSucceeded || rolloutOf(smc, p, now) != nil || p.course.to != smc.Status.Version {
		return 0
	}
	if !state.pods || state.progress.Desired <= s.base || state.progress.Ready < s.base {
		return 0
	}
	return max(0, joinGrace-now.Sub(s.since))
}

// judge fails a component that made no progress in time, or cannot. Otherwise it tells
// when to look again.
func (s *stall) judge(state *componentState, timeout time.Duration, now time.Time) time.Duration {
	certain, idle := s.found != nil && s.found.Certain, now.Sub(s.since)
	if !certain && idle < timeout {
		return min(timeout-idle, s.nextLook(*state, now))
	}
	state.failure = &stop{
		reason: v1.ReasonRolloutFailed, phase: v1.PhaseFailed, retry: s.nextLook(*state, now),
		message: failedMessage(*state, certain, timeout),
	}
	return 0
}

// nextLook tells when pods are looked at next: at most once a second.
func (s *stall) nextLook(state componentState, now time.Time) time.Duration {
	if !state.pods {
		return lastLook
	}
	return max(time.Second, s.next.Sub(now))
}

// leavesOut tells that all pods that are missing belong on nodes that are not ready, and
// that these are few enough to go on without them.
func (s *stall) leavesOut(smc *v1.ServiceMeshController, state componentState) bool {
	missing := int(health.Missing(state.progress))
	return len(s.behind) > 0 && missing <= len(s.behind) && len(s.behind) <= unavailableNodes(smc, state.progress.Desired)
}

// unavailableNodes is spec.upgrade.maxUnavailableNodes as a number.
func unavailableNodes(smc *v1.ServiceMeshController, desired int32) int {
	allowed, err := intstr.GetScaledValueFromIntOrPercent(cmp.Or(upgradeOf(smc).MaxUnavailableNodes, &intstr.IntOrString{}), int(desired), false)
	if err != nil {
		return 0 // The CRD lets nothing else through.
	}
	return allowed
}

// leaveOut makes a component complete without those nodes.
func (s *componentState) leaveOut(nodes []string) {
	s.done = true
	s.progress.Old = 0 // The old pods are on those nodes, and none of them is ready.
	s.message = fmt.Sprintf("%s is complete but for nodes that are not ready: %s left out (spec.upgrade.maxUnavailableNodes)", s.name, health.Nodes(nodes))
}

func timeoutOf(smc *v1.ServiceMeshController) time.Duration {
	if timeout := upgradeOf(smc).Timeout; timeout != nil {
		return cmp.Or(timeout.Duration, defaultTimeout)
	}
	return defaultTimeout
}

// whatNow ends the message of a failure.
const whatNow = ". Older pods go on serving, and nothing further is started; it goes on by itself when the cause is gone, or when spec is corrected"

func failedMessage(state componentState, certain bool, timeout time.Duration) string {
	why := fmt.Sprintf("made no progress for %s (spec.upgrade.timeout)", timeout)
	if certain {
		why = "cannot get ready"
	}
	return fmt.Sprintf("%s %s %s: %s", state.name, state.version, why, state.message) + whatNow
}

// explain adds to the message why pods do not get ready. The pods are listed only when
// the rollout has stood still for a while, and more rarely each time.
func (r *Reconciler) explain(
	ctx context.Context, smc *v1.ServiceMeshController, component plan.Component, p *pass, s *stall, state *componentState, now time.Time,
) {
	seen := fmt.Sprint(state.progress, p.notReady)
	missing := int(health.Missing(state.progress))
	leaving := missing > 0 && missing <= min(len(p.notReady), unavailableNodes(smc, state.progress.Desired))
	if s.due(seen, leaving, s.leavesOut(smc, *state), now) {
		pods, err := r.lookAtPods(ctx, component, s.since.Truncate(time.Second))
		if err != nil {
			pods.trouble = &health.Trouble{Reason: "Unknown", Message: "cannot look at the pods: " + err.Error()}
		}
		away := len(pods.behind) > 0 && !slices.ContainsFunc(pods.behind, func(node string) bool { return !slices.Contains(p.notReady, node) })
		if !away {
			pods.blame(p.notReady)
			pods.behind = nil
		} else if pods.trouble == nil || !pods.trouble.Certain {
			pods.trouble = health.NotReadyNodes(pods.behind)
		}
		s.looked(seen, pods.trouble, pods.behind, now)
	}
	if s.found != nil {
		state.message += "; " + s.found.Redacted(p.plan.Redact).String()
	}
}

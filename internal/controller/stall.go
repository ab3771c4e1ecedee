// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"time"

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
)

// stall is what is remembered of the component whose pods a pass waits for.
type stall struct {
	component string
	// best is the most pods that were up to date and ready since the component began.
	best int32
	// since is when the component began, or best last grew.
	since time.Time
	// looks counts the looks at pods since then; next is when the next one is due.
	looks int
	next  time.Time
	// found is what the last look found. Nil: nothing.
	found *health.Trouble
}

// note takes note of how many pods a component has; begins tells that its rollout has
// just begun, or spec has just changed. The time of the last progress is read from the
// status after a restart.
func (s *stall) note(component string, current int32, begins bool, rollout *v1.RolloutStatus, now time.Time) {
	switch {
	case begins:
		*s = stall{component: component, best: current, since: now}
	case s.component != component:
		*s = stall{component: component, best: current, since: now}
		if rollout != nil && rollout.Component == component && rollout.ProgressTime != nil {
			s.since = rollout.ProgressTime.Time
		}
	case current > s.best:
		*s = stall{component: component, best: current, since: now}
	default:
		return
	}
	s.next = s.since.Add(firstLook)
}

// looked takes note of a look.
func (s *stall) looked(found *health.Trouble, now time.Time) {
	s.found = found
	s.looks++
	s.next = now.Add(min(lastLook, firstLook<<min(s.looks, 8)))
}

// watch tells a rollout that goes on from one that does not: it says why, and that it
// has failed once the time for it is over or waiting cannot help.
func (r *Reconciler) watch(ctx context.Context, smc *v1.ServiceMeshController, component plan.Component, p *pass, state *componentState) {
	m, now := r.remembered(smc), time.Now()
	if state.done {
		return
	}
	begins := state.changed || smc.Status.ObservedGeneration != smc.Generation
	m.stall.note(component.Name, state.progress.Current(), begins, smc.Status.Rollout, now)
	p.progressTime = m.stall.since
	if state.failure != nil || state.unobserved {
		return
	}
	if state.pods {
		r.explain(ctx, component, &m.stall, state, now)
	}
	if rolloutOf(smc, p, now) == nil {
		p.again = m.stall.next.Sub(now)
		return // Complete before: it is degraded.
	}
	timeout := timeoutOf(smc)
	idle := now.Sub(m.stall.since)
	if certain := m.stall.found != nil && m.stall.found.Certain; certain || idle >= timeout {
		state.failure = &stop{
			reason: v1.ReasonRolloutFailed, phase: v1.PhaseFailed, retry: max(time.Second, m.stall.next.Sub(now)),
			message: failedMessage(*state, certain, timeout),
		}
		return
	}
	p.again = max(time.Millisecond, min(timeout-idle, m.stall.next.Sub(now)))
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
func (r *Reconciler) explain(ctx context.Context, component plan.Component, s *stall, state *componentState, now time.Time) {
	if !now.Before(s.next) {
		found, err := r.lookAtPods(ctx, component, s.since.Truncate(time.Second))
		if err != nil {
			found = &health.Trouble{Reason: "Unknown", Message: "cannot look at the pods: " + err.Error()}
		}
		s.looked(found, now)
	}
	if s.found != nil {
		state.message += "; " + s.found.String()
	}
}

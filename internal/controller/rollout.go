// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// followRollout sets what the status tells of the change under way and of those that
// have ended.
func followRollout(status *v1.ServiceMeshControllerStatus, smc *v1.ServiceMeshController, p *pass, now time.Time) {
	before := smc.Status.Rollout
	status.Rollout, status.History = before, smc.Status.History
	status.FailedRollout = cmp.Or(failedRollout(smc), rollsBack(smc, p))
	if p.plan == nil || p.paused || len(p.components) == 0 {
		return
	}
	current := rolloutOf(smc, p, now)
	switch {
	case p.complete():
		status.Rollout = nextStep(p.course, now)
		if current != nil {
			status.History = addHistory(status.History, current, succeeded(p.course), now)
		}
	case before != nil && !announced(smc, p.course):
		status.History = addHistory(status.History, before, undone(p.course), now)
		fallthrough
	default:
		status.Rollout = current
	}
}

// rolloutOf is the change that the pass worked on. Nil: none, it only kept what is.
func rolloutOf(smc *v1.ServiceMeshController, p *pass, now time.Time) *v1.RolloutStatus {
	c, previous := p.course, smc.Status
	if c.to == previous.Version && previous.Rollout == nil && !p.planned() {
		return nil
	}
	rollout := &v1.RolloutStatus{From: c.from, To: c.to, Path: c.rest, Rollback: c.rollback, StartTime: stamp(now)}
	if announced(smc, c) {
		rollout.StartTime = previous.Rollout.StartTime
	}
	if state := p.current(); state != nil {
		rollout.Component = state.name
		rollout.Progress = progressOf(*state, componentNamed(previous.Components, state.name).Version)
	}
	if !p.progressTime.IsZero() {
		at := stamp(p.progressTime)
		rollout.ProgressTime = &at
	}
	return rollout
}

// nextStep is the change that begins when one is complete. Nil: none.
func nextStep(c course, now time.Time) *v1.RolloutStatus {
	if len(c.rest) == 0 {
		return nil
	}
	return &v1.RolloutStatus{From: c.to, To: c.rest[0], Path: slices.Clone(c.rest[1:]), StartTime: stamp(now)}
}

// current is the component that the pass works on. Nil: none.
func (p *pass) current() *componentState {
	i := slices.IndexFunc(p.components, func(s componentState) bool { return !s.done && (s.message != "" || s.failure != nil) })
	if i < 0 {
		return nil
	}
	return &p.components[i]
}

// progressOf is a component's progress in a few words, for a column.
func progressOf(state componentState, running string) string {
	text := state.name + " " + state.version
	if running != "" && running != state.version {
		text = fmt.Sprintf("%s %s → %s", state.name, running, state.version)
	}
	if state.pods {
		text += fmt.Sprintf(" %d/%d", state.progress.Current(), state.progress.Desired)
	}
	return text
}

// rollsBack is the rollout that this pass has seen fail and that is to be undone. Nil:
// none.
func rollsBack(smc *v1.ServiceMeshController, p *pass) *v1.FailedRollout {
	running := smc.Status.Version
	if upgradeOf(smc).OnFailure != v1.Rollback || p.course.rollback || running == "" || running == p.course.to {
		return nil
	}
	for _, failure := range p.failures() {
		if failure.reason == v1.ReasonRolloutFailed {
			return &v1.FailedRollout{
				Generation: smc.Generation, Version: p.course.to, PlanDigest: p.rollbackDigest, Message: strings.TrimSuffix(failure.message, whatNow),
			}
		}
	}
	return nil
}

func succeeded(c course) v1.HistoryResult {
	if c.rollback {
		return v1.ResultRolledBack
	}
	return v1.ResultSucceeded
}

// undone is how a change ended that the course goes on from.
func undone(c course) v1.HistoryResult {
	if c.rollback {
		return v1.ResultFailed
	}
	return v1.ResultSuperseded
}

// addHistory puts a change that has ended before those that ended earlier.
func addHistory(history []v1.HistoryEntry, ended *v1.RolloutStatus, result v1.HistoryResult, now time.Time) []v1.HistoryEntry {
	entry := v1.HistoryEntry{
		Time: stamp(now), From: ended.From, To: ended.To, Result: result,
		Duration: metav1.Duration{Duration: max(0, now.Sub(ended.StartTime.Time).Round(time.Second))},
	}
	history = slices.Insert(slices.Clone(history), 0, entry)
	return history[:min(len(history), v1.HistoryLength)]
}

// stamp is a time as the API keeps it, in whole seconds.
func stamp(t time.Time) metav1.Time { return metav1.NewTime(t).Rfc3339Copy() }

// rollingBack says that and why a rollout is undone.
func rollingBack(failed *v1.FailedRollout, version string) string {
	return fmt.Sprintf("rolling back to Istio %s, since the rollout of %s failed: %s", version, failed.Version, failed.Message)
}

// rolledBack says that and why a rollout was undone.
func rolledBack(failed *v1.FailedRollout, version string) string {
	return fmt.Sprintf("Istio %s runs again: the rollout of %s failed and was rolled back; correct spec to try again; the cause was: %s",
		version, failed.Version, failed.Message)
}

// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

// FailIfTimedOut fails a component that made no progress in time or cannot become ready.
// Otherwise it returns how long until the next check.
func (c *ComponentState) FailIfTimedOut(s *rollout.Tracker, timeout time.Duration, now time.Time) time.Duration {
	again := c.NextPodList(s, now)
	if left := s.TimeLeft(timeout, now); left > 0 {
		return min(left, again)
	}
	c.Failure = &Blocker{
		Reason: v1.ReasonRolloutFailed, Phase: v1.PhaseFailed, RetryAfter: again,
		Message: failedMessage(*c, s.CannotBeReady(), timeout) + rolloutAdvice,
		Summary: failedMessage(*c, s.CannotBeReady(), timeout),
	}
	return 0
}

// NextPodList returns how long until pods are listed next, at least one second. Components
// without pods are checked as rarely as possible.
func (c *ComponentState) NextPodList(s *rollout.Tracker, now time.Time) time.Duration {
	if !c.HasPods {
		return rollout.LongestPodListPause
	}
	return s.NextPodList(now)
}

func failedMessage(state ComponentState, certain bool, timeout time.Duration) string {
	why := fmt.Sprintf("made no progress for %s (spec.upgrade.timeout)", timeout)
	if certain {
		why = "cannot become ready"
	}
	return fmt.Sprintf("%s %s %s: %s", state.Name, state.Version, why, state.Message)
}

// rolloutAdvice ends the message of a failure.
const rolloutAdvice = ". Existing pods keep serving; the rollout resumes when the cause is fixed or spec changes"

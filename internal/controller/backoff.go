// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// backoff holds back a write that keeps failing, longer each time, however many attempts
// events start in the meantime.
type backoff struct {
	failures int
	pauses   wait.Backoff
	until    time.Time
	// writesLeft is how many writes were left at the last failure.
	writesLeft int
}

// wait returns how long to hold the write back.
func (b *backoff) wait(now time.Time) time.Duration { return max(0, b.until.Sub(now)) }

// observe records the result of a write and how many requests are still to do. It returns
// true, and resets the backoff, if that number fell.
func (b *backoff) observe(err error, writesLeft int, now time.Time) (progressed bool) {
	if err == nil {
		*b = backoff{}
		return false
	}
	if progressed = writesLeft < b.writesLeft; progressed || b.failures == 0 {
		b.failures, b.pauses = 0, doubling(firstRetry, lastRetry)
	}
	b.until = now.Add(b.pauses.Step())
	b.failures++
	b.writesLeft = writesLeft
	return progressed
}

// doubling returns pauses that double from the first to the longest.
func doubling(first, longest time.Duration) wait.Backoff {
	return wait.Backoff{Duration: first, Factor: 2, Steps: math.MaxInt32, Cap: longest}
}

// firstRetry and lastRetry are the shortest and the longest delay between attempts that fail.
const firstRetry, lastRetry = 200 * time.Millisecond, time.Minute

// soonest returns the shorter of two delays. Zero: there is none.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

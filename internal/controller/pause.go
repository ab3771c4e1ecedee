// SPDX-License-Identifier: Apache-2.0

package controller

import "time"

// pause holds back something that keeps failing, longer each time, whatever starts
// the passes in the meantime: while pods come and go there are many.
type pause struct {
	failures int
	until    time.Time
	// missing is what the last try that failed had to do.
	missing int
}

// left is how long to hold it back still.
func (p *pause) left(now time.Time) time.Duration { return max(0, p.until.Sub(now)) }

// after takes note of how a try ended that had so much to do. One that had less than the
// failure before gets on, and tells so: its pause is the shortest.
func (p *pause) after(err error, missing int, now time.Time) (getsOn bool) {
	if err == nil {
		*p = pause{}
		return false
	}
	if getsOn = missing < p.missing; getsOn {
		p.failures = 0
	}
	p.until = now.Add(min(lastRetry, firstRetry<<min(p.failures, 16)))
	p.failures++
	p.missing = missing
	return getsOn
}

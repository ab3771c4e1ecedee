// SPDX-License-Identifier: Apache-2.0

package controller

import "time"

// pause holds back something that keeps failing, longer each time, whatever starts
// the passes in the meantime: while pods come and go there are many.
type pause struct {
	failures int
	until    time.Time
}

// left is how long to hold it back still.
func (p *pause) left(now time.Time) time.Duration { return max(0, p.until.Sub(now)) }

// after takes note of how a try ended.
func (p *pause) after(err error, now time.Time) {
	if err == nil {
		*p = pause{}
		return
	}
	p.until = now.Add(min(lastRetry, firstRetry<<min(p.failures, 16)))
	p.failures++
}

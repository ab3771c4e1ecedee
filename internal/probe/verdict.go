// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net/netip"
	"time"
)

// reachedWithin is in how many intervals another probe has to reach this one.
const reachedWithin = 3

// facts are what a probe knows.
type facts struct {
	// round is the last one, nil before the first has ended.
	round *round
	// started is when the probe did, reached when another address last asked it.
	started, reached time.Time
}

// peer is another probe.
type peer struct {
	address netip.Addr
	// node is empty while the peer has not answered.
	node string
}

// verdict decides on state, reason and message. It reads no clock and no network.
func (c Config) verdict(f facts, now time.Time) (State, Reason, string) {
	r := f.round
	if r == nil {
		return Unknown, "", "The first round has not ended yet."
	}
	if exposed, ok := r.exposed(); ok {
		return Failing, NotEnforced, c.notEnforced(exposed)
	}
	if r.resolving == nil && r.peers == 0 {
		return Unknown, "", c.alone()
	}
	if !r.passed() {
		return Failing, r.diagnosis.reason, c.explain(r.diagnosis)
	}
	window := reachedWithin * c.Interval
	if !f.reached.IsZero() && now.Sub(f.reached) <= window {
		return Proven, "", ""
	}
	// A pod that has just started is not in the DNS answers of the others yet.
	if now.Sub(f.started) < window {
		return Unknown, "", c.awaited()
	}
	return Failing, NotReached, c.notReached(window)
}

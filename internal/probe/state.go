// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"log/slog"
	"sync"
	"time"
)

// record keeps what a probe knows, and since when its verdict is the same. It is safe for
// concurrent use.
type record struct {
	config Config

	mu     sync.Mutex
	facts  facts
	result Result
}

func newRecord(c Config) *record {
	now := c.Clock.Now()
	r := &record{config: c, facts: facts{started: now}}
	r.result = Result{Node: c.Node, Since: now}
	r.judge(now)
	return r
}

// ended takes the outcome of a round.
func (r *record) ended(one round) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.config.Clock.Now()
	r.facts.round, r.result.LastRound = &one, now
	r.judge(now)
}

// reached says that another probe has asked this one.
func (r *record) reached() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.config.Clock.Now()
	r.facts.reached = now
	r.judge(now)
}

// current is the verdict of this moment: it changes by time as well.
func (r *record) current() Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judge(r.config.Clock.Now())
	return r.result
}

func (r *record) judge(now time.Time) {
	state, reason, message := r.config.verdict(r.facts, now)
	if state != r.result.State || reason != r.result.Reason {
		r.config.Log.Info("state changed", slog.String("state", string(state)), slog.String("reason", string(reason)), slog.String("message", message))
		r.result.Since = now
	}
	r.result.State, r.result.Reason, r.result.Message = state, reason, limited(message, maxMessage)
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"runtime/debug"
	"time"
)

// finishing is how long a pass may go on after the operator was told to stop. It is
// less than shutdown, so that the Lease is given back after the last write.
const finishing = 15 * time.Second

// finish returns a context that outlives its parent for a while: a pass that has begun
// is to end and to write its status. A pass is a handful of requests; it does not
// wait for anything.
func finish(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		timer := time.AfterFunc(finishing, cancel)
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

// settle gives memory back once a mesh is complete: what planning and recording took is
// not needed until the plan changes.
func (m *memory) settle(p *pass) {
	if p.complete() && m.settled != p.plan {
		m.settled = p.plan
		debug.FreeOSMemory()
	}
}

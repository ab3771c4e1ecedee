// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"
)

// shutdownGrace is how long an attempt may continue after the operator received a signal to stop.
// It is less than the manager's grace, so that the Lease is released after the last write.
const shutdownGrace = 15 * time.Second

// withShutdownGrace returns a context that outlives its parent by the grace: an attempt that has
// begun is to end and to write its status. An attempt is a handful of requests; it does
// not wait for anything.
func withShutdownGrace(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		timer := time.AfterFunc(shutdownGrace, cancel)
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

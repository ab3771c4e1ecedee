// SPDX-License-Identifier: Apache-2.0

// Package memory measures how much memory something takes.
package memory

import (
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// Limit is what no input may take of the heap: with the rest of the operator it is
// well below the limit of its container, and what it is to find takes gibibytes.
const Limit = 200 << 20

// interval is short beside the time that it takes to fill the heap up to Limit.
const interval = time.Millisecond

// heap is all that is on the heap, what is to be collected included.
const heap = "/memory/classes/heap/objects:bytes"

// Peak is how far the heap grows beyond where it was while something is done.
func Peak(do func()) uint64 {
	runtime.GC()
	before := used()
	var most atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			most.Store(max(most.Load(), used()))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	do()
	close(stop)
	<-stopped
	return max(most.Load(), used(), before) - before
}

func used() uint64 {
	samples := []metrics.Sample{{Name: heap}}
	metrics.Read(samples)
	return samples[0].Value.Uint64()
}

// SPDX-License-Identifier: Apache-2.0

package bench_test

import "github.com/gloo-operator/gloo-operator/test/suites/bench"

// figure is one of the operator's own, with what was measured of it so far.
type figure struct {
	name, unit string
	// most is the highest median that was asked for; nil: none was.
	most   *float64
	values []float64
}

// all are the figures in the order of the table: that in which they are declared.
var all []*figure

// atMost is a figure with a goal.
func atMost(most float64, unit, name string) *figure {
	f := told(unit, name)
	f.most = &most
	return f
}

// told is a figure without one.
func told(unit, name string) *figure {
	f := &figure{name: name, unit: unit}
	all = append(all, f)
	return f
}

// The figures that issue and documents ask for.
var (
	freshRequests = atMost(90, "", "requests of a fresh installation, Gateway API included")
	idleRequests  = atMost(0, "", "requests of an attempt with nothing to do")
	idleProcessor = atMost(1, "ms", "processor time of such an attempt, with the watch event that starts it")
	quietRequests = atMost(0, "", "requests in a quiet minute, besides renewals of the Lease")
	renewals      = told("", "renewals of the Lease in that minute")
	deletedBack   = atMost(60, "ms", "a deleted DaemonSet is back")
	deletedWrites = atMost(1, "", "writes to the mesh for that")
	changedBack   = atMost(60, "ms", "an overwritten field is back")
	changedWrites = atMost(1, "", "writes to the mesh for that")
	firstAttempt  = atMost(1, "s", "from the start on an installed mesh to the last request of the first attempt")
	memory        = atMost(60, "MiB", "resident memory after an installation and a quiet minute")
	largeMemory   = told("MiB", "resident memory in the large cluster, likewise")
	memoryGrowth  = atMost(10, "%", "growth of the resident memory by that")
	rolloutTook   = told("s", "rollout of ztunnel in the large cluster")
	statusWrites  = atMost(1, "", "writes of the status a second in that time")
	nodeLists     = atMost(0, "", "lists of nodes or pods in that time")
	probesWrites  = atMost(1, "", "writes of the status a second while its probes start")
	probesQuiet   = atMost(0, "", "requests in half a minute while all traffic is proven, besides renewals of the Lease")
	probesFailing = atMost(2, "", "requests a second while the traffic of 50 nodes is not proven")
	probesMemory  = told("MiB", "resident memory then")
	imageSize     = atMost(25, "MB", "image, compressed")
)

func (f *figure) add(value float64) { f.values = append(f.values, value) }

// figures sums up what was measured.
func figures() []bench.Figure {
	for _, r := range results {
		if r.Work == bench.Install && r.Tool == bench.Ours {
			freshRequests.add(float64(r.Requests))
		}
	}
	if len(memory.values) > 0 && len(largeMemory.values) > 0 {
		small, large := bench.SpreadOf(memory.values...).Median, bench.SpreadOf(largeMemory.values...).Median
		memoryGrowth.add(100 * (large - small) / small)
	}
	var measured []bench.Figure
	for _, f := range all {
		if len(f.values) > 0 {
			measured = append(measured, bench.Figure{Name: f.name, Unit: f.unit, Values: bench.SpreadOf(f.values...), Goal: f.most})
		}
	}
	return measured
}

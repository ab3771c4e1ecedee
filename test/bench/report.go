// SPDX-License-Identifier: Apache-2.0

// Package bench compares the operator with what users would pick instead: the four
// charts by helm, istioctl, and a bound below which no tool can be that waits for each
// part before the next. `make bench` runs it. It asserts nothing about time.
package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Result is one round of one tool at one work.
type Result struct {
	// Work is what was to be done, such as "install".
	Work string
	// Tool is who did it.
	Tool string
	// Took is the time from the command, or from the write of the resource, to the end.
	Took time.Duration
	// Requests is the number of the tool's requests to the API server, watches and Leases
	// excepted.
	Requests int
}

// Ours is the name of the operator among the tools.
const Ours = "gloo-operator"

// Table writes one line for each work and tool, in the order in which they first come:
// the median with the least and the most, the requests, and the ratio of the operator's
// median to the tool's.
func Table(out io.Writer, results []Result) error {
	lines := []string{
		"| work | tool | seconds: median (min – max) | requests: median | gloo-operator / tool |",
		"|---|---|---|---|---|",
	}
	for _, group := range groups(results) {
		first := group[0]
		took := seconds(group)
		ours := seconds(of(results, first.Work, Ours))
		ratio := ""
		if first.Tool != Ours && len(ours) > 0 {
			ratio = fmt.Sprintf("%.2f", median(ours)/median(took))
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %.2f (%.2f – %.2f) | %.0f | %s |",
			first.Work, first.Tool, median(took), slices.Min(took), slices.Max(took), median(requests(group)), ratio))
	}
	_, err := io.WriteString(out, strings.Join(lines, "\n")+"\n")
	return err
}

// groups puts the results of the same work and tool together.
func groups(results []Result) [][]Result {
	var all [][]Result
	for _, r := range results {
		i := slices.IndexFunc(all, func(g []Result) bool { return g[0].Work == r.Work && g[0].Tool == r.Tool })
		if i < 0 {
			all = append(all, nil)
			i = len(all) - 1
		}
		all[i] = append(all[i], r)
	}
	slices.SortStableFunc(all, func(a, b []Result) int {
		return slices.Index(works(results), a[0].Work) - slices.Index(works(results), b[0].Work)
	})
	return all
}

// works lists the works in the order in which they first come.
func works(results []Result) []string {
	var names []string
	for _, r := range results {
		if !slices.Contains(names, r.Work) {
			names = append(names, r.Work)
		}
	}
	return names
}

func of(results []Result, work, tool string) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Work != work || r.Tool != tool })
}

func seconds(results []Result) []float64 {
	all := make([]float64, len(results))
	for i, r := range results {
		all[i] = r.Took.Seconds()
	}
	return all
}

func requests(results []Result) []float64 {
	all := make([]float64, len(results))
	for i, r := range results {
		all[i] = float64(r.Requests)
	}
	return all
}

// median is the middle value, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

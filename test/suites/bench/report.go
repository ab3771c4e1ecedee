// SPDX-License-Identifier: Apache-2.0

// Package bench compares the operator with what users would pick instead: the four
// charts by helm, istioctl, and a bound below which no tool can be that waits for each
// part before the next. It also measures what the operator costs that stays. `make
// bench` runs it. It asserts nothing about time: it reports a figure that misses its goal.
package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// Ours is the name of the operator among the tools.
const Ours = "gloo-operator"

// The works that tools are compared at.
const (
	Install = "install"
	Upgrade = "upgrade"
)

// Result is one round of one tool at one work.
type Result struct {
	// Work is what was to be done: Install or Upgrade.
	Work string
	// Tool is who did it.
	Tool string
	// Took is the time from the command, or from the write of the resource, to the end.
	Took time.Duration
	// Requests is the number of the tool's requests to the API server, watches and Leases
	// excepted.
	Requests int
}

// Report is what a run has measured.
type Report struct {
	// Machine says where: processor, cores, memory, kernel.
	Machine string `json:"machine"`
	// Versions are those of what was run, by name.
	Versions map[string]string `json:"versions"`
	// Rounds is how often each tool did each work.
	Rounds int `json:"rounds"`
	// Nodes is the number of simulated nodes.
	Nodes int `json:"nodes"`
	// Comparisons are in the order of works and tools.
	Comparisons []Comparison `json:"comparisons"`
	// Figures are the operator's own.
	Figures []Figure `json:"figures"`
}

// Comparison is all rounds of one tool at one work.
type Comparison struct {
	Work     string `json:"work"`
	Tool     string `json:"tool"`
	Seconds  Spread `json:"seconds"`
	Requests Spread `json:"requests"`
	// Ratio is the operator's median time divided by the tool's; 0 for the operator.
	Ratio float64 `json:"ratio,omitempty"`
	// Goal is the highest ratio that was asked for; 0: none was.
	Goal float64 `json:"goal,omitempty"`
}

// Figure is something that was measured of the operator alone.
type Figure struct {
	// Name says what, and Unit in what, such as "ms"; it is empty for a number.
	Name   string `json:"name"`
	Unit   string `json:"unit"`
	Values Spread `json:"values"`
	// Goal is the highest median that was asked for; nil: none was.
	Goal *float64 `json:"goal,omitempty"`
}

// Reached says whether the figure keeps its goal, if it has one.
func (f Figure) Reached() bool { return f.Goal == nil || f.Values.Median <= *f.Goal }

// Spread sums up measurements.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf sums up one or more values.
func SpreadOf(values ...float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return Spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// goals are the highest ratios that were asked for, by work and tool.
var goals = map[[2]string]float64{
	{Install, "helm"}: 0.20, {Install, "istioctl"}: 0.35, {Install, "bound"}: 1.25,
	{Upgrade, "helm"}: 0.30,
}

// Compare sums up the rounds, in the order in which works and tools first come.
func Compare(results []Result) []Comparison {
	var all []Comparison
	for _, work := range distinct(results, func(r Result) string { return r.Work }) {
		rounds := slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Work != work })
		var ours float64
		for _, tool := range distinct(rounds, func(r Result) string { return r.Tool }) {
			c := sum(work, tool, rounds)
			if tool == Ours {
				ours = c.Seconds.Median
			} else {
				c.Ratio, c.Goal = ours/c.Seconds.Median, goals[[2]string{work, tool}]
			}
			all = append(all, c)
		}
	}
	return all
}

func sum(work, tool string, rounds []Result) Comparison {
	var seconds, requests []float64
	for _, r := range rounds {
		if r.Tool == tool {
			seconds, requests = append(seconds, r.Took.Seconds()), append(requests, float64(r.Requests))
		}
	}
	return Comparison{Work: work, Tool: tool, Seconds: SpreadOf(seconds...), Requests: SpreadOf(requests...)}
}

// distinct lists what key gives, each once, in the order in which it first comes.
func distinct(results []Result, key func(Result) string) []string {
	var names []string
	for _, r := range results {
		if !slices.Contains(names, key(r)) {
			names = append(names, key(r))
		}
	}
	return names
}

// Write writes the report as JSON.
func (r *Report) Write(file string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}

// Read reads a report that Write has written.
func Read(file string) (*Report, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := json.Unmarshal(content, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

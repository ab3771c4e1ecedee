// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Compared is the comparisons in Markdown.
func (r *Report) Compared() string {
	rows := []string{
		"| work | tool | seconds: median (min – max) | requests: median | gloo-operator / tool | asked for |",
		"|---|---|---|---|---|---|",
	}
	for _, c := range r.Comparisons {
		rows = append(rows, fmt.Sprintf("| %s | %s | %.2f (%.2f – %.2f) | %.0f | %s | %s |",
			c.Work, c.Tool, c.Seconds.Median, c.Seconds.Min, c.Seconds.Max, c.Requests.Median, ratio(c.Ratio), asked(c)))
	}
	return strings.Join(rows, "\n") + "\n"
}

func ratio(value float64) string {
	if value == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", value)
}

// asked is the goal of a comparison, and a word where it is missed.
func asked(c Comparison) string {
	switch {
	case c.Goal == 0:
		return ""
	case c.Ratio > c.Goal:
		return "≤ " + ratio(c.Goal) + ", **missed**"
	}
	return "≤ " + ratio(c.Goal)
}

// Measured is the figures in Markdown.
func (r *Report) Measured() string {
	rows := []string{"| of the operator | median | min – max | asked for |", "|---|---|---|---|"}
	for _, f := range r.Figures {
		goal := ""
		if f.Goal != nil {
			goal = "≤ " + amount(*f.Goal, f.Unit)
		}
		if !f.Reached() {
			goal += ", **missed**"
		}
		extremes := ""
		if f.Values.Min != f.Values.Max {
			extremes = number(f.Values.Min) + " – " + number(f.Values.Max)
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s |", f.Name, amount(f.Values.Median, f.Unit), extremes, goal))
	}
	return strings.Join(rows, "\n") + "\n"
}

func amount(value float64, unit string) string { return strings.TrimSpace(number(value) + " " + unit) }

// number has three significant digits, or all of a whole number.
func number(value float64) string {
	if value == float64(int64(value)) || value >= 100 {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strconv.FormatFloat(value, 'g', 3, 64)
}

// Setting is where and with what the figures were measured, in Markdown.
func (r *Report) Setting() string {
	var versions []string
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		versions = append(versions, name+" "+r.Versions[name])
	}
	return fmt.Sprintf("%d rounds on %s, with %d simulated nodes: %s.\n", r.Rounds, r.Machine, r.Nodes, strings.Join(versions, ", "))
}

// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"flag"
	"slices"
	"strconv"
	"sync"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// resultsFile is where the counts go, for hack/reliability.
var resultsFile = flag.String("results", "", "write what was covered to that file, for hack/reliability")

// tally counts what was covered: faults that hit, and after which the cluster was
// compared and found equal.
type tally struct {
	mu     sync.Mutex
	order  []string
	counts map[string]map[phase]int
}

var results = &tally{counts: map[string]map[phase]int{}}

// add counts faults of a kind in a phase.
func (t *tally) add(kind string, p phase, count int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts[kind] == nil {
		t.counts[kind] = map[phase]int{}
		t.order = append(t.order, kind)
	}
	t.counts[kind][p] += count
}

// of is how many faults of a kind have been counted in a phase.
func (t *tally) of(kind string, p phase) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[kind][p]
}

// write writes the counts where the flag says.
func (t *tally) write() error {
	slices.Sort(t.order)
	rows := [][]string{}
	for _, kind := range t.order {
		row := []string{kind}
		for _, p := range phases {
			cell := "–"
			if count := t.counts[kind][p]; count > 0 {
				cell = strconv.Itoa(count)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return WriteResults(*resultsFile, "faults", []string{"Fault", "Install", "Upgrade", "Uninstall"}, rows)
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/gloo-operator/gloo-operator/hack/document"
)

// required is the percentage of a package's mutants that its tests have to kill.
const required = 90

type result struct {
	name    string
	mutants []mutant
}

func (r result) count(verdicts ...verdict) int {
	count := 0
	for _, m := range r.mutants {
		for _, v := range verdicts {
			if m.verdict == v {
				count++
			}
		}
	}
	return count
}

func (r result) total() int { return r.count(killed, survived, unreached) }

func (r result) percent() float64 { return 100 * float64(r.count(killed)) / float64(max(1, r.total())) }

func (r result) String() string {
	return fmt.Sprintf("%s: %d mutants, %d killed (%.1f %%), %d survived, %d not reached; %d more do not compile",
		r.name, r.total(), r.count(killed), r.percent(), r.count(survived), r.count(unreached), r.count(invalid))
}

// print names a survivor that the document does not explain.
func (m mutant) print(out io.Writer, explained map[string]bool) {
	if !m.survives() || explained[m.key()] {
		return
	}
	note := map[verdict]string{unreached: " (not reached)"}[m.verdict]
	fmt.Fprintf(out, "%s:%d %s%s\n", m.file, m.line, m.text(), note)
}

func (m mutant) survives() bool { return m.verdict == survived || m.verdict == unreached }

// problem fails where too many mutants survive, where one is not explained, and where an
// explanation is out of date.
func (r result) problem(explained map[string]bool) error {
	if r.percent() < required {
		return fmt.Errorf("%s: the tests kill %.1f %% of the mutants, want %d %%", r.name, r.percent(), required)
	}
	alive := map[string]bool{}
	unexplained := 0
	for _, m := range r.mutants {
		if m.survives() {
			alive[m.key()] = true
		}
		if m.survives() && !explained[m.key()] {
			unexplained++
		}
	}
	if unexplained > 0 {
		return fmt.Errorf("%s: %d survivors are not explained", r.name, unexplained)
	}
	for key := range explained {
		if strings.HasPrefix(key, r.directory()+"/") && !alive[key] {
			return fmt.Errorf("%s: explained, but killed or gone: %s", r.name, key)
		}
	}
	return nil
}

func (r result) directory() string { return strings.TrimPrefix(r.name, "./") }

// explanation is a line of the document that begins with the key of a survivor.
var explanation = regexp.MustCompile("(?m)^- `(.+ → .+)`: \\S")

// readExplained returns the keys of the survivors that the document explains.
func readExplained(file string) (map[string]bool, error) {
	text, err := os.ReadFile(file)
	explained := map[string]bool{}
	for _, match := range explanation.FindAllStringSubmatch(string(text), -1) {
		explained[match[1]] = true
	}
	return explained, err
}

// row is a line of the document's table.
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*$")

// record writes the results into the table of the document, where those of other packages
// stay.
func record(file string, results []result) error {
	return document.Update(file, false, os.Stdout, "", func(text string) (string, error) {
		rows := map[string]string{}
		for _, match := range row.FindAllStringSubmatch(text, -1) {
			rows[match[1]] = match[0]
		}
		for _, r := range results {
			rows[r.directory()] = fmt.Sprintf("| `%s` | %d | %d (%.1f %%) | %d |",
				r.directory(), r.total(), r.count(killed), r.percent(), r.count(survived, unreached))
		}
		table := "\n| package | mutants | killed | survivors |\n|---|---|---|---|\n"
		for _, name := range slices.Sorted(maps.Keys(rows)) {
			table += rows[name] + "\n"
		}
		return document.Replace(text, "mutants", table+"\n")
	})
}

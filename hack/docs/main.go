// SPDX-License-Identifier: Apache-2.0

// Command docs writes tables of what the code knows into documents: for each table,
// between the lines <!-- NAME:begin --> and <!-- NAME:end -->. A document without
// these lines is left alone. With -check nothing is written, and it fails where a
// table is stale.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/test/bench"
)

// tables are the tables by name.
var tables = map[string]func() (string, error){
	"releases":  func() (string, error) { return releases(istio.Releases()), nil },
	"preflight": func() (string, error) { return checks(preflight.Checks()), nil },
	"metrics":   func() (string, error) { return measured(metrics.Metrics()), nil },
	"hardened":  hardenedTests,
	"alerts":    func() (string, error) { return alerts(alertsFile) },
	"setting":   benchmark((*bench.Report).Setting),
	"compared":  benchmark((*bench.Report).Compared),
	"measured":  benchmark((*bench.Report).Measured),
}

// benchmarkFile is the report of the benchmark that the documents show.
const benchmarkFile = "docs/performance.json"

// benchmark shows a part of that report.
func benchmark(part func(*bench.Report) string) func() (string, error) {
	return func() (string, error) {
		report, err := bench.Read(benchmarkFile)
		if err != nil {
			return "", err
		}
		return part(report), nil
	}
}

func main() {
	check := flag.Bool("check", false, "write nothing, fail where a table is stale")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./hack/docs [-check] FILE…")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(flag.Args(), *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// run updates or checks each of the files and tells what it did.
func run(files []string, check bool, out io.Writer) error {
	var failures []error
	for _, file := range files {
		failures = append(failures, update(file, check, out))
	}
	return errors.Join(failures...)
}

func update(file string, check bool, out io.Writer) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	updated, err := replaceTables(string(content))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", file, err)
	case updated == string(content):
		return nil
	case check:
		return fmt.Errorf("%s: a table is stale: run go run ./hack/docs %s", file, file)
	}
	fmt.Fprintln(out, "updated", file)
	return os.WriteFile(file, []byte(updated), 0o644)
}

// replaceTables brings all tables of a document up to date.
func replaceTables(document string) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if !strings.Contains(document, begin(name)) {
			continue
		}
		table, err := tables[name]()
		if err != nil {
			return "", err
		}
		if document, err = replaceTable(document, name, table); err != nil {
			return "", err
		}
	}
	return document, nil
}

func begin(name string) string { return "<!-- " + name + ":begin -->\n" }

// replaceTable puts the table between every pair of its markers.
func replaceTable(document, name, table string) (string, error) {
	end := "<!-- " + name + ":end -->"
	var updated strings.Builder
	for {
		before, rest, found := strings.Cut(document, begin(name))
		updated.WriteString(before)
		if !found {
			return updated.String(), nil
		}
		_, after, closed := strings.Cut(rest, end)
		if !closed {
			return "", fmt.Errorf("%q without %q", strings.TrimSpace(begin(name)), end)
		}
		updated.WriteString(begin(name) + table + end)
		document = after
	}
}

// releases is the releases in Markdown, newest first.
func releases(releases []istio.Release) string {
	var rows strings.Builder
	rows.WriteString("| Istio | Kubernetes | Gateway API | Note |\n|---|---|---|---|\n")
	for i := len(releases) - 1; i >= 0; i-- {
		r := releases[i]
		fmt.Fprintf(&rows, "| %s | %s | %s | %s |\n", r.Version, r.Kubernetes, r.GatewayAPI, r.Note)
	}
	return rows.String()
}

// checks is the preflight checks in Markdown, in the order in which they are told.
func checks(checks []preflight.Check) string {
	var rows strings.Builder
	rows.WriteString("| Reason | Looked for | | Why | What to do | Source |\n|---|---|---|---|---|---|\n")
	for _, c := range checks {
		effect := "warns"
		if c.Blocking {
			effect = "**stops**"
		}
		fmt.Fprintf(&rows, "| `%s` | %s | %s | %s | %s | %s |\n",
			c.Reason, cell.Replace(c.Title), effect, cell.Replace(c.Why), cell.Replace(c.Mend), cell.Replace(c.Source))
	}
	return rows.String()
}

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
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/gloo-operator/gloo-operator/hack/document"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/test/suites/bench"
)

// tables are the tables by name.
var tables = map[string]func() (string, error){
	"releases":  func() (string, error) { return releases(istio.Releases()), nil },
	"matrix":    matrix,
	"support":   func() (string, error) { return supports(istio.Supports()), nil },
	"notes":     upgradeNotes,
	"preflight": func() (string, error) { return checks(preflight.Checks()), nil },
	"findings":  func() (string, error) { return findings(preflight.Checks()), nil },
	"metrics":   func() (string, error) { return measured(metrics.Metrics()), nil },
	"hardened":  hardenedTests,
	"alerts":    func() (string, error) { return alerts(alertsFile) },
	"api":       apiFields,
	"marks":     marks,

	"argocd-health":   included("config/argocd/health.lua"),
	"argocd-operator": included("config/argocd/operator.yaml"),
	"argocd-mesh":     included("config/argocd/mesh.yaml"),
	"flux-operator":   included("config/flux/operator.yaml"),
	"flux-mesh":       included("config/flux/mesh.yaml"),
	"setting":         benchmark((*bench.Report).Setting),
	"compared":        benchmark((*bench.Report).Compared),
	"measured":        benchmark((*bench.Report).Measured),
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

// included shows a file as code.
func included(file string) func() (string, error) {
	return func() (string, error) {
		content, err := os.ReadFile(file)
		return fmt.Sprintf("```%s\n%s```\n", strings.TrimPrefix(filepath.Ext(file), "."), content), err
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

// run updates or checks each of the files and prints what it did.
func run(files []string, check bool, out io.Writer) error {
	var failures []error
	for _, file := range files {
		advice := "has a stale table: run go run ./hack/docs " + file
		failures = append(failures, document.Update(file, check, out, advice, replaceTables))
	}
	return errors.Join(failures...)
}

// replaceTables brings all tables of a document up to date.
func replaceTables(text string) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if !document.Has(text, name) {
			continue
		}
		table, err := tables[name]()
		if err != nil {
			return "", err
		}
		if text, err = document.Replace(text, name, table); err != nil {
			return "", err
		}
	}
	return text, nil
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

// supports is the table of support in Markdown, newest first.
func supports(all []istio.Support) string {
	var rows strings.Builder
	fmt.Fprintf(&rows, "Looked up on %s, in copies of these pages up to %s:\n\n",
		istio.SupportLookedUp.Format(time.DateOnly), istio.SupportKnown.Format(time.DateOnly))
	rows.WriteString("| Istio | First release | End of support | Source |\n|---|---|---|---|\n")
	for _, s := range slices.Backward(all) {
		end := s.End.Format(time.DateOnly)
		if s.Expected {
			end += ", expected"
		}
		fmt.Fprintf(&rows, "| 1.%d | %s | %s | %s |\n", s.Minor, s.Released.Format(time.DateOnly), end, s.Source)
	}
	return rows.String()
}

// upgradeNotes is how many upgrade notes the steps between bundled releases have, in
// Markdown, newest first, with Istio's pages that have them in full.
func upgradeNotes() (string, error) {
	var rows strings.Builder
	rows.WriteString("| Upgrade | Notes | On istio.io |\n|---|---|---|\n")
	versions := istio.Versions()
	for i := len(versions) - 1; i > 0; i-- {
		notes, err := istio.UpgradeNotes(versions[i-1], versions[i])
		if err != nil {
			return "", err
		}
		version := semver.MustParse(versions[i])
		minor := fmt.Sprintf("%d.%d", version.Major(), version.Minor())
		fmt.Fprintf(&rows, "| %s → %s | %d | https://istio.io/latest/news/releases/%s.x/announcing-%s/upgrade-notes/ |\n",
			versions[i-1], versions[i], len(notes), minor, minor)
	}
	return rows.String(), nil
}

// checks is the preflight checks in Markdown, in the order in which they are reported.
func checks(checks []preflight.Check) string {
	var rows strings.Builder
	rows.WriteString("| Reason | Looked for | | Why | What to do | Source |\n|---|---|---|---|---|---|\n")
	for _, c := range checks {
		effect := "warns"
		if c.Blocking {
			effect = "**stops**"
		}
		fmt.Fprintf(&rows, "| `%s` | %s | %s | %s | %s | %s |\n",
			c.Reason, cell.Replace(c.Title), effect, cell.Replace(c.Why), cell.Replace(c.Fix), cell.Replace(c.Source))
	}
	return rows.String()
}

// findings is a section for each check, by its reason.
func findings(checks []preflight.Check) string {
	var sections strings.Builder
	for _, c := range checks {
		effect := "Warns"
		if c.Blocking {
			effect = "Stops"
		}
		fmt.Fprintf(&sections, "#### %s\n\n%s: %s.\n\n", c.Reason, effect, cell.Replace(c.Title))
	}
	return sections.String()
}

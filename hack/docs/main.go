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
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// tables are the tables by name.
var tables = map[string]func() string{
	"releases":  func() string { return releases(istio.Releases()) },
	"preflight": func() string { return checks(preflight.Checks()) },
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
	updated := string(content)
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if updated, err = replaceTable(updated, name, tables[name]()); err != nil {
			break
		}
	}
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

// replaceTable puts the table between every pair of its markers.
func replaceTable(document, name, table string) (string, error) {
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	var updated strings.Builder
	for {
		before, rest, found := strings.Cut(document, begin)
		updated.WriteString(before)
		if !found {
			return updated.String(), nil
		}
		_, after, closed := strings.Cut(rest, end)
		if !closed {
			return "", fmt.Errorf("%q without %q", strings.TrimSpace(begin), end)
		}
		updated.WriteString(begin + table + end)
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
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;")
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

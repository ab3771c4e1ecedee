// SPDX-License-Identifier: Apache-2.0

// Command releases writes the table of supported releases into documents, between
// the lines <!-- releases:begin --> and <!-- releases:end -->. Documents without
// these lines are left alone. With -check nothing is written, and it fails where a
// table is stale.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

const (
	begin = "<!-- releases:begin -->\n"
	end   = "<!-- releases:end -->"
)

func main() {
	check := flag.Bool("check", false, "write nothing, fail where a table is stale")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./hack/releases [-check] FILE…")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(flag.Args(), *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "releases:", err)
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
	updated, err := replaceTable(string(content), table(istio.Releases()))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", file, err)
	case updated == string(content):
		return nil
	case check:
		return fmt.Errorf("%s: the table of releases is stale: run go run ./hack/releases %s", file, file)
	}
	fmt.Fprintln(out, "updated", file)
	return os.WriteFile(file, []byte(updated), 0o644)
}

// replaceTable puts the table between every pair of markers.
func replaceTable(document, table string) (string, error) {
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

// table is the releases in Markdown, newest first.
func table(releases []istio.Release) string {
	var rows strings.Builder
	rows.WriteString("| Istio | Kubernetes | Gateway API | Note |\n|---|---|---|---|\n")
	for i := len(releases) - 1; i >= 0; i-- {
		r := releases[i]
		fmt.Fprintf(&rows, "| %s | %s | %s | %s |\n", r.Version, r.Kubernetes, r.GatewayAPI, r.Note)
	}
	return rows.String()
}

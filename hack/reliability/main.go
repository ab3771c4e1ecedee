// SPDX-License-Identifier: Apache-2.0

// Command reliability writes what tests have covered into a document. Each result
// is a JSON file {"section": …, "columns": […], "rows": [[…]]}, and becomes a table
// between the lines <!-- SECTION:begin --> and <!-- SECTION:end -->, which the
// document has to have. With -check nothing is written, and it fails where the
// document says otherwise.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gloo-operator/gloo-operator/hack/document"
)

func main() {
	check := flag.Bool("check", false, "write nothing, fail where the document is stale")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./hack/reliability [-check] DOCUMENT RESULT…")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() < 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Args()[1:], *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "reliability:", err)
		os.Exit(1)
	}
}

// result is what a suite has covered.
type result struct {
	Section string     `json:"section"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// run updates or checks the sections of the document that the results are about.
func run(file string, results []string, check bool, out io.Writer) error {
	advice := fmt.Sprintf("does not show the results: run go run ./hack/reliability %s RESULT…", file)
	return document.Update(file, check, out, advice, func(text string) (string, error) {
		for _, file := range results {
			r, err := read(file)
			if err != nil {
				return "", fmt.Errorf("%s: %w", file, err)
			}
			if text, err = document.Replace(text, r.Section, table(r)); err != nil {
				return "", err
			}
		}
		return text, nil
	})
}

func read(file string) (result, error) {
	var r result
	content, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return r, err
	}
	if r.Section == "" || len(r.Columns) == 0 {
		return r, errors.New("no section or no columns")
	}
	for _, row := range r.Rows {
		if len(row) != len(r.Columns) {
			return r, fmt.Errorf("a row of %d cells below %d columns: %s", len(row), len(r.Columns), strings.Join(row, ", "))
		}
	}
	return r, nil
}

// table is a result in Markdown.
func table(r result) string {
	var text strings.Builder
	line := func(cells []string) { text.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(r.Columns)
	text.WriteString(strings.Repeat("|---", len(r.Columns)) + "|\n")
	for _, row := range r.Rows {
		line(row)
	}
	return text.String()
}

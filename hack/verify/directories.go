// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// directoryDoc is the document whose table describes each directory.
const directoryDoc = "docs/design.md"

// describedTrees are the directories whose subdirectories need rows: each package with Go
// files, and each directory directly below hack.
var describedTrees = []string{"internal/", "test/", "hack/"}

// directoryName is a directory in the first column of the table.
var directoryName = regexp.MustCompile("`([^`]+)`")

// directories compares the table with the tree.
func directories(_ context.Context, t *tree) error {
	text, err := t.read(directoryDoc)
	if err != nil {
		return err
	}
	rows := directoryRows(text)
	if len(rows) == 0 {
		return fmt.Errorf("%s has no table with the first column directory", directoryDoc)
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(t.packages())) {
		if !rows[name] {
			problems = append(problems, fmt.Errorf("%s has no row for %s", directoryDoc, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if !t.has(name) {
			problems = append(problems, fmt.Errorf("%s has a row for %s, which does not exist", directoryDoc, name))
		}
	}
	return errors.Join(problems...)
}

// directoryRows are the directories in the table's first column, several in one cell too.
func directoryRows(text string) map[string]bool {
	_, table, _ := strings.Cut(text, "| directory |")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := map[string]bool{}
	for _, line := range strings.Split(table, "\n") {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, match := range directoryName.FindAllStringSubmatch(cell, -1) {
			rows[match[1]] = true
		}
	}
	return rows
}

// packages are the directories that need a row.
func (t *tree) packages() map[string]bool {
	packages := map[string]bool{}
	for _, name := range t.files {
		directory := path.Dir(name)
		described := slices.ContainsFunc(describedTrees, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		switch {
		case !described || strings.Contains(name, "/testdata/"):
		case strings.HasPrefix(name, "hack/") && directory != "hack":
			packages[strings.Join(strings.Split(name, "/")[:2], "/")] = true
		case strings.HasSuffix(name, ".go"):
			packages[directory] = true
		}
	}
	return packages
}

// has reports whether the tree has a file in that directory.
func (t *tree) has(directory string) bool {
	return slices.ContainsFunc(t.files, func(name string) bool { return strings.HasPrefix(name, directory+"/") })
}

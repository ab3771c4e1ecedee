// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// check is one thing that must be true of the tree.
type check struct {
	name string
	run  func(context.Context, *tree) error
	// advice says what to do when it is not.
	advice string
}

var checks = []check{
	{"a clean clone builds and vets", cleanClone, "go build ./... and go vet ./... must work without the copied Gateway API CRDs, too"},
	{"generated files are fresh", generated, "run make generate, and commit what it changes"},
	{"all Go files are formatted", formatted, "run gofmt -w on them"},
	{"go.mod and go.sum are tidy", tidy, "run go mod tidy in the module's folder; docs/releases.md tells what Istio's modules need"},
	{"the linters agree", lint, "see .golangci.yml; run make lint"},
	{"the operator's modules have licences that allow to pass it on", linkedLicences, "use another module, or extend Allowed in hack/licences/linked when the licence is as permissive as those"},
	{"docs name make targets that exist", targets, "mend the doc or the Makefile"},
	{"the README shows the sample as it is", sample, "copy the sample into the README anew"},
	{"no other project's text", foreign, "take it from a module at build time, or write it anew"},
	{"no path of one machine", machinePaths, "use a path relative to the repository, or a temporary folder"},
}

// generated runs the generators in the clone, where they must change nothing that git
// keeps. They copy the Gateway API's CRDs first: the check of a clone without comes
// before this one.
func generated(ctx context.Context, t *tree) error {
	if _, err := command(ctx, t.clone, "make", "--no-print-directory", "generate"); err != nil {
		return err
	}
	changed, err := t.changed()
	if err == nil {
		changed, err = t.unignored(ctx, changed)
	}
	if err != nil || len(changed) == 0 {
		return err
	}
	return fmt.Errorf("stale: %s", strings.Join(changed, ", "))
}

func cleanClone(ctx context.Context, t *tree) error {
	for _, verb := range []string{"build", "vet"} {
		if _, err := command(ctx, t.clone, "go", verb, "./..."); err != nil {
			return err
		}
	}
	for _, module := range []string{"gatewayapi", "plot"} {
		if _, err := command(ctx, filepath.Join(t.clone, "hack", module), "go", "vet", "./..."); err != nil {
			return err
		}
	}
	return nil
}

func formatted(ctx context.Context, t *tree) error {
	unformatted, err := command(ctx, t.clone, "gofmt", append([]string{"-l", "-s"}, t.with(".go")...)...)
	if err == nil && unformatted != "" {
		err = errors.New(strings.TrimSpace(unformatted))
	}
	return err
}

// tidy leaves out the modules of tools: there it would look at the tests of the
// tools' dependencies, which nobody builds. A tool that builds is complete.
func tidy(ctx context.Context, t *tree) error {
	var problems []error
	for _, file := range t.with("go.mod") {
		if strings.HasPrefix(file, "hack/tools/") {
			continue
		}
		if _, err := command(ctx, filepath.Join(t.clone, filepath.Dir(file)), "go", "mod", "tidy", "-diff"); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", file, err))
		}
	}
	return errors.Join(problems...)
}

func lint(ctx context.Context, t *tree) error {
	_, err := command(ctx, t.root, "make", "--no-print-directory", "lint")
	return err
}

func linkedLicences(ctx context.Context, t *tree) error {
	_, err := command(ctx, t.root, "go", "run", "./hack/licences")
	return err
}

var (
	// namedTarget is a make target in code or at the start of a line of a doc.
	namedTarget = regexp.MustCompile("(?m)(?:`|^\\s*)make ([a-z][a-z0-9-]*)")
	// definedTarget is a rule of a makefile.
	definedTarget = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
)

func targets(_ context.Context, t *tree) error {
	defined := map[string]bool{}
	for _, file := range append(t.with("Makefile"), t.with(".mk")...) {
		text, err := t.read(file)
		if err != nil {
			return err
		}
		for _, match := range definedTarget.FindAllStringSubmatch(text, -1) {
			defined[match[1]] = true
		}
	}
	return t.forbid(t.with(".md"), func(line string) bool {
		match := namedTarget.FindStringSubmatch(line)
		return match != nil && !defined[match[1]]
	})
}

// shownSample is the manifest that the README and the demo are about.
const shownSample = "config/samples/k3s-cilium.yaml"

func sample(_ context.Context, t *tree) error {
	readme, readmeErr := t.read("README.md")
	manifest, manifestErr := t.read(shownSample)
	if err := errors.Join(readmeErr, manifestErr); err != nil {
		return err
	}
	if !strings.Contains(readme, manifest) {
		return fmt.Errorf("README.md does not contain %s", shownSample)
	}
	return nil
}

// licences are the files that hold the text of a licence.
var licences = []string{"LICENSE"}

// copyright matches what stands at the top of a file of somebody else's.
var copyright = regexp.MustCompile(`(?i)copyright\s+(\(c\)\s*|©\s*)?(the\s|[0-9]{4})`)

func foreign(_ context.Context, t *tree) error {
	var names []string
	for _, name := range t.files {
		if !slices.Contains(licences, path.Base(name)) {
			names = append(names, name)
		}
	}
	return t.forbid(names, copyright.MatchString)
}

// machinePath matches folders that only a certain machine has.
var machinePath = regexp.MustCompile(`/(work|root|farm)/`)

func machinePaths(_ context.Context, t *tree) error {
	names := slices.DeleteFunc(slices.Clone(t.files), func(name string) bool { return strings.HasSuffix(name, ".sum") })
	return t.forbid(names, machinePath.MatchString)
}

// forbid names each line of the files that is not to be.
func (t *tree) forbid(names []string, bad func(line string) bool) error {
	var problems []error
	for _, name := range names {
		text, err := t.read(name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(text, "\n") {
			if bad(line) {
				problems = append(problems, fmt.Errorf("%s:%d: %s", name, i+1, strings.TrimSpace(line)))
			}
		}
	}
	return errors.Join(problems...)
}

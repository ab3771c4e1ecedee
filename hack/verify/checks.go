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

// check is one requirement on the tree.
type check struct {
	name string
	run  func(context.Context, *tree) error
	// advice says what to do when it fails.
	advice string
}

var checks = []check{
	{"a clean clone builds and vets", cleanClone, "make go build ./... and go vet ./... work without the copied Gateway API CRDs"},
	{"generated files are fresh", generated, "run make generate, and commit what it changes"},
	{"all Go files are formatted", formatted, "run gofmt -s -w on them"},
	{"all Go files name their licence", licenceNamed, "begin the file with " + licenceLine},
	{"go.mod and go.sum are tidy", tidy, "run go mod tidy in the module's directory; docs/releases.md says what Istio's modules need"},
	{"the linters agree", lint, "see .golangci.yml; run make lint"},
	{"the licences of the operator's modules allow redistribution", linkedLicences, "use another module, or extend Allowed in hack/licences/linked when the licence is as permissive as those"},
	{"helm lint finds nothing in the chart", chart, "fix what it names in " + chartDirectory},
	{"workflows are valid, and name the commits of actions", workflows, "see https://github.com/rhysd/actionlint/blob/main/docs/checks.md; write uses: OWNER/NAME@COMMIT # TAG"},
	{"docs name make targets that exist", targets, "fix the doc or the Makefile"},
	{"links in docs lead somewhere, and the index lists each doc", links, "fix the link, or add the doc to " + index},
	{"docs/design.md describes each directory", directories, "add the row to its table, or remove it"},
	{"the README shows the current sample", sample, "copy the sample into the README"},
	{"no text from other projects", foreign, "take it from a module at build time, or write your own"},
	{"docs, comments and messages use the field's words", words, "use the words that it names; wordsAllowed in hack/verify/words.go lists exceptions with a reason"},
	{"no paths that exist on one machine only", machinePaths, "use a path relative to the repository, or a temporary directory"},
}

// generated runs the generators in the clone, where they must not change a tracked file.
// They copy the Gateway API's CRDs first, so the check of a clean clone runs before it.
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
	for _, module := range []string{"gatewayapi", "plot", "release/sign", "bundle/validate"} {
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

// licenceLine is the first line of a Go file, or the first after its build constraint.
const licenceLine = "// SPDX-License-Identifier: Apache-2.0"

func licenceNamed(_ context.Context, t *tree) error {
	var problems []error
	for _, name := range t.with(".go") {
		text, err := t.read(name)
		if err != nil {
			return err
		}
		if strings.HasPrefix(text, "//go:build ") {
			_, text, _ = strings.Cut(text, "\n")
			text = strings.TrimLeft(text, "\n")
		}
		if first, _, _ := strings.Cut(text, "\n"); first != licenceLine {
			problems = append(problems, errors.New(name))
		}
	}
	return errors.Join(problems...)
}

// tidy skips the modules of tools: it would resolve the tests of the tools'
// dependencies, which nothing here builds. A tool that builds has a complete module.
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

// chartDirectory is the operator's chart.
const chartDirectory = "charts/gloo-operator"

func chart(ctx context.Context, t *tree) error {
	_, err := command(ctx, t.clone, "go", "tool", "-modfile=hack/tools/helm/go.mod", "helm", "lint", "--strict", chartDirectory)
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

// shownSample is the manifest that the README shows and the demo applies.
const shownSample = "config/samples/minimal.yaml"

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

// copyright matches the notice at the top of another project's files.
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

// machinePath matches directories that exist on one machine only.
var machinePath = regexp.MustCompile(`/(work|root|farm)/`)

func machinePaths(_ context.Context, t *tree) error {
	names := slices.DeleteFunc(slices.Clone(t.files), func(name string) bool { return strings.HasSuffix(name, ".sum") })
	return t.forbid(names, machinePath.MatchString)
}

// forbid reports each line for which bad returns true.
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

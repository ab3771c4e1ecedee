// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// verdict says what became of a mutant.
type verdict int

const (
	// unreached mutants are in code that no test runs, or with bounds that no test meets.
	unreached verdict = iota
	survived
	killed
	// invalid mutants do not compile.
	invalid
)

// binary is a compiled test with all mutants of its package.
type binary struct {
	path, directory string
	parts           []part
}

// part is the tests of one file, where they are Ginkgo's, or all tests.
type part struct {
	arguments []string
	// elapsed is how long it takes without a mutant.
	elapsed time.Duration
	reached map[string]bool
}

// prepare runs the tests without a mutant: they have to pass, and they say which mutants
// they reach.
func (b *binary) prepare(ctx context.Context, directory string) error {
	arguments, err := b.split(ctx)
	if err != nil {
		return err
	}
	for _, a := range arguments {
		trace := filepath.Join(directory, "trace")
		if err := os.WriteFile(trace, nil, 0o600); err != nil {
			return err
		}
		start := time.Now()
		if output, err := b.command(ctx, a, "MUTANT=0", "MUTANT_TRACE="+trace).CombinedOutput(); err != nil {
			return fmt.Errorf("the tests fail without a mutant: %w\n%s", err, output)
		}
		p := part{arguments: a, elapsed: time.Since(start), reached: map[string]bool{}}
		text, err := os.ReadFile(trace)
		if err != nil {
			return err
		}
		for _, id := range strings.Fields(string(text)) {
			p.reached[id] = true
		}
		b.parts = append(b.parts, p)
	}
	slices.SortStableFunc(b.parts, func(a, b part) int { return cmp.Compare(a.elapsed, b.elapsed) })
	return nil
}

// split returns the arguments of each part.
func (b *binary) split(ctx context.Context) ([][]string, error) {
	help, _ := exec.CommandContext(ctx, b.path, "-help").CombinedOutput() // It fails by design.
	if !bytes.Contains(help, []byte("-ginkgo.focus-file")) {
		return [][]string{{"-test.failfast"}}, nil
	}
	files, err := filepath.Glob(filepath.Join(b.directory, "*_test.go"))
	parts := [][]string{{"-test.failfast", "-test.run=^(Fuzz|Example)"}}
	for _, file := range files {
		focus := "-ginkgo.focus-file=/" + regexp.QuoteMeta(filepath.Base(file))
		parts = append(parts, []string{"-test.failfast", "-test.run=^Test", "-ginkgo.fail-fast", "-ginkgo.seed=1", focus})
	}
	return parts, err
}

func (b *binary) command(ctx context.Context, arguments []string, variables ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, b.path, arguments...)
	command.Dir = b.directory
	command.Env = append(os.Environ(), variables...)
	return command
}

// runAll sets the verdicts, and reports each, first those of mutants that no test reaches.
func (b *binary) runAll(ctx context.Context, mutants []mutant, workers int, report func(mutant)) error {
	var toRun []int
	for i, m := range mutants {
		switch {
		case m.verdict == invalid:
		case slices.ContainsFunc(b.parts, func(p part) bool { return p.reached[fmt.Sprint(i+1)] }):
			toRun = append(toRun, i)
		default:
			report(m)
		}
	}
	var reporting sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, i := range toRun {
		group.Go(func() error {
			mutants[i].verdict = b.run(ctx, fmt.Sprint(i+1))
			if ctx.Err() == nil {
				reporting.Lock()
				defer reporting.Unlock()
				report(mutants[i])
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

// run tries a mutant with each part that reaches it, the quick ones first. A part may take
// ten times as long as without it.
func (b *binary) run(ctx context.Context, id string) verdict {
	for _, p := range b.parts {
		if !p.reached[id] {
			continue
		}
		limit := fmt.Sprintf("-test.timeout=%s", 5*time.Second+10*p.elapsed)
		if b.command(ctx, append(slices.Clone(p.arguments), limit), "MUTANT="+id).Run() != nil {
			return killed
		}
	}
	return survived
}

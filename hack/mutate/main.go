// SPDX-License-Identifier: Apache-2.0

// Command mutate changes the code of packages in small ways, called mutants, and reports
// those that the unit tests beside the code do not notice, called survivors. It compiles
// all mutants of a package into one test binary, runs it once for each mutant, and does
// not change the tree. It fails if fewer than 90 % of a package's mutants are killed, or
// if a survivor is not explained in docs/mutation.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	options := options{root: "."}
	flag.StringVar(&options.document, "explained", "docs/mutation.md", "the document that explains survivors")
	flag.BoolVar(&options.record, "record", false, "write the numbers into the document")
	flag.IntVar(&options.workers, "workers", max(1, runtime.NumCPU()/2), "test binaries that run at the same time")
	flag.StringVar(&options.file, "file", "", "mutate only this file of the packages, such as path.go")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: go run ./hack/mutate [FLAGS] PACKAGE...")
		os.Exit(2)
	}
	if err := run(ctx, options, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

type options struct {
	// root is the directory in which names of packages are looked up.
	root     string
	document string
	file     string
	record   bool
	workers  int
}

// run mutates one package after the other, and reports all problems at the end.
func run(ctx context.Context, options options, names []string) error {
	explained, err := readExplained(options.document)
	if err != nil {
		return err
	}
	var problems []error
	var results []result
	for _, name := range names {
		result, err := mutate(ctx, name, options, func(m mutant) { m.print(os.Stdout, explained) })
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Println(result)
		problems = append(problems, result.problem(explained))
		results = append(results, result)
	}
	if options.record {
		problems = append(problems, record(options.document, results))
	}
	return errors.Join(problems...)
}

// mutate compiles a package's mutants and runs its tests against each. It calls report
// with each when it has a verdict.
func mutate(ctx context.Context, name string, options options, report func(mutant)) (result, error) {
	target, err := load(ctx, options.root, name)
	if err != nil {
		return result{}, err
	}
	directory, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(directory)
	mutants := target.find(options.file)
	binary, err := target.compile(ctx, directory, &mutants)
	if err != nil {
		return result{}, err
	}
	err = binary.runAll(ctx, mutants, options.workers, report)
	return result{name: name, mutants: mutants}, err
}

// SPDX-License-Identifier: Apache-2.0

// Command licences checks that each module that is linked into a program of the image has a
// licence that allows to pass the operator on, and lists them. make verify runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/gloo-operator/gloo-operator/hack/licences/linked"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, "./cmd/gloo-operator", "./cmd/gloo-operator-probe"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// architectures are those of the operator's image.
var architectures = []string{"amd64", "arm64"}

// run lists the modules of programs, each once, and fails with all that is wrong with
// them.
func run(ctx context.Context, out io.Writer, programs ...string) error {
	var problems []error
	seen := map[string]bool{}
	for _, architecture := range architectures {
		modules, err := linkedInto(ctx, architecture, programs)
		if err != nil {
			return err
		}
		for _, module := range modules {
			if seen[module.Path] {
				continue
			}
			seen[module.Path] = true
			fmt.Fprintf(out, "%s %s %s\n", module.Path, module.Version, strings.Join(module.Licences, " AND "))
			if module.Problem != nil {
				problems = append(problems, fmt.Errorf("%s@%s %w", module.Path, module.Version, module.Problem))
			}
		}
	}
	return errors.Join(problems...)
}

// linkedInto are the modules of all programs.
func linkedInto(ctx context.Context, architecture string, programs []string) ([]linked.Module, error) {
	var all []linked.Module
	for _, program := range programs {
		modules, err := linked.Modules(ctx, program, architecture)
		if err != nil {
			return nil, err
		}
		all = append(all, modules...)
	}
	return all, nil
}

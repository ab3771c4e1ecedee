// SPDX-License-Identifier: Apache-2.0

// Command licences checks that each module that is linked into the operator has a
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
	if err := run(ctx, "./cmd/gloo-operator", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// architectures are those of the operator's image.
var architectures = []string{"amd64", "arm64"}

// run lists the modules of a program, each once, and fails with all that is wrong with
// them.
func run(ctx context.Context, program string, out io.Writer) error {
	var problems []error
	seen := map[string]bool{}
	for _, architecture := range architectures {
		modules, err := linked.Modules(ctx, program, architecture)
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

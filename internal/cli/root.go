// SPDX-License-Identifier: Apache-2.0

// Package cli is the operator's command line. Commands read the streams of the
// root command, so that tests can run them.
package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gloo-operator/gloo-operator/internal/helm"
)

// RenderIfChild renders a chart and exits where this process was started to do that;
// main calls it first. See helm.RenderIfChild.
func RenderIfChild() { helm.RenderIfChild() }

// Execute runs a command, prints its error to the error output, and returns the exit
// code of the process.
func Execute(ctx context.Context, root *cobra.Command) int {
	command, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDifferent):
		return exitDifferent
	}
	fmt.Fprintln(root.ErrOrStderr(), "error:", err)
	if command.Name() == diffName {
		return exitNoDiff
	}
	return 1
}

// NewRoot returns the command gloo-operator with its subcommands. Errors are
// returned, not printed.
func NewRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "gloo-operator",
		Short:         "Runs an Istio mesh from one custom resource",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newRun(), NewRender(), newDiff(), newVersion())
	return root
}

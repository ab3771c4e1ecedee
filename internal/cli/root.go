// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gloo-operator/gloo-operator/internal/helm"
)

// RenderIfChild serves a rendering request and exits if this process is a child that was
// started for one. Call it first in main. See helm.RenderIfChild.
func RenderIfChild() { helm.RenderIfChild() }

// Execute runs a command, prints its error to the error output, and returns the exit code
// of the process: 0 for success, 1 for an error. For diff, 1 means differences and 2 an
// error. For status, 1 means that a mesh is not SUCCEEDED and 2 an error. For bug-report, 1 means
// that some of it could not be read and 2 an error.
func Execute(ctx context.Context, root *cobra.Command) int {
	command, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDifferent), errors.Is(err, errNotComplete), errors.Is(err, errIncomplete):
		return exitDifferent
	}
	fmt.Fprintln(root.ErrOrStderr(), "error:", err)
	if slices.Contains([]string{diffName, statusName, bugReportName}, command.Name()) {
		return exitNoDiff
	}
	return 1
}

// NewRoot returns the command gloo-operator with its subcommands. Errors are returned, not
// printed.
func NewRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "gloo-operator",
		Short:         "Runs an Istio mesh from one custom resource",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newRun(), NewRender(), newDiff(), newStatus(time.Now), newBugReport(time.Now), newImages(), NewVersions(time.Now), newVersion())
	return root
}

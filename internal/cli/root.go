// SPDX-License-Identifier: Apache-2.0

// Package cli is the operator's command line. Commands read the streams of the
// root command, so that tests can run them.
package cli

import (
	"github.com/spf13/cobra"

	"github.com/gloo-operator/gloo-operator/internal/helm"
)

// RenderIfChild renders a chart and exits where this process was started to do that;
// main calls it first. See helm.RenderIfChild.
func RenderIfChild() { helm.RenderIfChild() }

// NewRoot returns the command gloo-operator with its subcommands. Errors are
// returned, not printed.
func NewRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "gloo-operator",
		Short:         "Runs an Istio mesh from one custom resource",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newRun(), NewRender(), newVersion())
	return root
}

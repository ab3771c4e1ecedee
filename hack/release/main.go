// SPDX-License-Identifier: Apache-2.0

// Command release writes the files of a release, verifies them as a user does, and pushes
// them to a registry. make release, make release-verify and docs/releasing.md use it. It
// signs nothing and checks no signature: hack/release/sign does.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{Use: "release", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(newWrite(), newVerify(), newPush())
	return root
}

func newWrite() *cobra.Command {
	s := source{chart: "charts/gloo-operator", changelog: "CHANGELOG.md", licence: "LICENSE"}
	var dist, created string
	command := &cobra.Command{
		Use: "write BINARY…", Short: "Writes the files of a release: a binary is in a directory that is named by its platform, such as linux-amd64",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, binaries []string) error {
			var err error
			if s.created, err = time.Parse(time.RFC3339, created); err != nil {
				return fmt.Errorf("--created: %w", err)
			}
			s.binaries = binaries
			return s.write(command.Context(), dist, command.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&dist, "dist", "dist", "directory to write, which is replaced if it is a release")
	flags.StringVar(&s.version, "version", "", "version of the release, such as v0.1.0")
	flags.StringVar(&s.revision, "revision", "", "commit that everything was built from")
	flags.StringVar(&created, "created", "", "time of that commit, in RFC 3339")
	flags.StringVar(&s.builder, "builder", localBuilder, "URI of who builds, for the provenance")
	flags.StringVar(&s.image, "image", "bin/release/image", "OCI image layout, as hack/image writes it, with its SBOMs next to it")
	flags.StringVar(&s.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt", "CA certificates in the image, in PEM")
	return command
}

func newVerify() *cobra.Command {
	return &cobra.Command{
		Use: "verify [DIST]", Short: "Verifies that a release is complete, unchanged and consistent", Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return verify(command.Context(), append(arguments, "dist")[0], command.OutOrStdout())
		},
	}
}

func newPush() *cobra.Command {
	var dist string
	command := &cobra.Command{
		Use: "push oci://HOST/PATH", Short: "Pushes image, chart, SBOMs and provenance, with the credentials of docker login", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return push(command.Context(), dist, arguments[0], http.DefaultClient, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&dist, "dist", "dist", "directory of the release")
	return command
}

// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// version is set by release builds:
// -ldflags "-X github.com/gloo-operator/gloo-operator/internal/cli.version=…".
var version string

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Prints the operator's version and the Istio releases that are bundled",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return printVersion(command.OutOrStdout())
		},
	}
}

// Version returns the operator's version: the one set at link time, else the module's.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if version != "" || !ok {
		return cmp.Or(version, "unknown")
	}
	return cmp.Or(info.Main.Version, "unknown")
}

func printVersion(out io.Writer) error {
	_, err := fmt.Fprintf(out, "gloo-operator %s\ncommit:      %s\ngo:          %s %s/%s\nistio:       %s\ngateway-api: %s\n",
		Version(), commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		strings.Join(istio.Versions(), ", "), gatewayAPI())
	return err
}

// commit returns the Git commit that the Go tool recorded.
func commit() string {
	revision, suffix := "unknown", ""
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return revision
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			suffix = " (modified)"
		}
	}
	return revision + suffix
}

// gatewayAPI returns the bundled Gateway API versions, or the error for a missing one.
func gatewayAPI() string {
	var versions []string
	for _, release := range istio.Releases() {
		if !gatewayapi.Bundled(release.GatewayAPI) {
			return fmt.Sprintf("%s: %v", release.GatewayAPI, gatewayapi.ErrNotBundled)
		}
		versions = append(versions, release.GatewayAPI)
	}
	return strings.Join(slices.Compact(versions), ", ")
}

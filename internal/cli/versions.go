// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// versionsOptions are the flags of versions.
type versionsOptions struct {
	repository, output, caFile string
	offline                    bool
	now                        func() time.Time
}

// versionsShown is how many patch releases of a minor version the table shows.
const versionsShown = 8

// NewVersions returns the command that lists the versions of Istio that can be installed,
// as of that time.
func NewVersions(now func() time.Time) *cobra.Command {
	options := versionsOptions{now: now}
	command := &cobra.Command{
		Use:   "versions",
		Short: "Lists the versions of Istio that can be installed, and how long they are supported",
		Long: "Lists the versions of Istio that can be installed: those that are bundled with the operator, and those that a repository has. For each minor " +
			"version, it prints how long the Istio project supports it, as it was known when this operator was built.\n\n" +
			"A list of a repository that cannot be read is a warning.",
		Example: `  gloo-operator versions
  gloo-operator versions --offline
  gloo-operator versions --repository oci://registry.example.com/istio/charts -o json`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return options.run(command)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.repository, "repository", istio.DefaultRepository, "repository of charts to list")
	flags.BoolVar(&options.offline, "offline", false, "list only the versions that are bundled")
	flags.StringVar(&options.caFile, "ca-file", "", "file with CA certificates, in PEM, to trust in addition to the system's")
	flags.StringVarP(&options.output, "output", "o", outputText, "text, or json")
	return command
}

// listedMinor is a minor version in the JSON output. Versions are newest first.
type listedMinor struct {
	Minor      string   `json:"minor"`
	Support    string   `json:"support"`
	Bundled    []string `json:"bundled"`
	Repository []string `json:"repository"`
}

func (o versionsOptions) run(command *cobra.Command) error {
	if o.output != outputText && o.output != outputJSON {
		return fmt.Errorf("--output must be %s or %s, not %q", outputText, outputJSON, o.output)
	}
	var listed []string
	if !o.offline {
		found, err := o.list(command.Context())
		if err != nil {
			fmt.Fprintf(command.ErrOrStderr(), "warning: %v\n", err)
		}
		listed = found
	}
	minors := minorsOf(istio.Versions(), listed, o.now())
	if o.output == outputJSON {
		encoder := json.NewEncoder(command.OutOrStdout())
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			SupportKnown string        `json:"supportKnown"`
			Versions     []listedMinor `json:"versions"`
		}{istio.SupportKnown.Format(time.DateOnly), minors})
	}
	return printMinors(command.OutOrStdout(), minors)
}

// list lists the versions of the repository.
func (o versionsOptions) list(ctx context.Context) ([]string, error) {
	access := repository.Access{}
	if o.caFile != "" {
		ca, err := os.ReadFile(o.caFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		access.CA = ca
	}
	return repository.Versions(ctx, repository.Source{URL: o.repository}, access, repository.DefaultLimits())
}

// minorsOf groups versions by their minor version, newest first. Of those in a repository,
// it leaves out prereleases, and minor versions older than the oldest that is bundled.
func minorsOf(bundled, listed []string, now time.Time) []listedMinor {
	minors := map[uint64]*listedMinor{}
	at := func(version *semver.Version) *listedMinor {
		key := version.Major()<<32 | version.Minor()
		if minors[key] == nil {
			minors[key] = &listedMinor{
				Minor: fmt.Sprintf("%d.%d", version.Major(), version.Minor()), Support: "not known", Bundled: []string{}, Repository: []string{},
			}
			if support, known := istio.SupportOf(version.Original()); known {
				minors[key].Support = support.State(now)
			}
		}
		return minors[key]
	}
	for _, text := range slices.Backward(bundled) {
		found := at(semver.MustParse(text))
		found.Bundled = append(found.Bundled, text)
	}
	oldest := semver.MustParse(bundled[0])
	for _, text := range slices.Backward(listed) {
		version, err := semver.StrictNewVersion(text)
		if err != nil || version.Prerelease() != "" || version.LessThan(oldest) && version.Minor() != oldest.Minor() {
			continue
		}
		found := at(version)
		found.Repository = append(found.Repository, text)
	}
	keys := make([]uint64, 0, len(minors))
	for key := range minors {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	sorted := make([]listedMinor, 0, len(keys))
	for _, key := range slices.Backward(keys) {
		sorted = append(sorted, *minors[key])
	}
	return sorted
}

func printMinors(out io.Writer, minors []listedMinor) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "ISTIO\tSUPPORT\tBUNDLED\tIN THE REPOSITORY")
	for _, minor := range minors {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", minor.Minor, minor.Support, orDash(strings.Join(minor.Bundled, ", ")),
			orDash(wording.First(minor.Repository, versionsShown)))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nSupport is what was announced until %s. It may have changed: see %s\n",
		istio.SupportKnown.Format(time.DateOnly), istio.SupportStatus)
	return err
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

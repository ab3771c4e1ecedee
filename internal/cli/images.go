// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/repository"
)

// imagesOptions are the flags of images.
type imagesOptions struct {
	renderOptions
	output, caFile string
	digest         bool
}

// newImages returns the command that lists the images that a manifest needs.
func newImages() *cobra.Command {
	options := imagesOptions{}
	command := &cobra.Command{
		Use:   "images -f FILE",
		Short: "Lists the images that a mesh needs",
		Long: "Lists the images that a mesh needs, one per line: those of its components, and those of the proxies that istiod starts (sidecars, waypoints " +
			"and gateways). The file is one for render. No cluster is needed, and no network for a version that is bundled.\n\n" +
			"With --digest, each image's registry is asked for its digest, with the credentials of docker login. The digest of an image for several " +
			"platforms is that of its index. An image whose digest cannot be found is listed without it, with a warning, and the command fails.",
		Example: `  gloo-operator images -f smc.yaml
  gloo-operator images -f smc.yaml --version 1.30.3 --digest
  gloo-operator images -f smc.yaml -o json`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return options.run(command)
		},
	}
	flags := command.Flags()
	addFilename(command, &options.file)
	flags.StringVar(&options.version, "version", "", "Istio version instead of spec.version")
	flags.StringVarP(&options.output, "output", "o", outputText, "text, or json")
	flags.BoolVar(&options.digest, "digest", false, "ask registries for the digests of the images")
	flags.StringVar(&options.caFile, "ca-file", "", "file with CA certificates, in PEM, to trust in addition to the system's for --digest")
	addDefaultRepository(command, &options.defaultRepository)
	return command
}

// listedImage is an image in the JSON output.
type listedImage struct {
	Image  string   `json:"image"`
	Digest string   `json:"digest,omitempty"`
	For    []string `json:"for"`
}

func (o imagesOptions) run(command *cobra.Command) error {
	if o.output != outputText && o.output != outputJSON {
		return fmt.Errorf("--output must be %s or %s, not %q", outputText, outputJSON, o.output)
	}
	errOut := command.ErrOrStderr()
	manifest, err := readManifest(o.file, command.InOrStdin())
	if err != nil {
		return err
	}
	built, err := o.build(command.Context(), manifest, errOut)
	if err != nil {
		return err
	}
	found, err := built.Images()
	if err != nil {
		return err
	}
	images, unknown, err := o.withDigests(command.Context(), found, errOut)
	if err != nil {
		return err
	}
	if err := o.printImages(command.OutOrStdout(), built.Version, images); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if unknown > 0 {
		return fmt.Errorf("%d of %d digests were not found", unknown, len(images))
	}
	return nil
}

// withDigests asks for the digests, if they are wanted, and counts those that are not found.
func (o imagesOptions) withDigests(ctx context.Context, found []plan.Image, errOut io.Writer) (images []listedImage, unknown int, err error) {
	for _, image := range found {
		images = append(images, listedImage{Image: image.Name, For: image.For})
	}
	if !o.digest {
		return images, 0, nil
	}
	var ca []byte
	if o.caFile != "" {
		if ca, err = os.ReadFile(o.caFile); err != nil {
			return nil, 0, fmt.Errorf("--ca-file: %w", err)
		}
	}
	digests, err := repository.NewDigests(ca)
	if err != nil {
		return nil, 0, err
	}
	for i := range images {
		if images[i].Digest, err = digests.Of(ctx, images[i].Image); err != nil {
			fmt.Fprintf(errOut, "warning: %v\n", err)
			unknown++
		}
	}
	return images, unknown, nil
}

func (o imagesOptions) printImages(out io.Writer, version string, images []listedImage) error {
	if o.output == outputJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Version string        `json:"version"`
			Images  []listedImage `json:"images"`
		}{version, images})
	}
	for _, image := range images {
		line := image.Image
		if image.Digest != "" {
			line += "@" + image.Digest
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

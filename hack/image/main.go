// SPDX-License-Identifier: Apache-2.0

// Command image makes the operator's image of its static binaries, the probe next to
// each of them, without a
// container engine: an OCI image layout with an index of one image for each
// architecture, and to each image a list of what is in it, which is written beside the
// layout as well. With -push it sends all to a registry, too. The same commit,
// certificates and Go make the same digests.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

func main() {
	var s source
	flag.StringVar(&s.version, "version", "unknown", "the operator's version, which becomes the image's tag in the layout")
	flag.StringVar(&s.certificates, "certificates", certificatesFile, "CA certificates that the operator trusts, in PEM")
	flag.StringVar(&s.revision, "revision", "unknown", "commit that the operator was built from")
	flag.TextVar(&s.created, "created", time.Unix(0, 0).UTC(), "time of that commit, in RFC 3339")
	directory := flag.String("output", "bin/image", "directory of the OCI image layout")
	push := flag.String("push", "", "where to push the image: registry/name:tag; credentials are those of docker login")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./hack/image [flags] BINARY…")
		flag.PrintDefaults()
	}
	flag.Parse()
	if s.binaries = flag.Args(); len(s.binaries) == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s, *directory, *push, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// run writes the layout, prints what is in it, and pushes it if that is asked for.
func run(ctx context.Context, s source, directory, push string, out io.Writer) error {
	layout, err := newLayout(directory)
	if err != nil {
		return err
	}
	images, index, err := s.write(ctx, layout)
	if err != nil {
		return err
	}
	for _, one := range images {
		fmt.Fprintf(out, "%s/%s: %.1f MB compressed, %s\n", one.Platform.OS, one.Platform.Architecture, float64(one.compressed)/1e6, one.Digest)
		list := fmt.Sprintf("%s-%s.cdx.json", directory, one.Platform.Architecture)
		if err := os.WriteFile(list, one.sbom, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: what is in it\n", list)
	}
	fmt.Fprintf(out, "%s: OCI image layout, %s\n", directory, index.Digest)
	if push == "" {
		return nil
	}
	if err := send(ctx, layout, images, s.version, push, http.DefaultClient); err != nil {
		return fmt.Errorf("pushing to %s: %w", push, err)
	}
	fmt.Fprintf(out, "pushed %s@%s\n", push, index.Digest)
	return nil
}

// newLayout is an empty layout in that directory, which is emptied: blobs of images that
// were made before would stay.
func newLayout(directory string) (*oci.Store, error) {
	if err := os.RemoveAll(directory); err != nil {
		return nil, err
	}
	return oci.New(directory)
}

// send copies the images and what refers to them to a registry, then the index of that
// tag: who sees the tag finds the rest.
func send(ctx context.Context, layout oras.ReadOnlyGraphTarget, images []image, tag, reference string, client *http.Client) error {
	repository, err := remote.NewRepository(reference)
	if err != nil {
		return err
	}
	if repository.Client, err = authorized(client); err != nil {
		return err
	}
	for _, one := range images {
		if err := oras.ExtendedCopyGraph(ctx, layout, repository, one.Descriptor, oras.DefaultExtendedCopyGraphOptions); err != nil {
			return err
		}
	}
	_, err = oras.Copy(ctx, layout, tag, repository, cmp.Or(repository.Reference.Reference, tag), oras.DefaultCopyOptions)
	return err
}

// authorized adds docker's credentials to a client's requests.
func authorized(client *http.Client) (*auth.Client, error) {
	known, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading docker's credentials: %w", err)
	}
	return &auth.Client{Client: client, Cache: auth.NewCache(), Credential: credentials.Credential(known)}, nil
}

// image is one of the index.
type image struct {
	ocispec.Descriptor
	// compressed is the size of what a node downloads, in bytes.
	compressed int64
	// sbom is the list of what is in it, a CycloneDX document in JSON.
	sbom []byte
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"path/filepath"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

// Types of what refers to the image and to the chart:
// https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md.
const (
	bundleType      = "application/vnd.dev.sigstore.bundle.v0.3+json"
	bundleContent   = "dev.sigstore.bundle.content"
	bundlePredicate = "dev.sigstore.bundle.predicateType"
	inTotoType      = "application/vnd.in-toto+json"
	signatureType   = "https://sigstore.dev/cosign/sign/v1"
)

// push verifies a release and sends it to a registry: the image with its SBOMs, the chart,
// and to both the provenance and signatures as referrers. Tags come last.
func push(ctx context.Context, dist, url string, client *http.Client, out io.Writer) error {
	base, ok := strings.CutPrefix(url, "oci://")
	if !ok {
		return fmt.Errorf("%s: want oci://HOST/PATH", url)
	}
	if err := verify(ctx, dist, io.Discard); err != nil {
		return fmt.Errorf("%s is not pushed: %w", dist, err)
	}
	files, err := readFiles(dist)
	if err != nil {
		return err
	}
	made, err := files.readStatement()
	if err != nil {
		return err
	}
	image := path.Join(base, program)
	if err := files.pushImage(ctx, filepath.Join(dist, layoutName(made.version())), image, made.version(), client, out); err != nil {
		return fmt.Errorf("pushing to %s: %w", image, err)
	}
	if err := files.pushChart(ctx, chartRepository(image), made.version(), client, out); err != nil {
		return fmt.Errorf("pushing to %s: %w", chartRepository(image), err)
	}
	return nil
}

func (c contents) pushImage(ctx context.Context, layout, to, tag string, client *http.Client, out io.Writer) error {
	repository, err := repositoryAt(to, client)
	if err != nil {
		return err
	}
	store, err := oci.NewFromTar(ctx, layout)
	if err != nil {
		return err
	}
	found, err := findImages(ctx, store, tag)
	if err != nil {
		return err
	}
	for _, one := range found.platforms {
		if err := oras.ExtendedCopyGraph(ctx, store, repository, one, oras.DefaultExtendedCopyGraphOptions); err != nil {
			return err
		}
	}
	if err := c.attach(ctx, repository, found.index); err != nil {
		return err
	}
	if err := repository.Tag(ctx, found.index, tag); err != nil {
		return err
	}
	fmt.Fprintf(out, "pushed %s:%s@%s\n", to, tag, found.index.Digest)
	return nil
}

func (c contents) pushChart(ctx context.Context, to, version string, client *http.Client, out io.Writer) error {
	repository, err := repositoryAt(to, client)
	if err != nil {
		return err
	}
	chart, err := newChartArtifact(c[chartName(version)])
	if err != nil {
		return err
	}
	for _, one := range chart.blobs {
		if _, err := oras.PushBytes(ctx, repository, one.MediaType, one.content); err != nil {
			return err
		}
	}
	if err := c.attach(ctx, repository, chart.manifest); err != nil {
		return err
	}
	if err := repository.Tag(ctx, chart.manifest, chartVersion(version)); err != nil {
		return err
	}
	fmt.Fprintf(out, "pushed %s:%s@%s\n", to, chartVersion(version), chart.manifest.Digest)
	return nil
}

// attach makes the provenance and the signatures refer to an artifact. An unsigned release
// has the provenance without an envelope.
func (c contents) attach(ctx context.Context, repository *remote.Repository, to ocispec.Descriptor) error {
	subject := ocispec.Descriptor{MediaType: to.MediaType, Digest: to.Digest, Size: to.Size}
	if c[provenanceBundle] == nil {
		return attach(ctx, repository, subject, inTotoType, c[provenanceFile], map[string]string{"in-toto.io/predicate-type": provenanceType})
	}
	for name, predicate := range map[string]string{provenanceBundle: provenanceType, artifactsBundle: signatureType} {
		if err := attach(ctx, repository, subject, bundleType, c[name], map[string]string{bundleContent: "dsse-envelope", bundlePredicate: predicate}); err != nil {
			return err
		}
	}
	return nil
}

func attach(ctx context.Context, repository *remote.Repository, subject ocispec.Descriptor, mediaType string, content []byte, annotations map[string]string) error {
	layer, err := oras.PushBytes(ctx, repository, mediaType, content)
	if err != nil {
		return err
	}
	annotations[ocispec.AnnotationCreated] = "1970-01-01T00:00:00Z" // or oras adds the time
	_, err = oras.PackManifest(ctx, repository, oras.PackManifestVersion1_1, mediaType, oras.PackManifestOptions{
		Subject: &subject, Layers: []ocispec.Descriptor{layer}, ManifestAnnotations: annotations,
	})
	return err
}

// repositoryAt is a repository, with docker's credentials.
func repositoryAt(reference string, client *http.Client) (*remote.Repository, error) {
	repository, err := remote.NewRepository(reference)
	if err != nil {
		return nil, err
	}
	// Registries without referrers often refuse to delete, and oras would delete the index of
	// referrers that it has replaced.
	repository.SkipReferrersGC = true
	known, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading docker's credentials: %w", err)
	}
	repository.Client = &auth.Client{Client: client, Cache: auth.NewCache(), Credential: credentials.Credential(known)}
	return repository, nil
}

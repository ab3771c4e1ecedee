// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"

	"github.com/gloo-operator/gloo-operator/hack/image/pack"
)

// What the container runs, and as whom. The Dockerfile says the same, and a test
// compares them.
const (
	user       = "65532:65532"
	entrypoint = "/gloo-operator"
	command    = "run"
)

// probe is where the image has the program of the DaemonSet that tests traffic.
const probe = "/gloo-operator-probe"

// certificatesFile is where the operator looks for certificates in its image.
const certificatesFile = "/etc/ssl/certs/ca-certificates.crt"

// source is what an image is made of.
type source struct {
	// version is the operator's, revision the commit that it was built from.
	version, revision string
	// created is the time of that commit: the same commit makes the same image.
	created time.Time
	// certificates is a file of CA certificates in PEM.
	certificates string
	// binaries are files: the operator, built statically, once for each architecture. The
	// probe is in the same directory.
	binaries []string
}

// write puts an image for each binary into the store with a list of what is in it, and
// the index of the images, tagged with the version.
func (s source) write(ctx context.Context, store oras.Target) ([]image, ocispec.Descriptor, error) {
	index := ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Annotations: s.describe(),
	}
	var images []image
	for _, binary := range s.binaries {
		one, err := s.writeImage(ctx, store, binary)
		if err == nil {
			one.sbom, err = s.attachSBOM(ctx, store, one.Descriptor, binary)
		}
		if err != nil {
			return nil, ocispec.Descriptor{}, fmt.Errorf("making an image of %s: %w", binary, err)
		}
		images, index.Manifests = append(images, one), append(index.Manifests, one.Descriptor)
	}
	written, err := pack.PushJSON(ctx, store, index.MediaType, index)
	if err != nil {
		return nil, written, err
	}
	return images, written, store.Tag(ctx, written, s.version)
}

// writeImage puts the image of one binary into the store.
func (s source) writeImage(ctx context.Context, store oras.Target, binary string) (image, error) {
	platform, err := pack.PlatformOf(binary)
	if err != nil {
		return image{}, err
	}
	if err := sameFor(probeOf(binary), platform); err != nil {
		return image{}, err
	}
	if err := filled(s.certificates, binary); err != nil {
		return image{}, err
	}
	manifest, size, err := pack.Image{
		Platform: platform, Created: s.created, CreatedBy: "hack/image", Compressed: true,
		Config: ocispec.ImageConfig{User: user, Entrypoint: []string{entrypoint}, Cmd: []string{command}, Labels: s.describe()},
		Files: []pack.File{
			{Name: certificatesFile[1:], From: s.certificates, Mode: 0o644},
			{Name: entrypoint[1:], From: binary, Mode: 0o755},
			{Name: probe[1:], From: probeOf(binary), Mode: 0o755},
		},
	}.Write(ctx, store)
	return image{Descriptor: manifest, compressed: size}, err
}

// sameFor fails where a binary does not run on that platform.
func sameFor(binary string, platform ocispec.Platform) error {
	other, err := pack.PlatformOf(binary)
	if err == nil && other.Architecture != platform.Architecture {
		err = fmt.Errorf("it is for %s: want %s", other.Architecture, platform.Architecture)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", binary, err)
	}
	return nil
}

// probeOf is the file of the probe for the architecture of that operator.
func probeOf(binary string) string { return filepath.Join(filepath.Dir(binary), probe) }

// describe says what the image is. The names are those of
// https://github.com/opencontainers/image-spec/blob/main/annotations.md.
func (s source) describe() map[string]string {
	return map[string]string{
		ocispec.AnnotationTitle:       "gloo-operator",
		ocispec.AnnotationDescription: "Istio ambient mesh on Kubernetes from one custom resource",
		ocispec.AnnotationSource:      "https://github.com/gloo-operator/gloo-operator",
		ocispec.AnnotationLicenses:    "Apache-2.0",
		ocispec.AnnotationVersion:     s.version,
		ocispec.AnnotationRevision:    s.revision,
		ocispec.AnnotationCreated:     s.created.Format(time.RFC3339),
	}
}

// filled fails where one of the files is empty.
func filled(files ...string) error {
	for _, file := range files {
		if _, err := read(file); err != nil {
			return err
		}
	}
	return nil
}

// read reads a file, or says which one it could not.
func read(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err == nil && len(content) == 0 {
		err = fmt.Errorf("%s is empty", file)
	}
	return content, err
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
)

// What the container runs, and as whom. The Dockerfile says the same, and a test
// compares them.
const (
	user       = "65532:65532"
	entrypoint = "/gloo-operator"
	command    = "run"
)

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
	// binaries are files: the operator, built statically, once for each architecture.
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
	written, err := pushJSON(ctx, store, index.MediaType, index)
	if err != nil {
		return nil, written, err
	}
	return images, written, store.Tag(ctx, written, s.version)
}

// writeImage puts the image of one binary into the store.
func (s source) writeImage(ctx context.Context, store oras.Target, binary string) (image, error) {
	platform, err := platformOf(binary)
	if err != nil {
		return image{}, err
	}
	layer, err := pack(s.created, []file{
		{name: certificatesFile[1:], from: s.certificates, mode: 0o644},
		{name: entrypoint[1:], from: binary, mode: 0o755},
	})
	if err != nil {
		return image{}, err
	}
	config, err := pushJSON(ctx, store, ocispec.MediaTypeImageConfig, ocispec.Image{
		Created: &s.created, Platform: platform,
		Config:  ocispec.ImageConfig{User: user, Entrypoint: []string{entrypoint}, Cmd: []string{command}, Labels: s.describe()},
		RootFS:  ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.content}},
		History: []ocispec.History{{Created: &s.created, CreatedBy: "hack/image"}},
	})
	if err != nil {
		return image{}, err
	}
	blob, err := oras.PushBytes(ctx, store, ocispec.MediaTypeImageLayerGzip, layer.compressed)
	if err != nil {
		return image{}, err
	}
	manifest, err := pushJSON(ctx, store, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: config, Layers: []ocispec.Descriptor{blob}, Annotations: s.describe(),
	})
	manifest.Platform = &platform
	return image{Descriptor: manifest, compressed: manifest.Size + config.Size + blob.Size}, err
}

// describe tells what the image is. The names are those of
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

// machines are the architectures that an image can be made for.
var machines = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// platformOf tells what a binary runs on. It fails where that needs a loader or
// libraries, of which the image has none.
func platformOf(binary string) (ocispec.Platform, error) {
	opened, err := elf.Open(binary)
	if err != nil {
		return ocispec.Platform{}, err
	}
	defer func() { _ = opened.Close() }()
	for _, program := range opened.Progs {
		if program.Type == elf.PT_INTERP || program.Type == elf.PT_DYNAMIC {
			return ocispec.Platform{}, fmt.Errorf("it is not linked statically: build it with CGO_ENABLED=0")
		}
	}
	architecture, ok := machines[opened.Machine]
	if !ok {
		return ocispec.Platform{}, fmt.Errorf("it is for %s: want amd64 or arm64", opened.Machine)
	}
	return ocispec.Platform{OS: "linux", Architecture: architecture}, nil
}

func pushJSON(ctx context.Context, store content.Pusher, mediaType string, value any) (ocispec.Descriptor, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return oras.PushBytes(ctx, store, mediaType, encoded)
}

// read reads a file, or says which one it could not.
func read(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err == nil && len(content) == 0 {
		err = fmt.Errorf("%s is empty", file)
	}
	return content, err
}

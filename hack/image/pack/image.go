// SPDX-License-Identifier: Apache-2.0

// Package pack makes a container image of files: one layer, one platform, no container
// engine. The same files make the same digest.
package pack

import (
	"context"
	"debug/elf"
	"encoding/json"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
)

// Image is what an image is made of.
type Image struct {
	Platform ocispec.Platform
	// Created is the time of the image and of every file in it.
	Created time.Time
	// CreatedBy names the program that makes the image.
	CreatedBy string
	// Config says what the container runs. Its labels are the manifest's annotations, too.
	Config ocispec.ImageConfig
	Files  []File
	// Compressed has the layer compressed, for one that is downloaded.
	Compressed bool
}

// Write puts the image into the store. size is what a node downloads, in bytes.
func (i Image) Write(ctx context.Context, store oras.Target) (manifest ocispec.Descriptor, size int64, err error) {
	files, err := archive(i.Created, i.Files)
	if err != nil {
		return manifest, 0, err
	}
	config, err := PushJSON(ctx, store, ocispec.MediaTypeImageConfig, ocispec.Image{
		Created: &i.Created, Platform: i.Platform, Config: i.Config,
		RootFS:  ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(files)}},
		History: []ocispec.History{{Created: &i.Created, CreatedBy: i.CreatedBy}},
	})
	if err != nil {
		return manifest, 0, err
	}
	layer, err := i.pushLayer(ctx, store, files)
	if err != nil {
		return manifest, 0, err
	}
	manifest, err = PushJSON(ctx, store, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: config, Layers: []ocispec.Descriptor{layer}, Annotations: i.Config.Labels,
	})
	manifest.Platform = &i.Platform
	return manifest, manifest.Size + config.Size + layer.Size, err
}

func (i Image) pushLayer(ctx context.Context, store content.Pusher, files []byte) (ocispec.Descriptor, error) {
	if !i.Compressed {
		return oras.PushBytes(ctx, store, ocispec.MediaTypeImageLayer, files)
	}
	compressed, err := compress(files)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return oras.PushBytes(ctx, store, ocispec.MediaTypeImageLayerGzip, compressed)
}

// machines are the architectures that an image can be made for.
var machines = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// PlatformOf returns what a binary runs on. It fails where that needs a loader or
// libraries, of which an image of nothing but Go programs has none.
func PlatformOf(binary string) (ocispec.Platform, error) {
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

// PushJSON puts a value into the store.
func PushJSON(ctx context.Context, store content.Pusher, mediaType string, value any) (ocispec.Descriptor, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return oras.PushBytes(ctx, store, mediaType, encoded)
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
)

// nameAnnotation is by which containerd's import names an image:
// https://github.com/containerd/containerd/blob/main/core/images/annotations.go.
const nameAnnotation = "io.containerd.image.name"

// dockerManifest lists the images of an archive for docker load, as in
// https://github.com/moby/docker-image-spec/blob/main/spec.md.
const dockerManifest = "manifest.json"

// images are the image of a release: an index, and what it lists, one for each platform.
type images struct {
	index     ocispec.Descriptor
	platforms []ocispec.Descriptor
	// repository is the name of the image in the chart, without tag and digest.
	repository string
}

// layoutName is the archive with the whole OCI image layout.
func layoutName(version string) string { return fmt.Sprintf("%s-%s-image.tar", program, version) }

// archiveName is the archive of one platform.
func archiveName(version string, platform *ocispec.Platform) string {
	return fmt.Sprintf("%s-%s-image-%s-%s.tar", program, version, platform.OS, platform.Architecture)
}

// sbomName is the SBOM of one platform.
func sbomName(version string, platform *ocispec.Platform) string {
	return fmt.Sprintf("%s-%s-image-%s-%s.cdx.json", program, version, platform.OS, platform.Architecture)
}

// addImages adds the layout, the archive of each platform, and their SBOMs.
func (s source) addImages(ctx context.Context, files contents) (images, error) {
	layout := os.DirFS(s.image)
	store, err := oci.NewFromFS(ctx, layout)
	if err != nil {
		return images{}, err
	}
	found, err := findImages(ctx, store, s.version)
	if err != nil {
		return found, fmt.Errorf("%s: %w", s.image, err)
	}
	if found.repository, err = imageRepository(s.chart); err != nil {
		return found, err
	}
	if files[layoutName(s.version)], err = s.packLayout(layout); err != nil {
		return found, err
	}
	for _, one := range found.platforms {
		archive, err := found.archive(ctx, store, one, s.version)
		if err != nil {
			return found, err
		}
		if files[archiveName(s.version, one.Platform)], err = packed(s.created, archive); err != nil {
			return found, err
		}
		if files[sbomName(s.version, one.Platform)], err = os.ReadFile(fmt.Sprintf("%s-%s.cdx.json", s.image, one.Platform.Architecture)); err != nil {
			return found, fmt.Errorf("SBOM: %w", err)
		}
	}
	return found, nil
}

// findImages reads the index of that tag.
func findImages(ctx context.Context, store content.ReadOnlyStorage, tag string) (images, error) {
	resolver, ok := store.(content.Resolver)
	if !ok {
		return images{}, fmt.Errorf("%T knows no tags", store)
	}
	tagged, err := resolver.Resolve(ctx, tag)
	if err != nil {
		return images{}, fmt.Errorf("%s: %w", tag, err)
	}
	encoded, err := content.FetchAll(ctx, store, tagged)
	if err != nil {
		return images{}, err
	}
	var index ocispec.Index
	if err := json.Unmarshal(encoded, &index); err != nil {
		return images{}, err
	}
	for _, one := range index.Manifests {
		if one.Platform == nil {
			return images{}, fmt.Errorf("%s in the index of %s has no platform", one.Digest, tag)
		}
	}
	plain := ocispec.Descriptor{MediaType: tagged.MediaType, Digest: tagged.Digest, Size: tagged.Size}
	return images{index: plain, platforms: index.Manifests}, nil
}

// packLayout makes an archive of an OCI image layout. Its index.json is sorted: programs
// write it in any order.
func (s source) packLayout(layout fs.FS) ([]byte, error) {
	var files []file
	err := fs.WalkDir(layout, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := fs.ReadFile(layout, name)
		if err == nil && name == ocispec.ImageIndexFile {
			content, err = sortedIndex(content)
		}
		files = append(files, file{name: name, content: content})
		return err
	})
	if err != nil {
		return nil, err
	}
	return packed(s.created, files)
}

func sortedIndex(encoded []byte) ([]byte, error) {
	var index ocispec.Index
	if err := json.Unmarshal(encoded, &index); err != nil {
		return nil, err
	}
	slices.SortFunc(index.Manifests, func(a, b ocispec.Descriptor) int {
		return cmp.Or(cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Annotations[ocispec.AnnotationRefName], b.Annotations[ocispec.AnnotationRefName]))
	})
	return json.Marshal(index)
}

// archive is an OCI image layout with one platform of the image that docker load takes,
// too. The index is the one of all platforms and has two names, by tag and by digest: a
// pod that pins the digest, as the chart's does, finds the image on its node.
func (i images) archive(ctx context.Context, store content.Fetcher, platform ocispec.Descriptor, tag string) ([]file, error) {
	blobs, manifest, err := blobsOf(ctx, store, i.index, platform)
	if err != nil {
		return nil, err
	}
	name := i.repository + ":" + tag
	index, err := json.Marshal(ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{
			named(i.index, name, tag), named(i.index, i.repository+"@"+i.index.Digest.String(), ""),
		},
	})
	if err != nil {
		return nil, err
	}
	forDocker := dockerImage{Config: blobPath(manifest.Config), RepoTags: []string{name}}
	for _, layer := range manifest.Layers {
		forDocker.Layers = append(forDocker.Layers, blobPath(layer))
	}
	listed, err := json.Marshal([]dockerImage{forDocker})
	if err != nil {
		return nil, err
	}
	version, err := json.Marshal(ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	return append([]file{
		{name: ocispec.ImageLayoutFile, content: version}, {name: ocispec.ImageIndexFile, content: index}, {name: dockerManifest, content: listed},
	}, blobs...), err
}

// dockerImage is an image in the file for docker load.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// named is a descriptor with the annotations by which importers name an image.
func named(image ocispec.Descriptor, name, tag string) ocispec.Descriptor {
	image.Annotations = map[string]string{nameAnnotation: name}
	if tag != "" {
		image.Annotations[ocispec.AnnotationRefName] = tag
	}
	return image
}

// blobsOf reads the index and all of one platform.
func blobsOf(ctx context.Context, store content.Fetcher, index, platform ocispec.Descriptor) ([]file, ocispec.Manifest, error) {
	manifest, err := readManifest(ctx, store, platform)
	if err != nil {
		return nil, manifest, err
	}
	var blobs []file
	for _, one := range slices.Concat([]ocispec.Descriptor{index, platform, manifest.Config}, manifest.Layers) {
		blob, err := content.FetchAll(ctx, store, one)
		if err != nil {
			return nil, manifest, err
		}
		blobs = append(blobs, file{name: blobPath(one), content: blob})
	}
	slices.SortFunc(blobs, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return slices.CompactFunc(blobs, func(a, b file) bool { return a.name == b.name }), manifest, nil
}

func readManifest(ctx context.Context, store content.Fetcher, of ocispec.Descriptor) (ocispec.Manifest, error) {
	var manifest ocispec.Manifest
	encoded, err := content.FetchAll(ctx, store, of)
	if err != nil {
		return manifest, err
	}
	return manifest, json.Unmarshal(encoded, &manifest)
}

// blobPath is where a blob is in a layout.
func blobPath(blob ocispec.Descriptor) string {
	return path.Join(ocispec.ImageBlobsDir, blob.Digest.Algorithm().String(), blob.Digest.Encoded())
}

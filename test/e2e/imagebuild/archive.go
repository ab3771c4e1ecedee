// SPDX-License-Identifier: Apache-2.0

package imagebuild

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content/oci"

	"github.com/gloo-operator/gloo-operator/hack/image/pack"
)

// nameAnnotation is by which containerd's import names an image:
// https://github.com/containerd/containerd/blob/main/core/images/annotations.go.
const nameAnnotation = "io.containerd.image.name"

// unusedFor is after how long an image that nothing asked for is removed.
const unusedFor = 7 * 24 * time.Hour

// add makes an image of that name and keeps it.
func (b *builder) add(ctx context.Context, name string, image pack.Image) error {
	directory := filepath.Join(b.scratch, strings.ReplaceAll(name, "/", "-"))
	store, err := oci.New(directory)
	if err != nil {
		return fmt.Errorf("making image %s: %w", name, err)
	}
	manifest, _, err := image.Write(ctx, store)
	if err == nil {
		err = store.Tag(ctx, manifest, path.Base(name))
	}
	if err != nil {
		return fmt.Errorf("making image %s: %w", name, err)
	}
	return b.keep(name, directory)
}

// keep puts an OCI image layout with one tagged image into the cache, as an archive of
// that name. It is named by its content: the same is not written twice.
func (b *builder) keep(name, directory string) error {
	tagged, err := setName(directory, name)
	if err != nil {
		return fmt.Errorf("naming image %s: %w", name, err)
	}
	label := strings.NewReplacer("/", "-", ":", "-").Replace(path.Base(name))
	file := filepath.Join(b.cache, fmt.Sprintf("%s-%s.tar", label, tagged.Digest.Encoded()[:16]))
	b.made = append(b.made, Tarball{Name: name, Path: file})
	now := time.Now()
	if os.Chtimes(file, now, now) == nil {
		return nil
	}
	if err := errors.Join(writeTar(directory, file), b.prune(now.Add(-unusedFor))); err != nil {
		return fmt.Errorf("writing image %s: %w", name, err)
	}
	return nil
}

// setName gives the tagged image of a layout its full name, and returns what it is.
func setName(directory, name string) (ocispec.Descriptor, error) {
	file := filepath.Join(directory, ocispec.ImageIndexFile)
	content, err := os.ReadFile(file)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	var index ocispec.Index
	if err := json.Unmarshal(content, &index); err != nil {
		return ocispec.Descriptor{}, err
	}
	for i, one := range index.Manifests {
		if one.Annotations[ocispec.AnnotationRefName] == "" {
			continue
		}
		one.Annotations[nameAnnotation] = name
		// An importer takes this for the whole index: no other image is meant.
		index.Manifests = index.Manifests[i : i+1]
		if content, err = json.Marshal(index); err != nil {
			return one, err
		}
		return one, os.WriteFile(file, content, 0o644)
	}
	return ocispec.Descriptor{}, fmt.Errorf("%s has no tag", file)
}

// writeTar writes beside the file and renames at the end.
func writeTar(directory, file string) (err error) {
	partial, err := os.CreateTemp(filepath.Dir(file), ".writing-")
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	w := tar.NewWriter(partial)
	if err := errors.Join(w.AddFS(os.DirFS(directory)), w.Close(), partial.Close()); err != nil {
		return err
	}
	return os.Rename(partial.Name(), file)
}

// prune removes images that nothing asked for since then.
func (b *builder) prune(since time.Time) error {
	entries, err := os.ReadDir(b.cache)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || info.ModTime().After(since) {
			continue // or another process has removed it
		}
		if err := os.RemoveAll(filepath.Join(b.cache, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

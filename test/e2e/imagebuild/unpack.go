// SPDX-License-Identifier: Apache-2.0

package imagebuild

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Unpack writes the files of the image into a new directory, as a container sees them, and
// returns what the container would run. Owners are not restored.
func (t Tarball) Unpack(directory string) (ocispec.Image, error) {
	var config ocispec.Image
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return config, err
	}
	layout, err := os.MkdirTemp(filepath.Dir(directory), ".layout-")
	if err != nil {
		return config, err
	}
	defer os.RemoveAll(layout)
	if err := untarFile(t.Path, layout, false); err != nil {
		return config, fmt.Errorf("unpacking %s: %w", t.Path, err)
	}
	manifest, err := manifestIn(layout)
	if err == nil {
		err = readJSON(blob(layout, manifest.Config.Digest), &config)
	}
	for _, layer := range manifest.Layers {
		compressed := layer.MediaType == ocispec.MediaTypeImageLayerGzip
		err = errors.Join(err, untarFile(blob(layout, layer.Digest), directory, compressed))
	}
	if err != nil {
		return config, fmt.Errorf("unpacking %s: %w", t.Path, err)
	}
	return config, nil
}

// manifestIn finds the image's in a layout: an index may stand before it.
func manifestIn(layout string) (ocispec.Manifest, error) {
	var index ocispec.Index
	var manifest ocispec.Manifest
	file := filepath.Join(layout, ocispec.ImageIndexFile)
	for {
		if err := readJSON(file, &index); err != nil || len(index.Manifests) != 1 {
			return manifest, errors.Join(err, fmt.Errorf("%d images in it", len(index.Manifests)))
		}
		file = blob(layout, index.Manifests[0].Digest)
		if index.Manifests[0].MediaType == ocispec.MediaTypeImageManifest {
			return manifest, readJSON(file, &manifest)
		}
	}
}

func blob(layout string, name digest.Digest) string {
	return filepath.Join(layout, ocispec.ImageBlobsDir, name.Algorithm().String(), name.Encoded())
}

func readJSON(file string, into any) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

func untarFile(file, directory string, compressed bool) error {
	opened, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = opened.Close() }() // only read
	if !compressed {
		return untar(opened, directory)
	}
	content, err := gzip.NewReader(opened)
	if err != nil {
		return err
	}
	return untar(content, directory)
}

// untar writes an archive's directories, files and links below a directory.
func untar(content io.Reader, directory string) error {
	archive := tar.NewReader(content)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && !filepath.IsLocal(header.Name) {
			err = fmt.Errorf("%s is not below the directory", header.Name)
		}
		if err == nil {
			err = restore(header, archive, filepath.Join(directory, header.Name))
		}
		if err != nil {
			return err
		}
	}
}

func restore(header *tar.Header, content io.Reader, target string) error {
	mode := header.FileInfo().Mode()
	switch header.Typeflag {
	case tar.TypeDir:
		return errors.Join(os.MkdirAll(target, 0o755), os.Chmod(target, mode))
	case tar.TypeSymlink:
		return os.Symlink(header.Linkname, target)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

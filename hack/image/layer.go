// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"path"
	"time"

	"github.com/opencontainers/go-digest"
)

// file is one of a layer.
type file struct {
	// name in the image, without the leading slash.
	name string
	// from is where its content is.
	from string
	mode int64
}

// layer is a tar archive.
type layer struct {
	// content is the digest of the archive.
	content digest.Digest
	// compressed is the archive, by gzip.
	compressed []byte
}

// pack makes a layer of those files and the folders they are in. Everything is root's
// and of the same time: the same files make the same bytes.
func pack(modified time.Time, files []file) (layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	made := map[string]bool{".": true}
	for _, f := range files {
		content, err := read(f.from)
		if err != nil {
			return layer{}, err
		}
		header := tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(content)), ModTime: modified}
		err = errors.Join(addFolders(w, made, path.Dir(f.name), modified), w.WriteHeader(&header))
		if err != nil {
			return layer{}, err
		}
		if _, err := w.Write(content); err != nil {
			return layer{}, err
		}
	}
	if err := w.Close(); err != nil {
		return layer{}, err
	}
	compressed, err := compress(archive.Bytes())
	return layer{content: digest.FromBytes(archive.Bytes()), compressed: compressed}, err
}

// addFolders adds a folder and those that it is in, each once.
func addFolders(w *tar.Writer, made map[string]bool, folder string, modified time.Time) error {
	if made[folder] {
		return nil
	}
	made[folder] = true
	if err := addFolders(w, made, path.Dir(folder), modified); err != nil {
		return err
	}
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder + "/", Mode: 0o755, ModTime: modified})
}

func compress(content []byte) ([]byte, error) {
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return compressed.Bytes(), nil
}

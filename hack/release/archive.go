// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"time"
)

// file is one of an archive.
type file struct {
	name    string
	content []byte
	// mode are its permissions; zero means 0644.
	mode int64
}

// packed makes a tar archive of files in their order. All are root's and of the same time.
func packed(modified time.Time, files []file) ([]byte, error) {
	var written bytes.Buffer
	w := tar.NewWriter(&written)
	for _, f := range files {
		header := tar.Header{
			Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: modified.UTC(), Format: tar.FormatPAX,
		}
		if f.mode == 0 {
			header.Mode = 0o644
		}
		if err := w.WriteHeader(&header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return written.Bytes(), err
}

// compressed makes a tar archive and compresses it. gzip's header has no time and no name.
func compressed(modified time.Time, files []file) ([]byte, error) {
	archive, err := packed(modified, files)
	if err != nil {
		return nil, err
	}
	var written bytes.Buffer
	w, err := gzip.NewWriterLevel(&written, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(archive)
	err = errors.Join(err, w.Close())
	return written.Bytes(), err
}

// unpacked reads the regular files of a tar archive.
func unpacked(archive io.Reader) (contents, error) {
	files := contents{}
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if files[header.Name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}

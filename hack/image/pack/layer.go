// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path"
	"time"
)

// File is one of a layer. Of From, Link and neither, the last is a directory.
type File struct {
	// Name in the image, without the leading slash.
	Name string
	// From is a file with its content.
	From string
	// Link is what the name is a symbolic link to.
	Link string
	// Mode are its permissions. A link has none.
	Mode int64
}

// archive makes a tar archive of those files and the directories they are in. Everything is
// root's and of the same time: the same files make the same bytes.
func archive(modified time.Time, files []File) ([]byte, error) {
	var written bytes.Buffer
	w := tar.NewWriter(&written)
	made := map[string]bool{".": true}
	for _, f := range files {
		if err := addDirs(w, made, path.Dir(f.Name), modified); err != nil {
			return nil, err
		}
		if err := f.add(w, made, modified); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return written.Bytes(), err
}

// add adds the file to the archive.
func (f File) add(w *tar.Writer, made map[string]bool, modified time.Time) error {
	switch {
	case f.Link != "":
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: f.Name, Linkname: f.Link, Mode: 0o777, ModTime: modified})
	case f.From == "":
		return addDir(w, made, f.Name, f.Mode, modified)
	}
	content, err := os.ReadFile(f.From)
	if err != nil {
		return err
	}
	header := tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Mode: f.Mode, Size: int64(len(content)), ModTime: modified}
	if err := w.WriteHeader(&header); err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// addDirs adds a directory and those that it is in, each once.
func addDirs(w *tar.Writer, made map[string]bool, directory string, modified time.Time) error {
	if made[directory] {
		return nil
	}
	if err := addDirs(w, made, path.Dir(directory), modified); err != nil {
		return err
	}
	return addDir(w, made, directory, 0o755, modified)
}

func addDir(w *tar.Writer, made map[string]bool, directory string, mode int64, modified time.Time) error {
	if made[directory] {
		return nil
	}
	made[directory] = true
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: directory + "/", Mode: mode, ModTime: modified})
}

func compress(content []byte) ([]byte, error) {
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(content)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("compressing a layer: %w", err)
	}
	return compressed.Bytes(), nil
}

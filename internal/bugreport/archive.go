// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"time"
)

// directory holds the files of an archive.
const directory = "gloo-operator-bug-report/"

// The files that say what a report does not have.
const (
	errorsFile = "errors.txt"
	cutFile    = "cut.txt"
)

// file is one file of a report.
type file struct {
	name    string
	content []byte
}

// Archive is what was read for a report.
type Archive struct {
	files []file
	size  int
	// Errors say what could not be read, Cut what was left out because of a limit.
	Errors, Cut []string
}

// add adds a file, up to its limit, unless the archive is full.
func (a *Archive) add(name string, content []byte) {
	if len(content) > MaxFile {
		a.cut("%s: its end, %d of %d bytes", name, len(content)-MaxFile, len(content))
		content = content[:bytes.LastIndexByte(content[:MaxFile], '\n')+1]
	}
	if a.size+len(content) > MaxArchive {
		a.cut("%s: all of it, %d bytes", name, len(content))
		return
	}
	a.size += len(content)
	a.files = append(a.files, file{name: name, content: content})
}

// cut notes what a limit has left out.
func (a *Archive) cut(format string, arguments ...any) {
	a.Cut = append(a.Cut, fmt.Sprintf(format, arguments...))
}

// Files is the number of files that were read.
func (a *Archive) Files() int { return len(a.files) }

// Write writes the archive, a tar file that is compressed with gzip.
func (a *Archive) Write(out io.Writer, now time.Time) error {
	compressed := gzip.NewWriter(out)
	files := tar.NewWriter(compressed)
	for _, f := range append(a.notes(), a.files...) {
		header := &tar.Header{Name: directory + f.name, Mode: 0o600, Size: int64(len(f.content)), ModTime: now, Format: tar.FormatPAX}
		if err := files.WriteHeader(header); err != nil {
			return err
		}
		if _, err := files.Write(f.content); err != nil {
			return err
		}
	}
	if err := files.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

// notes are the files that say what is missing. None where nothing is.
func (a *Archive) notes() []file {
	var notes []file
	for _, n := range []struct {
		name  string
		lines []string
	}{{errorsFile, a.Errors}, {cutFile, a.Cut}} {
		if len(n.lines) > 0 {
			content := strings.Join(n.lines, "\n") + "\n"
			notes = append(notes, file{name: n.name, content: []byte(content[:min(len(content), MaxFile)])})
		}
	}
	return notes
}

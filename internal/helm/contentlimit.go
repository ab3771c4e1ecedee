// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
)

const (
	// releaseKey is the key of a Secret under which Helm keeps a release.
	releaseKey = "release"
	// maxContentBytes limits the decompressed content of one revision: some times what a
	// component of Istio has.
	maxContentBytes = 16 << 20
	// maxListBytes limits that of all revisions that are decoded at once.
	maxListBytes = 48 << 20
	// maxContentValues limits the values in the JSON of one revision. One takes up to some
	// hundred bytes of memory, and as few as two in JSON.
	maxContentValues = 100_000
)

// gzipMagic begins a compressed content: helm.sh/helm/v3/pkg/storage/driver, decodeRelease.
var gzipMagic = []byte{0x1f, 0x8b, 0x08}

// contentLimit limits what is decoded of Secrets that others may have written: Helm has no
// limits of its own.
type contentLimit struct {
	// bytes that may still be decoded.
	bytes int64
}

// allows reports whether a content may be decoded, and counts it.
func (l *contentLimit) allows(content []byte) bool {
	reader, err := decompressed(content)
	if err != nil {
		return false
	}
	most := min(l.bytes, maxContentBytes)
	read, err := io.Copy(&valueCounter{}, io.LimitReader(reader, most+1))
	if err != nil || read > most {
		return false
	}
	l.bytes -= read
	return true
}

// decompressed reads a content as Helm does.
func decompressed(content []byte) (io.Reader, error) {
	buffered := bufio.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(content)))
	if magic, err := buffered.Peek(len(gzipMagic)); err != nil || !bytes.Equal(magic, gzipMagic) {
		return buffered, nil
	}
	return gzip.NewReader(buffered)
}

// valueCounter counts the values of the JSON that is written to it, and fails where there
// are more than maxContentValues.
type valueCounter struct {
	values           int
	inString, escape bool
}

func (c *valueCounter) Write(text []byte) (int, error) {
	for _, char := range text {
		c.count(char)
	}
	if c.values > maxContentValues {
		return 0, errors.New("too many values")
	}
	return len(text), nil
}

func (c *valueCounter) count(char byte) {
	switch {
	case c.escape:
		c.escape = false
	case c.inString && char == '\\':
		c.escape = true
	case char == '"':
		c.inString = !c.inString
	case !c.inString && bytes.IndexByte([]byte("{[:,"), char) >= 0:
		c.values++
	}
}

// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/gloo-operator/gloo-operator/internal/yamllimit"
)

// ArchiveError reports an archive that cannot be loaded as a chart.
type ArchiveError struct{ text string }

func (e *ArchiveError) Error() string { return e.text + ": publish the chart as Istio does" }

// LoadArchive loads a chart from a .tgz archive as helm package makes them. The chart is
// loaded and rendered in a child process. It fails with an *ArchiveError, a *StoppedError
// or a *StartError.
func LoadArchive(name string, archive []byte) (*Chart, error) {
	s := newSandbox()
	loaded, err := s.load(archive)
	if err != nil {
		return nil, fmt.Errorf("loading chart %s: %w", name, err)
	}
	sum := sha256.Sum256(archive)
	return &Chart{chart: loaded, reads: findReads(loaded), digest: hex.EncodeToString(sum[:]), sandbox: s}, nil
}

// Digest identifies the archive that the chart was loaded from: its SHA-256 in hexadecimal.
// It is empty for a bundled chart.
func (c *Chart) Digest() string { return c.digest }

// loadArchive loads a chart in this process.
func loadArchive(archive []byte) (*chart.Chart, error) {
	files, err := loader.LoadArchiveFiles(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !decodedByHelm(file.Name) {
			continue
		}
		if err := yamllimit.CheckPlain(file.Data); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	loaded, err := loader.LoadFiles(files)
	if err == nil && len(loaded.Dependencies()) > 0 {
		err = errors.New("it has dependencies in charts/") // JSON has no room for them.
	}
	return loaded, err
}

// decodedByHelm reports whether Helm decodes the file when it loads a chart.
func decodedByHelm(name string) bool {
	return !strings.Contains(name, "/") && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".lock"))
}

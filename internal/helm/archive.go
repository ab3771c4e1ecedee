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

// ArchiveError says that an archive is no chart that can be loaded.
type ArchiveError struct{ text string }

func (e *ArchiveError) Error() string { return e.text + ": publish the chart as Istio does" }

// LoadArchive reads a chart that comes from elsewhere, as helm package makes them. It
// is loaded and rendered in a process of its own. It fails with an *ArchiveError, a
// *StoppedError or a *StartError.
func LoadArchive(name string, archive []byte) (*Chart, error) {
	s := newSandbox()
	loaded, err := s.load(archive)
	if err != nil {
		return nil, fmt.Errorf("loading chart %s: %w", name, err)
	}
	sum := sha256.Sum256(archive)
	return &Chart{chart: loaded, reads: findReads(loaded), digest: hex.EncodeToString(sum[:]), sandbox: s}, nil
}

// Digest tells one archive from another. Empty for a chart that is compiled in.
func (c *Chart) Digest() string { return c.digest }

// loadArchive loads a chart in this process.
func loadArchive(archive []byte) (*chart.Chart, error) {
	files, err := loader.LoadArchiveFiles(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !readByHelm(file.Name) {
			continue
		}
		if err := yamllimit.CheckPlain(file.Data); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	loaded, err := loader.LoadFiles(files)
	if err == nil && len(loaded.Dependencies()) > 0 {
		err = errors.New("it brings other charts along") // JSON has no room for them.
	}
	return loaded, err
}

// readByHelm tells the files that Helm decodes when it loads a chart.
func readByHelm(name string) bool {
	return !strings.Contains(name, "/") && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".lock"))
}

// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"helm.sh/helm/v3/pkg/chart/loader"
)

// LoadArchive reads a chart that comes from elsewhere, as helm package makes them.
// It is rendered in a process of its own: see Sandbox.
func LoadArchive(name string, archive []byte) (*Chart, error) {
	loaded, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("loading chart %s: %w", name, err)
	}
	sum := sha256.Sum256(archive)
	return &Chart{
		chart: loaded, reads: findReads(loaded), digest: hex.EncodeToString(sum[:]),
		sandbox: &sandbox{archive: archive, limits: limits},
	}, nil
}

// Digest tells one archive from another. Empty for a chart that is compiled in.
func (c *Chart) Digest() string { return c.digest }

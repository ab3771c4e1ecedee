// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// Chart is a loaded Helm chart. It is immutable and safe for concurrent use.
type Chart struct {
	chart *chart.Chart
	reads reads
	// stripped is the form of a bundled chart that is rendered, without crdSpecs.
	stripped *chart.Chart
	// crdSpecs are the specs that are missing in stripped.
	crdSpecs crdSpecs
	// digest is the archive's. Empty for a bundled chart.
	digest string
	// sandbox renders archives, and values that can expand.
	sandbox *sandbox
}

// Load loads the chart in that directory, and sets its version and appVersion: charts in
// Istio's source tree have a placeholder.
func Load(files fs.FS, dir, version string) (*Chart, error) {
	var buffered []*loader.BufferedFile
	err := fs.WalkDir(files, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		buffered = append(buffered, &loader.BufferedFile{Name: strings.TrimPrefix(name, dir+"/"), Data: content})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading chart %s: %w", path.Base(dir), err)
	}
	loaded, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, fmt.Errorf("loading chart %s: %w", path.Base(dir), err)
	}
	loaded.Metadata.Version, loaded.Metadata.AppVersion = version, version
	stripped, specs, err := extractCRDSpecs(loaded)
	if err != nil {
		return nil, fmt.Errorf("loading chart %s: %w", path.Base(dir), err)
	}
	return &Chart{chart: loaded, reads: findReads(stripped), stripped: stripped, crdSpecs: specs, sandbox: newSandbox()}, nil
}

// Name returns the name in the chart's Chart.yaml.
func (c *Chart) Name() string { return c.chart.Name() }

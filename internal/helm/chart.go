// SPDX-License-Identifier: Apache-2.0

// Package helm loads charts, renders them and records releases. It is the only
// importer of the Helm SDK. It decides nothing: what is rendered is what the
// values say, and a recorded release is never read to choose what to do.
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
	// light is what is rendered of a chart that is compiled in, without what is aside.
	light *chart.Chart
	aside aside
	// digest is that of a chart that is not compiled in.
	digest string
	// sandbox renders what this process does not.
	sandbox *sandbox
}

// Load reads the chart in that folder of files and stamps it with that version,
// both as chart version and as appVersion: charts in Istio's source tree carry a
// placeholder.
func Load(files fs.FS, folder, version string) (*Chart, error) {
	var buffered []*loader.BufferedFile
	err := fs.WalkDir(files, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		buffered = append(buffered, &loader.BufferedFile{Name: strings.TrimPrefix(name, folder+"/"), Data: content})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading chart %s: %w", path.Base(folder), err)
	}
	loaded, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, fmt.Errorf("loading chart %s: %w", path.Base(folder), err)
	}
	loaded.Metadata.Version, loaded.Metadata.AppVersion = version, version
	light, specs, err := setAside(loaded)
	if err != nil {
		return nil, fmt.Errorf("loading chart %s: %w", path.Base(folder), err)
	}
	return &Chart{chart: loaded, reads: findReads(light), light: light, aside: specs, sandbox: newSandbox()}, nil
}

// Name is the chart's name.
func (c *Chart) Name() string { return c.chart.Name() }

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/gloo-operator/gloo-operator/hack/manifest"
)

// chartName is the name that helm package gives to the archive of the chart.
func chartName(version string) string {
	return fmt.Sprintf("%s-%s.tgz", program, chartVersion(version))
}

// addChart adds the chart with the versions of the release and the digest of its image,
// and what it renders.
func (s source) addChart(files contents, digest string) error {
	section, err := s.section()
	if err != nil {
		return err
	}
	archive, err := s.packChart(digest, changesIn(section))
	if err != nil {
		return err
	}
	rendered, err := render(archive, s.version)
	files[chartName(s.version)], files[manifestFile] = archive, rendered
	return err
}

// packChart is helm package, but the same files make the same bytes.
func (s source) packChart(digest string, changes []change) ([]byte, error) {
	loaded, err := loader.LoadDir(s.chart)
	if err != nil {
		return nil, err
	}
	repository, err := imageValue(loaded, "repository")
	if err != nil {
		return nil, err
	}
	image := repository + "@" + digest
	var files []file
	for _, raw := range loaded.Raw {
		content, err := s.stamp(raw.Name, raw.Data, digest, image)
		if err == nil && raw.Name == chartutil.ChartfileName {
			content, err = annotateChanges(content, changes)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(s.chart, raw.Name), err)
		}
		files = append(files, file{name: program + "/" + raw.Name, content: content})
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return compressed(s.created, files)
}

var (
	versionLine    = regexp.MustCompile(`(?m)^version: .*$`)
	appVersionLine = regexp.MustCompile(`(?m)^appVersion: .*$`)
	imageLine      = regexp.MustCompile(`(?m)^    - image: .*$`)
	digestLine     = regexp.MustCompile(`(?m)^    digest: ""$`)
)

// stamp sets what a release decides in a file of the chart. It is text, so comments stay.
func (s source) stamp(name string, content []byte, digest, image string) ([]byte, error) {
	switch name {
	case chartutil.ChartfileName:
		return replaceLines(content, map[*regexp.Regexp]string{
			versionLine: "version: " + chartVersion(s.version), appVersionLine: "appVersion: " + s.version, imageLine: "    - image: " + image,
		})
	case chartutil.ValuesfileName:
		return replaceLines(content, map[*regexp.Regexp]string{digestLine: "    digest: " + digest})
	default:
		return content, nil
	}
}

// replaceLines replaces lines that are there once each.
func replaceLines(content []byte, lines map[*regexp.Regexp]string) ([]byte, error) {
	for line, with := range lines {
		if found := len(line.FindAll(content, -1)); found != 1 {
			return nil, fmt.Errorf("%d lines match %s, want 1", found, line)
		}
		content = line.ReplaceAllLiteral(content, []byte(with))
	}
	return content, nil
}

// imageRepository is the default of the chart's manager.image.repository.
func imageRepository(directory string) (string, error) {
	loaded, err := loader.LoadDir(directory)
	if err != nil {
		return "", err
	}
	return imageValue(loaded, "repository")
}

// imageValue is the default of a value below manager.image.
func imageValue(loaded *chart.Chart, name string) (string, error) {
	found, err := chartutil.Values(loaded.Values).PathValue("manager.image." + name)
	if err != nil {
		return "", err
	}
	text, ok := found.(string)
	if !ok || text == "" {
		return "", fmt.Errorf("manager.image.%s is empty", name)
	}
	return text, nil
}

// render renders a packaged chart with its defaults for kubectl apply.
func render(archive []byte, version string) ([]byte, error) {
	loaded, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	objects, err := manifest.Objects(loaded)
	if err != nil {
		return nil, err
	}
	documents, err := manifest.Encode(objects)
	if err != nil {
		return nil, err
	}
	text := fmt.Appendf(nil, "# gloo-operator %s. To install or upgrade it:\n#   kubectl apply --server-side -f %s\n", version, manifestFile)
	return append(text, documents...), nil
}

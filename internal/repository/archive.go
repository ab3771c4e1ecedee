// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// verify checks that an archive is the chart of that name and version, and that it
// can do no harm to who unpacks it.
func verify(name, version string, content []byte, limits Limits) error {
	metadata, err := inspect(name, content, limits)
	if err != nil {
		return certain(v1.ReasonChartInvalid, "%v: publish the chart as Istio does", err)
	}
	if metadata.Name != name || metadata.Version != version {
		return certain(v1.ReasonChartInvalid, "its Chart.yaml says %.64q %.64q: publish each chart under its own name and version",
			metadata.Name, metadata.Version)
	}
	return nil
}

type metadata struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// inspect reads all of an archive and returns what its Chart.yaml says.
func inspect(name string, content []byte, limits Limits) (metadata, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return metadata{}, errors.New("it is no archive of a chart")
	}
	bounded := &io.LimitedReader{R: unzipped, N: 2 * limits.Unpacked} // Headers are content, too.
	archive := tar.NewReader(bounded)
	var chart []byte
	left := limits.Unpacked // Sparse files say more than they bring.
	for files := 0; ; files++ {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) && bounded.N > 0 {
			return parseChart(chart)
		}
		if bounded.N <= 0 || err == nil && (header.Size > left || files == limits.Files) {
			return metadata{}, fmt.Errorf("its content is more than %d MiB or %d files", limits.Unpacked>>20, limits.Files)
		}
		if err != nil {
			return metadata{}, errDamaged
		}
		left -= header.Size
		content, err := readEntry(name, archive, header, limits)
		if err != nil {
			return metadata{}, err
		}
		if header.Name == name+"/Chart.yaml" {
			chart = content
		}
	}
}

var errDamaged = errors.New("its archive is damaged")

// readEntry reads a file that may be in a chart.
func readEntry(chart string, archive io.Reader, header *tar.Header, limits Limits) ([]byte, error) {
	if err := checkEntry(chart, header, limits); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(archive)
	if err != nil {
		return nil, errDamaged
	}
	return content, nil
}

// checkEntry refuses what no chart of Istio's has, and what could leave the folder
// that it is unpacked to.
func checkEntry(chart string, header *tar.Header, limits Limits) error {
	entry := strings.TrimSuffix(header.Name, "/")
	_, inside, _ := strings.Cut(entry, "/")
	switch {
	case header.Typeflag == tar.TypeXGlobalHeader:
		return nil // What git writes: a comment.
	case header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeDir:
		return fmt.Errorf("its archive holds %.64q, which is neither a file nor a folder", header.Name)
	case entry != chart && !strings.HasPrefix(entry, chart+"/"), path.Clean(entry) != entry, strings.ContainsAny(entry, "\\:\x00"):
		return fmt.Errorf("its archive holds %.64q, which is not inside the folder %s", header.Name, chart)
	case strings.HasPrefix(inside, "charts/"):
		return fmt.Errorf("its archive holds %.64q: Istio's charts bring no others along", header.Name)
	case header.Size > limits.File:
		return fmt.Errorf("its file %.64q is larger than %d MiB", header.Name, limits.File>>20)
	}
	return nil
}

func parseChart(content []byte) (metadata, error) {
	decoded := metadata{}
	if len(content) == 0 {
		return decoded, errors.New("it holds no Chart.yaml")
	}
	if err := yaml.Unmarshal(content, &decoded); err != nil {
		return decoded, errors.New("its Chart.yaml is no YAML")
	}
	return decoded, nil
}

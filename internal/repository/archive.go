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
	"github.com/gloo-operator/gloo-operator/internal/yamllimit"
)

// verify checks that an archive is the chart of that name and version, and that it is safe
// to unpack.
func verify(name, version string, content []byte, limits Limits) error {
	metadata, err := inspect(name, content, limits)
	if err != nil {
		return permanent(v1.ReasonChartInvalid, "%v: publish the chart as Istio does", err)
	}
	if metadata.Name != name || metadata.Version != version {
		return permanent(v1.ReasonChartInvalid, "its Chart.yaml says %.64q %.64q: publish each chart under its own name and version",
			metadata.Name, metadata.Version)
	}
	return nil
}

type metadata struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// inspect reads all of an archive and returns the metadata in its Chart.yaml.
func inspect(name string, content []byte, limits Limits) (metadata, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return metadata{}, errors.New("it is not a chart archive")
	}
	bounded := &io.LimitedReader{R: unzipped, N: 2 * limits.Unpacked} // Headers are content, too.
	a := &archive{chart: name, limits: limits, bounded: bounded, tar: tar.NewReader(bounded), left: limits.Unpacked}
	var chart []byte
	for {
		file, content, err := a.next()
		switch {
		case errors.Is(err, io.EOF):
			return parseChart(chart)
		case err != nil:
			return metadata{}, err
		}
		if err := checkYAML(name, file, content); err != nil {
			return metadata{}, err
		}
		if file == name+"/Chart.yaml" {
			chart = content
		}
	}
}

// archive is a chart's archive while it is read.
type archive struct {
	chart   string
	limits  Limits
	bounded *io.LimitedReader
	tar     *tar.Reader
	// left is how many bytes of content are still allowed. It counts sizes in headers,
	// since sparse files have more than they send.
	left  int64
	files int
}

// next reads the next entry. It fails with io.EOF at the end.
func (a *archive) next() (name string, content []byte, err error) {
	header, err := a.tar.Next()
	switch {
	case a.bounded.N <= 0 || err == nil && (header.Size > a.left || a.files == a.limits.Files):
		return "", nil, fmt.Errorf("its archive has more than %d MiB or %d files", a.limits.Unpacked>>20, a.limits.Files)
	case errors.Is(err, io.EOF):
		return "", nil, io.EOF
	case err != nil:
		return "", nil, errDamaged
	}
	a.left -= header.Size
	a.files++
	if err := checkEntry(a.chart, header, a.limits); err != nil {
		return "", nil, err
	}
	if content, err = io.ReadAll(a.tar); err != nil {
		return "", nil, errDamaged
	}
	return header.Name, content, nil
}

var errDamaged = errors.New("its archive is damaged")

// checkEntry rejects entries that no chart of Istio has, and those that could be unpacked
// outside the chart's directory.
func checkEntry(chart string, header *tar.Header, limits Limits) error {
	entry := strings.TrimSuffix(header.Name, "/")
	_, inside, _ := strings.Cut(entry, "/")
	switch {
	case header.Typeflag == tar.TypeXGlobalHeader:
		return nil // What git writes: a comment.
	case header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeDir:
		return fmt.Errorf("its archive contains %.64q, which is neither a file nor a directory", header.Name)
	case entry != chart && !strings.HasPrefix(entry, chart+"/"), path.Clean(entry) != entry, strings.ContainsAny(entry, "\\:\x00"):
		return fmt.Errorf("its archive contains %.64q, which is not inside the directory %s", header.Name, chart)
	case strings.HasPrefix(inside, "charts/"):
		return fmt.Errorf("its archive contains %.64q: Istio's charts have no dependencies", header.Name)
	case header.Size > limits.File:
		return fmt.Errorf("its file %.64q is larger than %d MiB", header.Name, limits.File>>20)
	}
	return nil
}

// checkYAML rejects files at the root of a chart, which Helm parses, if they take far more
// memory than they have bytes.
func checkYAML(chart, file string, content []byte) error {
	inside := strings.TrimPrefix(file, chart+"/")
	if strings.Contains(inside, "/") || path.Ext(inside) != ".yaml" && path.Ext(inside) != ".lock" {
		return nil
	}
	if err := yamllimit.CheckPlain(content); err != nil {
		return fmt.Errorf("its file %.64q is rejected, since %s", file, reasonOf(err))
	}
	return nil
}

// reasonOf returns an error's message without what a parser can quote.
func reasonOf(err error) string {
	if limit := (&yamllimit.Error{}); errors.As(err, &limit) {
		return limit.Error()
	}
	return "it is not valid YAML"
}

func parseChart(content []byte) (metadata, error) {
	decoded := metadata{}
	if len(content) == 0 {
		return decoded, errors.New("it has no Chart.yaml")
	}
	if err := yaml.Unmarshal(content, &decoded); err != nil {
		return decoded, errors.New("its Chart.yaml is not valid YAML")
	}
	return decoded, nil
}

// SPDX-License-Identifier: Apache-2.0

// Package charttest packs charts as helm package does: those that are bundled
// under another version, and ones made for a test.
package charttest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// Directories is where the charts are in Istio's manifests, by their published names.
var Directories = map[string]string{
	"base": "charts/base", "istiod": "charts/istio-control/istio-discovery", "cni": "charts/istio-cni", "ztunnel": "charts/ztunnel",
}

// Charts packs the charts of a release that is bundled as if they were those of
// another version.
func Charts(release, version string) map[string][]byte {
	GinkgoHelper()
	packed := map[string][]byte{}
	for name := range Directories {
		packed[name] = Pack(name, Files(release, name, version))
	}
	return packed
}

// Files are the files of a chart of a release that is bundled, by their paths in
// the chart.
func Files(release, name, version string) map[string]string {
	GinkgoHelper()
	found, err := istio.Find(release)
	Expect(err).NotTo(HaveOccurred())
	directory := Directories[name]
	files := map[string]string{}
	Expect(fs.WalkDir(found.Charts, directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(found.Charts, path)
		files[strings.TrimPrefix(path, directory+"/")] = string(content)
		return err
	})).To(Succeed())
	metadata := map[string]any{}
	Expect(yaml.Unmarshal([]byte(files["Chart.yaml"]), &metadata)).To(Succeed())
	metadata["version"], metadata["appVersion"] = version, version
	stamped, err := yaml.Marshal(metadata)
	Expect(err).NotTo(HaveOccurred())
	files["Chart.yaml"] = string(stamped)
	return files
}

// Small are the files of a chart with that one template.
func Small(name, version, template string) map[string]string {
	return map[string]string{
		"Chart.yaml":             fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %s\n", name, version),
		"values.yaml":            "",
		"templates/objects.yaml": template,
	}
}

// Pack makes an archive of a chart's files, in a directory of the chart's name.
func Pack(name string, files map[string]string) []byte {
	GinkgoHelper()
	var headers []*tar.Header
	for _, path := range slices.Sorted(maps.Keys(files)) {
		headers = append(headers, &tar.Header{Typeflag: tar.TypeReg, Name: name + "/" + path, Mode: 0o644, Size: int64(len(files[path]))})
	}
	return PackEntries(headers, func(h *tar.Header) string { return files[strings.TrimPrefix(h.Name, name+"/")] })
}

// PackEntries makes an archive of whatever entries, with their contents.
func PackEntries(headers []*tar.Header, content func(*tar.Header) string) []byte {
	GinkgoHelper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for _, header := range headers {
		Expect(archive.WriteHeader(header)).To(Succeed())
		_, err := archive.Write([]byte(content(header)))
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(archive.Close()).To(Succeed())
	Expect(zipped.Close()).To(Succeed())
	return packed.Bytes()
}

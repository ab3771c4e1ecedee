// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"

	"github.com/gloo-operator/gloo-operator/hack/image/pack"
)

func TestRelease(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "A release")
}

// small are programs that do nothing, by their platforms.
var small map[string]string

var _ = BeforeSuite(func() {
	small = map[string]string{}
	directory := GinkgoT().TempDir()
	for _, architecture := range []string{"amd64", "arm64"} {
		platform := "linux-" + architecture
		small[platform] = filepath.Join(directory, platform, program)
		command := exec.Command("go", "build", "-trimpath", "-o", small[platform], "../image/testdata/nothing")
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
		out, err := command.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
	}
	small["darwin-arm64"] = filepath.Join(directory, "darwin-arm64", program)
	Expect(os.MkdirAll(filepath.Dir(small["darwin-arm64"]), 0o755)).To(Succeed())
	Expect(os.WriteFile(small["darwin-arm64"], []byte("a program"), 0o755)).To(Succeed())
})

// newSource is the source of a small release: the real chart, changelog and licence, and
// programs that do nothing.
func newSource(ctx context.Context) source {
	GinkgoHelper()
	directory := GinkgoT().TempDir()
	s := source{
		version: "v0.1.0", revision: "0123456789abcdef0123456789abcdef01234567", created: time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC),
		builder: localBuilder, image: filepath.Join(directory, "image"), certificates: filepath.Join(directory, "ca.crt"),
		chart: "../../charts/gloo-operator", changelog: "../../CHANGELOG.md", licence: "../../LICENSE",
		binaries: []string{small["linux-amd64"], small["linux-arm64"], small["darwin-arm64"]},
	}
	Expect(os.WriteFile(s.certificates, []byte("certificates"), 0o600)).To(Succeed())
	s.writeLayout(ctx)
	return s
}

// writeLayout writes an image as hack/image does: an index, and an SBOM to each image.
func (s source) writeLayout(ctx context.Context) {
	GinkgoHelper()
	store, err := oci.New(s.image)
	Expect(err).NotTo(HaveOccurred())
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}
	for _, architecture := range []string{"amd64", "arm64"} {
		binary := small["linux-"+architecture]
		platform, err := pack.PlatformOf(binary)
		Expect(err).NotTo(HaveOccurred())
		manifest, _, err := pack.Image{
			Platform: platform, Created: s.created, CreatedBy: "test", Compressed: true, Files: []pack.File{{Name: program, From: binary, Mode: 0o755}},
		}.Write(ctx, store)
		Expect(err).NotTo(HaveOccurred())
		index.Manifests = append(index.Manifests, manifest)
		sbom := fmt.Appendf(nil, `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"component":{"type":"application","name":%q}}}`, architecture)
		Expect(os.WriteFile(fmt.Sprintf("%s-%s.cdx.json", s.image, architecture), sbom, 0o600)).To(Succeed())
		layer, err := oras.PushBytes(ctx, store, cyclonedx.MediaTypeJSON.String(), sbom)
		Expect(err).NotTo(HaveOccurred())
		_, err = oras.PackManifest(ctx, store, oras.PackManifestVersion1_1, cyclonedx.MediaTypeJSON.String(), oras.PackManifestOptions{
			Subject: &manifest, Layers: []ocispec.Descriptor{layer}, ManifestAnnotations: map[string]string{ocispec.AnnotationCreated: s.created.Format(time.RFC3339)},
		})
		Expect(err).NotTo(HaveOccurred())
	}
	tagged, err := pack.PushJSON(ctx, store, index.MediaType, index)
	Expect(err).NotTo(HaveOccurred())
	Expect(store.Tag(ctx, tagged, s.version)).To(Succeed())
}

// newRelease writes a release to a new directory.
func newRelease(ctx context.Context) string {
	GinkgoHelper()
	dist := filepath.Join(GinkgoT().TempDir(), "dist")
	Expect(newSource(ctx).write(ctx, dist, GinkgoWriter)).To(Succeed())
	return dist
}

// edit changes files of a release, and fits checksums and provenance to them, as somebody
// does who can write the directory.
func edit(dist string, change func(contents)) {
	GinkgoHelper()
	files, err := readFiles(dist)
	Expect(err).NotTo(HaveOccurred())
	change(files)
	made, err := files.readStatement()
	Expect(err).NotTo(HaveOccurred())
	for i, one := range made.Subject {
		if content, ok := files[one.Name]; ok {
			made.Subject[i].Digest = sha256Of(newBlob("", content).Digest)
		}
	}
	chart, err := newChartArtifact(files[chartName(made.version())])
	Expect(err).NotTo(HaveOccurred())
	made.Subject[1].Digest = sha256Of(chart.manifest.Digest)
	files[provenanceFile], err = json.Marshal(made)
	Expect(err).NotTo(HaveOccurred())
	files[checksumsFile] = files.checksums()
	Expect(files.writeTo(dist)).To(Succeed())
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"

	"github.com/CycloneDX/cyclonedx-go"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

// listed reads the list of what is in an image from a manifest that refers to it.
func listed(ctx context.Context, store content.ReadOnlyGraphStorage, image ocispec.Descriptor) *cyclonedx.BOM {
	GinkgoHelper()
	around, err := store.Predecessors(ctx, image)
	Expect(err).NotTo(HaveOccurred())
	for _, one := range around {
		if one.MediaType == ocispec.MediaTypeImageIndex {
			continue
		}
		encoded, err := content.FetchAll(ctx, store, contentOf(store, one))
		Expect(err).NotTo(HaveOccurred())
		list := new(cyclonedx.BOM)
		Expect(cyclonedx.NewBOMDecoder(bytes.NewReader(encoded), cyclonedx.BOMFileFormatJSON).Decode(list)).To(Succeed())
		return list
	}
	Fail("nothing refers to the image")
	return nil
}

// contentOf tells what a manifest with a list of what is in an image is about.
func contentOf(store content.Fetcher, of ocispec.Descriptor) ocispec.Descriptor {
	GinkgoHelper()
	var manifest ocispec.Manifest
	fetch(store, of, &manifest)
	Expect(manifest.ArtifactType).To(Equal("application/vnd.cyclonedx+json"))
	Expect(manifest.Layers).To(ConsistOf(HaveField("MediaType", "application/vnd.cyclonedx+json")))
	return manifest.Layers[0]
}

// digestOf is a file's, in hexadecimal.
func digestOf(file string) string {
	GinkgoHelper()
	text, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	return digest.FromBytes(text).Encoded()
}

// sum is what go.sum says of a module.
func sum(path, version string) string {
	GinkgoHelper()
	sums, err := os.ReadFile("../../go.sum")
	Expect(err).NotTo(HaveOccurred())
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(path+" "+version) + ` (.*)$`).FindSubmatch(sums)
	Expect(line).To(HaveLen(2), path)
	return string(line[1])
}

var _ = Describe("The list of what is in an image", func() {
	const operator = "github.com/gloo-operator/gloo-operator/cmd/gloo-operator"
	built := func(path, version string) *debug.BuildInfo {
		return &debug.BuildInfo{
			Path: operator, Deps: []*debug.Module{{Path: path, Version: version}},
			Settings: []debug.BuildSetting{{Key: "GOARCH", Value: "amd64"}},
		}
	}

	DescribeTable("is not made of a binary that the source tree would not make", func(ctx SpecContext, path, version, problem string) {
		_, err := moduleComponents(ctx, built(path, version))
		Expect(err).To(MatchError(And(ContainSubstring(path+"@"+version), ContainSubstring(problem), ContainSubstring("build it again"))))
	},
		Entry("with another version", "sigs.k8s.io/yaml", "v0.0.1", "the source tree has \"v1."),
		Entry("with a module that is not linked any more", "example.com/gone", "v1.0.0", "the source tree has \"\""),
	)

	It("is written beside the image, for each architecture", func(ctx SpecContext) {
		directory := filepath.Join(GinkgoT().TempDir(), "image")
		made := source{version: "v1", certificates: certificatesFile, binaries: []string{build("arm64", "./testdata/nothing")}}
		Expect(run(ctx, made, directory, "", GinkgoWriter)).To(Succeed())
		Expect(os.ReadFile(directory + "-arm64.cdx.json")).To(ContainSubstring(digestOf(made.binaries[0])))
	})

	It("escapes what a package URL would read otherwise", func() {
		Expect(library("example.com/old", "v2.0.0+incompatible", nil).PackageURL).To(Equal("pkg:golang/example.com/old@v2.0.0%2Bincompatible"))
	})
})

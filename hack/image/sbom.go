// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"debug/buildinfo"
	"fmt"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"

	"github.com/gloo-operator/gloo-operator/hack/licences/linked"
)

// sumProperty is the name of a component's property with the module's line of go.sum.
// That is no digest of one file, so it is not among the component's hashes:
// https://go.dev/ref/mod#go-sum-files.
const sumProperty = "gloo-operator:go.sum"

// format is the newest version of CycloneDX but one: scanners learn a new one late.
const format = cyclonedx.SpecVersion1_6

// attachSBOM puts a list of what is in an image into the store: a CycloneDX document
// in a manifest that refers to the image's, where registries and scanners find it by
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers.
func (s source) attachSBOM(ctx context.Context, store oras.Target, image ocispec.Descriptor, binary string) ([]byte, error) {
	document, err := s.sbom(ctx, binary)
	if err != nil {
		return nil, fmt.Errorf("listing what is in it: %w", err)
	}
	mediaType := cyclonedx.MediaTypeJSON.String()
	blob, err := oras.PushBytes(ctx, store, mediaType, document)
	if err != nil {
		return nil, err
	}
	subject := ocispec.Descriptor{MediaType: image.MediaType, Digest: image.Digest, Size: image.Size}
	_, err = oras.PackManifest(ctx, store, oras.PackManifestVersion1_1, mediaType, oras.PackManifestOptions{
		Subject: &subject, Layers: []ocispec.Descriptor{blob}, ManifestAnnotations: s.describe(),
	})
	return document, err
}

// sbom lists the modules that the binaries themselves say they were built from, and what
// else the image holds. The same image makes the same bytes.
func (s source) sbom(ctx context.Context, binary string) ([]byte, error) {
	operator, err := s.program(entrypoint, binary)
	if err != nil {
		return nil, err
	}
	prober, err := s.program(probe, probeOf(binary))
	if err != nil {
		return nil, err
	}
	certificates, err := fileComponent(cyclonedx.ComponentTypeFile, certificatesFile, s.certificates)
	if err != nil {
		return nil, err
	}
	linked, err := linkedComponents(ctx, binary, probeOf(binary))
	if err != nil {
		return nil, err
	}
	document := cyclonedx.NewBOM()
	document.Metadata = &cyclonedx.Metadata{Timestamp: s.created.Format(time.RFC3339), Component: &operator}
	all := append([]cyclonedx.Component{certificates, prober}, linked...)
	document.Components = &all
	var encoded bytes.Buffer
	err = cyclonedx.NewBOMEncoder(&encoded, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(document, format)
	return encoded.Bytes(), err
}

// program describes a binary of the image.
func (s source) program(name, from string) (cyclonedx.Component, error) {
	component, err := fileComponent(cyclonedx.ComponentTypeApplication, name, from)
	component.Name, component.Version, component.Licenses = name[1:], s.version, licences("Apache-2.0")
	return component, err
}

// linkedComponents describes what is linked into any of the binaries, each once.
func linkedComponents(ctx context.Context, binaries ...string) ([]cyclonedx.Component, error) {
	var components []cyclonedx.Component
	seen := map[string]bool{}
	for _, binary := range binaries {
		built, err := buildinfo.ReadFile(binary)
		if err != nil {
			return nil, err
		}
		modules, err := moduleComponents(ctx, built)
		if err != nil {
			return nil, err
		}
		for _, component := range append([]cyclonedx.Component{standardLibrary(built.GoVersion)}, modules...) {
			if key := component.BOMRef + "@" + component.Version; !seen[key] {
				seen[key] = true
				components = append(components, component)
			}
		}
	}
	return components, nil
}

// fileComponent describes a file of the image, which is made of one outside.
func fileComponent(kind cyclonedx.ComponentType, name, from string) (cyclonedx.Component, error) {
	content, err := read(from)
	if err != nil {
		return cyclonedx.Component{}, err
	}
	return cyclonedx.Component{
		BOMRef: name, Type: kind, Name: name,
		Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: digest.FromBytes(content).Encoded()}},
	}, nil
}

// standardLibrary describes Go's own packages, which scanners know by this name.
func standardLibrary(release string) cyclonedx.Component {
	return library("stdlib", strings.TrimPrefix(release, "go"), []string{"BSD-3-Clause"})
}

// moduleComponents describes the modules of a binary.
func moduleComponents(ctx context.Context, built *debug.BuildInfo) ([]cyclonedx.Component, error) {
	modules, err := linked.Modules(ctx, built.Path, architectureOf(built))
	if err != nil {
		return nil, err
	}
	known := map[string]linked.Module{}
	for _, module := range modules {
		known[module.Path] = module
	}
	var components []cyclonedx.Component
	for _, dependency := range built.Deps {
		module := known[dependency.Path]
		code := cmp.Or(dependency.Replace, dependency)
		if module.Version != code.Version {
			return nil, fmt.Errorf("it was built with %s@%s, and the source tree has %q: build it again", code.Path, code.Version, module.Version)
		}
		if module.Problem != nil {
			return nil, fmt.Errorf("%s@%s %w", code.Path, code.Version, module.Problem)
		}
		component := library(code.Path, code.Version, module.Licences)
		// Several modules can be replaced by versions of the same one.
		component.BOMRef = dependency.Path
		component.Properties = &[]cyclonedx.Property{{Name: sumProperty, Value: code.Sum}}
		components = append(components, component)
	}
	return components, nil
}

// architectureOf returns what a binary was built for.
func architectureOf(built *debug.BuildInfo) string {
	for _, setting := range built.Settings {
		if setting.Key == "GOARCH" {
			return setting.Value
		}
	}
	return ""
}

// library describes a Go module. Its package URL is that of
// https://github.com/package-url/purl-spec, by which scanners look it up.
func library(path, version string, of []string) cyclonedx.Component {
	return cyclonedx.Component{
		BOMRef: path, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version,
		PackageURL: "pkg:golang/" + path + "@" + url.QueryEscape(version), Licenses: licences(of...),
	}
}

// licences says that all of them apply.
func licences(all ...string) *cyclonedx.Licenses {
	return &cyclonedx.Licenses{{Expression: strings.Join(all, " AND ")}}
}

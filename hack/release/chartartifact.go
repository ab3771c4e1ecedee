// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"path"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// Types of Helm: https://helm.sh/docs/topics/registries/#helm-chart-manifest.
const (
	chartConfigType  = "application/vnd.cncf.helm.config.v1+json"
	chartArchiveType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// chartArtifact is the chart as helm push stores it in a registry, but for the time of the
// push.
type chartArtifact struct {
	manifest ocispec.Descriptor
	// blobs are the config, the archive and the manifest, in the order to push them.
	blobs []blob
}

// blob is content with its descriptor.
type blob struct {
	ocispec.Descriptor
	content []byte
}

func newChartArtifact(archive []byte) (chartArtifact, error) {
	loaded, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return chartArtifact{}, err
	}
	metadata, err := json.Marshal(loaded.Metadata)
	if err != nil {
		return chartArtifact{}, err
	}
	config, layer := newBlob(chartConfigType, metadata), newBlob(chartArchiveType, archive)
	encoded, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: config.Descriptor, Layers: []ocispec.Descriptor{layer.Descriptor}, Annotations: map[string]string{
			ocispec.AnnotationTitle: loaded.Name(), ocispec.AnnotationVersion: loaded.Metadata.Version,
			ocispec.AnnotationDescription: loaded.Metadata.Description, ocispec.AnnotationURL: loaded.Metadata.Home,
			ocispec.AnnotationSource: repositoryURL,
		},
	})
	manifest := newBlob(ocispec.MediaTypeImageManifest, encoded)
	return chartArtifact{manifest: manifest.Descriptor, blobs: []blob{config, layer, manifest}}, err
}

func newBlob(mediaType string, content []byte) blob {
	return blob{ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(content), Size: int64(len(content))}, content}
}

// chartRepository is where the chart is pushed, next to the image of that name.
func chartRepository(image string) string { return path.Join(path.Dir(image), "charts", program) }

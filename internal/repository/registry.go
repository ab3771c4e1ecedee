// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// The media types of an OCI manifest and of the chart in it, the second of which
// old versions of Helm wrote: https://helm.sh/docs/topics/registries/.
const manifestType = "application/vnd.oci.image.manifest.v1+json"

var chartTypes = []string{"application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip"}

// digestHeader has the digest of a manifest:
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests.
const digestHeader = "Docker-Content-Digest"

// registryOrigin is a path in an OCI registry, with a repository for each chart and a tag
// for each version.
type registryOrigin struct {
	base    *url.URL
	version string
	client  *auth.Client
	limits  Limits
}

func newRegistry(base *url.URL, version string, access Access, client *http.Client, limits Limits) *registryOrigin {
	from := &url.URL{Scheme: "https", Host: base.Host, Path: base.Path}
	if from.Host == "docker.io" {
		from.Host = "registry-1.docker.io" // The one host whose registry has another name.
	}
	return &registryOrigin{base: from, version: version, limits: limits, client: &auth.Client{
		Client: client, Cache: auth.NewCache(), Credential: auth.StaticCredential(from.Host, access.credential()),
	}}
}

type manifest struct {
	MediaType string  `json:"mediaType"`
	Layers    []layer `json:"layers"`
}

type layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// chart downloads the manifest of the version's tag, and the chart that it references.
func (r *registryOrigin) chart(ctx context.Context, name string) ([]byte, error) {
	tag := strings.ReplaceAll(r.version, "+", "_") // As Helm does: tags have no +.
	content, header, err := get(ctx, r.client, r.url(name, "manifests", tag), manifestType, r.limits.Index, nil)
	if err != nil {
		return nil, err
	}
	if digest := header.Get(digestHeader); digest != "" {
		if err := checkDigest("manifest", digest, content); err != nil {
			return nil, err
		}
	}
	found, err := findChart(content, r.limits)
	if err != nil {
		return nil, err
	}
	archive, _, err := get(ctx, r.client, r.url(name, "blobs", found.Digest), "", found.Size, nil)
	if err != nil {
		return nil, err
	}
	if int64(len(archive)) < found.Size {
		return nil, io.ErrUnexpectedEOF
	}
	return archive, checkDigest("chart", found.Digest, archive)
}

func (r *registryOrigin) url(name, kind, reference string) string {
	return r.base.Scheme + "://" + r.base.Host + "/v2" + r.base.EscapedPath() + "/" + name + "/" + kind + "/" + url.PathEscape(reference)
}

// findChart returns the layer of a manifest that is the chart.
func findChart(content []byte, limits Limits) (layer, error) {
	decoded := manifest{}
	if err := json.Unmarshal(content, &decoded); err != nil {
		return layer{}, permanent(v1.ReasonRepositoryInvalid, "its manifest is not JSON: check that spec.repository.url is an OCI registry")
	}
	i := slices.IndexFunc(decoded.Layers, func(l layer) bool { return slices.Contains(chartTypes, l.MediaType) })
	if i < 0 {
		return layer{}, permanent(v1.ReasonChartInvalid, "the artifact in the registry is not a Helm chart: push it with helm push")
	}
	found := decoded.Layers[i]
	if found.Size < 0 {
		return layer{}, permanent(v1.ReasonChartInvalid, "its manifest has no valid size of the chart: push it with helm push")
	}
	if found.Size > limits.Archive {
		return layer{}, tooLarge(limits.Archive)
	}
	return found, nil
}

// checkDigest compares content with its digest: sha256:…, or, as in the index of a Helm
// repository, the hexadecimal digits alone.
func checkDigest(what, digest string, content []byte) error {
	sum := sha256.Sum256(content)
	if is := hex.EncodeToString(sum[:]); strings.TrimPrefix(digest, "sha256:") != is {
		return permanent(v1.ReasonChartDigest, "the %s does not match its digest (sha256 %s, expected %s): "+
			"publish it again, or find out what changes it", what, is, quoteShortened(digest))
	}
	return nil
}

// quoteShortened quotes a server's text, cut to the length of a digest.
func quoteShortened(text string) string {
	if most := len("sha256:") + sha256.Size*2; len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Sprintf("%q", text)
}

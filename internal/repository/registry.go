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

// digestHeader gives the digest of a manifest:
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests.
const digestHeader = "Docker-Content-Digest"

// registry is a folder of an OCI registry, with one repository for each chart and
// one tag for each version.
type registry struct {
	base    *url.URL
	version string
	client  doer
	limits  Limits
}

func newRegistry(base *url.URL, version string, access Access, client *http.Client, limits Limits) *registry {
	from := &url.URL{Scheme: "https", Host: base.Host, Path: base.Path}
	if from.Host == "docker.io" {
		from.Host = "registry-1.docker.io" // The one host whose registry has another name.
	}
	return &registry{base: from, version: version, limits: limits, client: &auth.Client{
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

// chart fetches the manifest that the version's tag names, and the chart in it.
func (r *registry) chart(ctx context.Context, name string) ([]byte, error) {
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

func (r *registry) url(name, kind, reference string) string {
	return r.base.Scheme + "://" + r.base.Host + "/v2" + r.base.EscapedPath() + "/" + name + "/" + kind + "/" + url.PathEscape(reference)
}

// findChart picks the chart out of the layers of a manifest.
func findChart(content []byte, limits Limits) (layer, error) {
	decoded := manifest{}
	if err := json.Unmarshal(content, &decoded); err != nil {
		return layer{}, certain(v1.ReasonRepositoryInvalid, "its manifest is no JSON: spec.repository.url leads to no OCI registry")
	}
	i := slices.IndexFunc(decoded.Layers, func(l layer) bool { return slices.Contains(chartTypes, l.MediaType) })
	if i < 0 {
		return layer{}, certain(v1.ReasonChartInvalid, "what the registry has under this name is no Helm chart: push it there with helm push")
	}
	found := decoded.Layers[i]
	if found.Size < 0 {
		return layer{}, certain(v1.ReasonChartInvalid, "its manifest gives no size of the chart: push it there with helm push")
	}
	if found.Size > limits.Archive {
		return layer{}, tooLarge(limits.Archive)
	}
	return found, nil
}

// checkDigest compares content with its digest, sha256:… or, as in the index of a
// Helm repository, the hexadecimal digits alone.
func checkDigest(what, digest string, content []byte) error {
	sum := sha256.Sum256(content)
	if is := hex.EncodeToString(sum[:]); strings.TrimPrefix(digest, "sha256:") != is {
		return certain(v1.ReasonChartDigest, "the %s that came is not the one that the repository announces (sha256 %s, announced %s): "+
			"publish it anew, or find out who changes it", what, is, shorten(digest))
	}
	return nil
}

// shorten cuts what a server says to the length of what it should be.
func shorten(text string) string {
	if most := len("sha256:") + sha256.Size*2; len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Sprintf("%q", text)
}

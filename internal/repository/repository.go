// SPDX-License-Identifier: Apache-2.0

// Package repository fetches Istio's charts from OCI registries and Helm
// repositories. It is the one thing that talks to them. What it returns has been
// verified: each chart's name, version, digest and sizes, and what its archive holds.
package repository

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Names are the names by which Istio's charts of a mesh are published:
// https://istio.io/latest/docs/setup/install/helm/.
var Names = []string{"base", "istiod", "cni", "ztunnel"}

// Charts are chart archives, as helm package makes them, by chart name.
type Charts map[string][]byte

// Source tells which charts are meant.
type Source struct {
	// URL is the repository's, oci://… or https://….
	URL string
	// Version of the charts, which is Istio's.
	Version string
	// SkipVerify turns off the check of the server's certificate.
	SkipVerify bool
}

func (s Source) String() string {
	return fmt.Sprintf("the charts of Istio %s from %s", s.Version, s.URL)
}

// Limits bound a download.
type Limits struct {
	// Deadline is how long fetching all charts of a version may take.
	Deadline time.Duration
	// Window and Least are the slowest progress: an answer brings at least Least bytes
	// in each Window.
	Window time.Duration
	Least  int64
	// Index is the largest index or manifest, in bytes.
	Index int64
	// Archive is the largest chart archive, in bytes.
	Archive int64
	// Unpacked is the largest content of an archive, File the largest of one file, in
	// bytes; Files is the highest number of files.
	Unpacked, File int64
	Files          int
}

// DefaultLimits are some ten times what Istio's own charts and index need.
func DefaultLimits() Limits {
	return Limits{
		Deadline: 5 * time.Minute, Window: 15 * time.Second, Least: 16 << 10,
		Index: 4 << 20, Archive: 4 << 20, Unpacked: 16 << 20, File: 5 << 20, Files: 2000,
	}
}

// origin is one kind of repository.
type origin interface {
	// chart fetches the archive of one chart.
	chart(ctx context.Context, name string) ([]byte, error)
}

// Fetch downloads the charts. It fails with an *Error.
func Fetch(ctx context.Context, source Source, access Access, limits Limits) (Charts, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limits.Deadline, errDeadline)
	defer cancel()
	from, err := newOrigin(source, access, limits)
	if err != nil {
		return nil, err
	}
	charts := Charts{}
	for _, name := range Names {
		content, err := from.chart(ctx, name)
		if err != nil {
			return nil, classify(ctx, name, source, err)
		}
		if err := verify(name, source.Version, content, limits); err != nil {
			return nil, classify(ctx, name, source, err)
		}
		charts[name] = content
	}
	return charts, nil
}

func newOrigin(source Source, access Access, limits Limits) (origin, error) {
	base, err := parse(source.URL)
	if err != nil {
		return nil, err
	}
	client, err := newClient(source.SkipVerify, access, limits)
	if err != nil {
		return nil, err
	}
	if base.Scheme == "oci" {
		return newRegistry(base, source.Version, access, client, limits), nil
	}
	return &index{base: base, version: source.Version, access: access, client: client, limits: limits}, nil
}

// parse reads a repository's URL. One with credentials in it is refused, since it
// stands in the status.
func parse(text string) (*url.URL, error) {
	parsed, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || parsed.Hostname() == "":
		return nil, certain(v1.ReasonRepositoryInvalid, "spec.repository.url names no host: write oci://HOST/FOLDER or https://HOST/FOLDER")
	case parsed.Scheme != "oci" && parsed.Scheme != "https":
		return nil, certain(v1.ReasonRepositoryInvalid, "spec.repository.url must start with oci:// or https://")
	case parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "":
		return nil, certain(v1.ReasonRepositoryInvalid,
			"spec.repository.url must hold no user, password, query or fragment: credentials go into spec.repository.secrets")
	}
	return parsed, nil
}

// Host is the host, with its port where one is given, that credentials are for.
func (s Source) Host() string {
	parsed, err := parse(s.URL)
	if err != nil {
		return ""
	}
	return parsed.Host
}

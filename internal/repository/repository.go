// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Names are the published names of Istio's charts:
// https://istio.io/latest/docs/setup/install/helm/.
var Names = []string{"base", "istiod", "cni", "ztunnel"}

// Charts are chart archives, as helm package makes them, by chart name.
type Charts map[string][]byte

// Source identifies the charts of one version in one repository.
type Source struct {
	// URL is the repository's: oci://… or https://….
	URL string
	// Version is the version of the charts, which is Istio's.
	Version string
	// SkipVerify disables verification of the server's certificate.
	SkipVerify bool
}

func (s Source) String() string {
	return fmt.Sprintf("the charts of Istio %s from %s", s.Version, s.URL)
}

// Limits bound a download.
type Limits struct {
	// Deadline limits the download of all charts of a version.
	Deadline time.Duration
	// Window and MinBytes are the slowest progress: a response must have at least MinBytes
	// in each Window.
	Window   time.Duration
	MinBytes int64
	// Index is the maximum size of an index or a manifest, in bytes.
	Index int64
	// Archive is the maximum size of a chart archive, in bytes.
	Archive int64
	// Unpacked is the maximum size of an archive's content, File that of one file, in
	// bytes. Files is the maximum number of files.
	Unpacked, File int64
	Files          int
}

// DefaultLimits returns about ten times what Istio's own charts and index need.
func DefaultLimits() Limits {
	return Limits{
		Deadline: 5 * time.Minute, Window: 15 * time.Second, MinBytes: 16 << 10,
		Index: 4 << 20, Archive: 4 << 20, Unpacked: 16 << 20, File: 5 << 20, Files: 2000,
	}
}

// origin is one kind of repository.
type origin interface {
	// chart downloads the archive of one chart.
	chart(ctx context.Context, name string) ([]byte, error)
	// versions lists the versions of one chart, in any order.
	versions(ctx context.Context, name string) ([]string, error)
}

// Fetch downloads and verifies all charts of a source. It fails with an *Error.
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
			return nil, classify(ctx, name, source, explainMissing(ctx, from, source.Version, toError(ctx, err)))
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

// parse parses a repository's URL. It rejects one with credentials, since the URL is shown
// in the status.
func parse(text string) (*url.URL, error) {
	parsed, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || parsed.Hostname() == "":
		return nil, permanent(v1.ReasonRepositoryInvalid, "spec.repository.url has no host: use oci://HOST/PATH or https://HOST/PATH")
	case parsed.Scheme != "oci" && parsed.Scheme != "https":
		return nil, permanent(v1.ReasonRepositoryInvalid, "spec.repository.url must start with oci:// or https://")
	case parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "":
		return nil, permanent(v1.ReasonRepositoryInvalid,
			"spec.repository.url must not have a user, password, query or fragment: put credentials into spec.repository.secrets")
	}
	return parsed, nil
}

// Host returns the host that credentials are for, with the port if the URL has one. It is
// empty for an invalid URL.
func (s Source) Host() string {
	parsed, err := parse(s.URL)
	if err != nil {
		return ""
	}
	return parsed.Host
}

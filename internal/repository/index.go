// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/yamllimit"
)

// index is a Helm repository: an index.yaml with the URLs of charts,
// https://helm.sh/docs/topics/chart_repository/.
type index struct {
	base    *url.URL
	version string
	access  Access
	client  httpDoer
	limits  Limits
	entries map[string][]entry
}

// entry is a chart version of the index. Helm's repo.IndexFile has these fields, but parses
// every other field of every version, too.
type entry struct {
	Version string   `json:"version"`
	URLs    []string `json:"urls"`
	Digest  string   `json:"digest"`
}

// chart downloads a chart from its first URL in the index, which is read once.
func (i *index) chart(ctx context.Context, name string) ([]byte, error) {
	if err := i.read(ctx); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(i.entries[name], func(e entry) bool { return e.Version == i.version })
	if at < 0 {
		return nil, permanent(v1.ReasonChartNotFound, "the repository's index does not have it: set spec.version to one that it has, or check spec.repository.url")
	}
	found := i.entries[name][at]
	if len(found.URLs) == 0 {
		return nil, permanent(v1.ReasonRepositoryInvalid, "the repository's index has no URL for it: generate it with helm repo index")
	}
	where, err := i.base.JoinPath("/").Parse(found.URLs[0])
	if err != nil || where.Scheme != "https" {
		return nil, permanent(v1.ReasonRepositoryInvalid, "the repository's index leads to a URL that is not https")
	}
	content, _, err := get(ctx, i.client, where.String(), "", i.limits.Archive, i.authorize)
	if err != nil || found.Digest == "" {
		return content, err
	}
	return content, checkDigest("chart", found.Digest, content)
}

func (i *index) read(ctx context.Context) error {
	if i.entries != nil {
		return nil
	}
	content, _, err := get(ctx, i.client, i.base.JoinPath("index.yaml").String(), "", i.limits.Index, i.authorize)
	if err != nil {
		return err
	}
	if err := yamllimit.CheckPlain(content); err != nil {
		return permanent(v1.ReasonRepositoryInvalid, "its index.yaml is rejected, since %s: generate it with helm repo index", reasonOf(err))
	}
	decoded := struct {
		Entries map[string][]entry `json:"entries"`
	}{}
	if err := yaml.Unmarshal(content, &decoded); err != nil || decoded.Entries == nil {
		return permanent(v1.ReasonRepositoryInvalid, "its index.yaml is not an index of charts: check spec.repository.url")
	}
	i.entries = decoded.Entries
	return nil
}

// authorize sends credentials to the repository's own host only.
func (i *index) authorize(request *http.Request) {
	if request.URL.Host == i.base.Host && i.access.Username != "" {
		request.SetBasicAuth(i.access.Username, i.access.Password)
	}
}

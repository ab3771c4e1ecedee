// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// The bounds of a list of tags. Istio's own repository has a few hundred.
const (
	tagsPerPage = 1000
	tagPages    = 50
)

// listedChart is the chart whose versions are listed: every release has it.
const listedChart = "istiod"

// nearestShown is how many versions an error about a missing one names.
const nearestShown = 5

// Versions lists the versions of Istio that a repository has, oldest first, without what
// is no semantic version. The version of the source is not used. It fails with an *Error.
func Versions(ctx context.Context, source Source, access Access, limits Limits) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limits.Deadline, errDeadline)
	defer cancel()
	from, err := newOrigin(source, access, limits)
	if err != nil {
		return nil, err
	}
	listed, err := from.versions(ctx, listedChart)
	if err != nil {
		failure := toError(ctx, err)
		return nil, &Error{
			Reason: failure.Reason, Temporary: failure.Temporary,
			text: fmt.Sprintf("listing the versions: chart %s of %s: %s", listedChart, source.URL, failure.text),
		}
	}
	return sorted(listed), nil
}

// versions lists the tags of a chart.
func (r *registryOrigin) versions(ctx context.Context, name string) ([]string, error) {
	repository := &remote.Repository{
		Client: r.client, TagListPageSize: tagsPerPage, TagListMaxPages: tagPages, MaxMetadataBytes: r.limits.Index,
		Reference: registry.Reference{Registry: r.base.Host, Repository: strings.TrimPrefix(r.base.Path+"/"+name, "/")},
	}
	var versions []string
	err := repository.Tags(ctx, "", func(tags []string) error {
		for _, tag := range tags {
			versions = append(versions, strings.ReplaceAll(tag, "_", "+")) // As Helm does: tags have no +.
		}
		return nil
	})
	return versions, err
}

// versions lists those of a chart in the index.
func (i *index) versions(ctx context.Context, name string) ([]string, error) {
	if err := i.read(ctx); err != nil {
		return nil, err
	}
	versions := make([]string, len(i.entries[name]))
	for n, entry := range i.entries[name] {
		versions[n] = entry.Version
	}
	return versions, nil
}

// explainMissing adds to the failure of a version that does not exist which ones do. If
// they cannot be listed, or the version is among them, the failure stays as it is.
func explainMissing(ctx context.Context, from origin, version string, failure *Error) *Error {
	if failure.Reason != v1.ReasonChartNotFound {
		return failure
	}
	listed, err := from.versions(ctx, listedChart)
	if near := nearest(version, listed); err == nil && len(near) > 0 && !slices.Contains(listed, version) {
		return permanent(v1.ReasonChartNotFound, "it does not exist; the nearest releases that the repository has are %s: set spec.version to one of them",
			wording.List(near))
	}
	return failure
}

// sorted returns the strict semantic versions among texts, oldest first, each once.
func sorted(texts []string) []string {
	versions := make([]*semver.Version, 0, len(texts))
	for _, text := range texts {
		if version, err := semver.StrictNewVersion(text); err == nil {
			versions = append(versions, version)
		}
	}
	slices.SortFunc(versions, (*semver.Version).Compare)
	found := make([]string, len(versions))
	for i, version := range versions {
		found[i] = version.Original()
	}
	return slices.Compact(found)
}

// nearest returns the listed versions that are closest to the wanted one, oldest first:
// patch releases of its minor version, else the newest ones of the nearest minor versions.
// It leaves out prereleases and builds with a suffix, unless the wanted version has one too
// or there are no others.
func nearest(wanted string, listed []string) []string {
	target, err := semver.StrictNewVersion(wanted)
	if err != nil {
		return nil
	}
	var plain, all []*semver.Version
	for _, text := range sorted(listed) {
		version := semver.MustParse(text)
		if all = append(all, version); version.Prerelease() == "" {
			plain = append(plain, version)
		}
	}
	if target.Prerelease() != "" || len(plain) == 0 {
		plain = all
	}
	slices.SortStableFunc(plain, func(a, b *semver.Version) int { return slices.Compare(distance(target, a), distance(target, b)) })
	if len(plain) > 0 && plain[0].Minor() == target.Minor() && plain[0].Major() == target.Major() {
		plain = slices.DeleteFunc(plain, func(v *semver.Version) bool { return v.Minor() != target.Minor() || v.Major() != target.Major() })
	}
	near := make([]string, 0, nearestShown)
	for _, version := range plain[:min(len(plain), nearestShown)] {
		near = append(near, version.Original())
	}
	return sorted(near)
}

// distance orders versions by how close they are: by minor version, then by patch release.
// Of other minor versions the newest patch release is the closest.
func distance(target, version *semver.Version) []int {
	minors := []int{apart(target.Major(), version.Major()), apart(target.Minor(), version.Minor())}
	if cmp.Or(minors...) == 0 {
		return append(minors, apart(target.Patch(), version.Patch()))
	}
	return append(minors, -int(version.Patch()))
}

func apart(a, b uint64) int { return int(max(a, b) - min(a, b)) }

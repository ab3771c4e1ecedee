// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"
)

// PathRequest is what a path depends on.
type PathRequest struct {
	// Running is the version that was complete last. Empty: none was.
	Running string
	// Reached is the other version of a rollout that is under way: part of the mesh may run
	// it. Empty: none is.
	Reached string
	// Wanted is where the path ends.
	Wanted string
	// Known lists the versions that may be steps.
	Known []string
	// AllowDowngrade permits to go back to an older minor version.
	AllowDowngrade bool
	// Fetchable reports that a repository may have releases that are not known.
	Fetchable bool
}

// DowngradeError reports that the wanted version is of an older minor version than the
// running one, and that spec does not allow that.
type DowngradeError struct{ Running, Wanted string }

func (e *DowngradeError) Error() string {
	return fmt.Sprintf("Istio %s is running, and %s is an older minor version; Istio does not support in-place downgrades: "+
		"set spec.version to %s or newer, or set spec.upgrade.allowDowngrade to true", e.Running, e.Wanted, e.Running)
}

// GapError reports that there is no step between two versions.
type GapError struct {
	From, To string
	// Missing is the minor version that no known release is of, such as 1.30. Empty: the
	// major versions differ.
	Missing string
	// Fetchable reports that a repository may have it.
	Fetchable bool
}

func (e *GapError) Error() string {
	if e.Missing == "" {
		return fmt.Sprintf("there is no upgrade path from Istio %s to %s, which is another major version: "+
			"delete this ServiceMeshController and create it again", e.From, e.To)
	}
	repository := " and spec.repository to a chart repository that has it (oci://… or https://…)"
	if e.Fetchable {
		repository = ""
	}
	return fmt.Sprintf("the upgrade path from Istio %s to %s goes through a release of %s, since Istio supports upgrades by one minor version at a time, "+
		"and this operator bundles none: set spec.version to a release of %s%s, and to %s when it is complete",
		e.From, e.To, e.Missing, e.Missing, repository, e.To)
}

// Path returns the versions to go through, the wanted one last: the newest known release
// of each minor version between, since Istio supports an upgrade in place by one minor
// version (https://istio.io/latest/docs/setup/upgrade/in-place/, prerequisites). If a
// rollout is in progress and the first step would skip a minor version or reverse a part
// of the mesh, the path begins with the running version, which undoes that rollout first.
// It fails with a *DowngradeError or a *GapError.
func Path(q PathRequest) ([]string, error) {
	running, wanted := parse(q.Running), parse(q.Wanted)
	if running == nil || wanted == nil {
		return []string{q.Wanted}, nil
	}
	if running.Major() != wanted.Major() {
		return nil, &GapError{From: q.Running, To: q.Wanted}
	}
	if wanted.Minor() < running.Minor() && !q.AllowDowngrade {
		return nil, &DowngradeError{Running: q.Running, Wanted: q.Wanted}
	}
	path, missing := intermediateVersions(running, wanted, q.Known)
	if missing != "" {
		return nil, &GapError{From: q.Running, To: q.Wanted, Missing: missing, Fetchable: q.Fetchable}
	}
	if mustUndo(running, parse(q.Reached), parse(path[0])) {
		path = slices.Insert(path, 0, q.Running)
	}
	return path, nil
}

// mustUndo reports whether a rollout has to be undone before the next step: otherwise some
// of the mesh would skip a minor version, or would be upgraded while the rest is
// downgraded.
func mustUndo(running, reached, next *semver.Version) bool {
	if reached == nil || next.Equal(reached) || next.Equal(running) {
		return false
	}
	return minorDistance(reached, next) > 1 || next.GreaterThan(running) != next.GreaterThan(reached)
}

// intermediateVersions returns a release of each minor version between the two, and the wanted one; or a
// minor version that no known release is of.
func intermediateVersions(running, wanted *semver.Version, known []string) (path []string, missing string) {
	direction := cmp.Compare(wanted.Minor(), running.Minor())
	for minor := int(running.Minor()) + direction; minor != int(wanted.Minor()); minor += direction {
		step := newest(known, wanted.Major(), uint64(minor))
		if step == "" {
			return nil, fmt.Sprintf("%d.%d", wanted.Major(), minor)
		}
		path = append(path, step)
	}
	return append(path, wanted.Original()), ""
}

// newest returns the newest of the known versions of a minor version. Empty: none.
func newest(known []string, major, minor uint64) string {
	var found *semver.Version
	for _, text := range known {
		version := parse(text)
		if version != nil && version.Major() == major && version.Minor() == minor && (found == nil || version.GreaterThan(found)) {
			found = version
		}
	}
	if found == nil {
		return ""
	}
	return found.Original()
}

// minorDistance returns how many minor versions are between two of a major version.
func minorDistance(a, b *semver.Version) int {
	return max(int(a.Minor())-int(b.Minor()), int(b.Minor())-int(a.Minor()))
}

// OlderVersion reports whether a is an older Istio version than b. It is false where one
// of them is no version.
func OlderVersion(a, b string) bool {
	x, y := parse(a), parse(b)
	return x != nil && y != nil && x.LessThan(y)
}

func parse(version string) *semver.Version {
	parsed, err := semver.StrictNewVersion(version)
	if err != nil {
		return nil
	}
	return parsed
}

// SPDX-License-Identifier: Apache-2.0

// Package upgrade knows which Istio versions may follow each other. It is pure.
package upgrade

import (
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"
)

// Question is what a path depends on.
type Question struct {
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
}

// DowngradeError says that the wanted version is of an older minor version than the
// one that runs, and that nobody has allowed that.
type DowngradeError struct{ Running, Wanted string }

func (e *DowngradeError) Error() string {
	return fmt.Sprintf("Istio %s runs, and %s is of an older minor version, to which Istio does not support going back in place: "+
		"set spec.version to %s or newer, or set spec.upgrade.allowDowngrade to true", e.Running, e.Wanted, e.Running)
}

// GapError says that there is no step between two versions.
type GapError struct {
	From, To string
	// Missing is the minor version that no known release is of, such as 1.30. Empty: the
	// major versions differ.
	Missing string
}

func (e *GapError) Error() string {
	if e.Missing == "" {
		return fmt.Sprintf("no way is known from Istio %s to %s, which is of another major version: "+
			"delete this ServiceMeshController and apply it anew", e.From, e.To)
	}
	return fmt.Sprintf("the way from Istio %s to %s goes through a release of %s, since Istio is upgraded by one minor version at a time, "+
		"and this operator has none: set spec.version to a release of %s and spec.repository to a chart repository that has it "+
		"(oci://… or https://…), and to %s when it is complete", e.From, e.To, e.Missing, e.Missing, e.To)
}

// Path lists the versions to go through, the wanted one last: the newest known release
// of each minor version between, since Istio supports an upgrade in place by one minor
// version (https://istio.io/latest/docs/setup/upgrade/in-place/, prerequisites). Where
// a rollout is under way from which the first step is not allowed, or leads between its
// two versions, the path begins with the version that runs. It fails with a *DowngradeError or
// a *GapError.
func Path(q Question) ([]string, error) {
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
	path, err := steps(running, wanted, q.Known)
	if err != nil {
		return nil, err
	}
	if returns(running, parse(q.Reached), parse(path[0])) {
		path = slices.Insert(path, 0, q.Running)
	}
	return path, nil
}

// returns tells that a rollout has to be undone before the next step: some of the mesh
// would skip a minor version, or it would go forth for some and back for others.
func returns(running, reached, next *semver.Version) bool {
	if reached == nil || next.Equal(reached) || next.Equal(running) {
		return false
	}
	return apart(reached, next) > 1 || next.GreaterThan(running) != next.GreaterThan(reached)
}

// steps lists a release of each minor version between the two, and the wanted one.
func steps(running, wanted *semver.Version, known []string) ([]string, error) {
	var path []string
	direction := 1
	if wanted.Minor() < running.Minor() {
		direction = -1
	}
	for minor := int(running.Minor()) + direction; apart(running, wanted) > 1 && minor != int(wanted.Minor()); minor += direction {
		step := newest(known, wanted.Major(), uint64(minor))
		if step == "" {
			return nil, &GapError{From: running.Original(), To: wanted.Original(), Missing: fmt.Sprintf("%d.%d", wanted.Major(), minor)}
		}
		path = append(path, step)
	}
	return append(path, wanted.Original()), nil
}

// newest finds the newest of the known versions that is of a minor version. Empty: none.
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

// apart tells how many minor versions are between two of a major version.
func apart(a, b *semver.Version) int {
	return max(int(a.Minor())-int(b.Minor()), int(b.Minor())-int(a.Minor()))
}

// Older tells that a is an older version than b. What is no version is not.
func Older(a, b string) bool {
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

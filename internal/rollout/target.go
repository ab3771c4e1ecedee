// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
	"strings"
	"time"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// Target is the version that an attempt works towards, and the versions that follow.
type Target struct {
	// From is the version that ran before. Where a rollout in progress is undone, it is the
	// version of that.
	From string
	// To is the version that the attempt works towards.
	To string
	// Rest lists the versions that follow, spec.version last.
	Rest []string
	// Rollback: the target is the earlier version, because a rollout failed.
	Rollback bool
}

// Downgrades reports whether the target is older, so that the data plane has to go first: it
// is never newer than the control plane.
func (t Target) Downgrades() bool { return OlderVersion(t.To, t.From) }

// Next returns the target of a resource, whose spec.repository is where charts that are not
// bundled come from, the operator's default included. It fails as Path does.
func Next(smc *v1.ServiceMeshController) (Target, error) {
	status := smc.Status
	if failed := FailedRolloutOf(smc); failed != nil {
		return Target{From: failed.Version, To: status.Version, Rollback: true}, nil
	}
	if unavailable(smc) {
		return Target{From: status.Version, To: smc.Spec.Version}, nil // There is no plan of it, and the plan reports that.
	}
	other := otherVersion(status)
	path, err := Path(PathRequest{
		Running: status.Version, Reached: other, Wanted: smc.Spec.Version, Known: istio.Versions(),
		AllowDowngrade: Settings(smc).AllowDowngrade, Fetchable: smc.Spec.Repository != nil,
	})
	if err != nil {
		return Target{}, err
	}
	target := Target{From: status.Version, To: path[0], Rest: path[1:]}
	switch {
	case status.Rollout != nil && status.Rollout.To == target.To:
		target.From = status.Rollout.From
	case startsFrom(other, status.Version, target.To):
		target.From = other
	}
	return target, nil
}

// startsFrom reports whether a rollout to the target starts from the other version of the
// rollout that it replaces, and not from the one that runs in full. It decides whether the data
// plane is changed first: with 1.26 running and 1.28 half rolled out, 1.27 is a downgrade from
// 1.28.
func startsFrom(other, running, target string) bool {
	return other != "" && (target == running || OlderVersion(target, other) && !OlderVersion(other, running))
}

// unavailable reports that there are no charts of spec.version: it is not bundled, spec names
// no repository, and it is not in use.
func unavailable(smc *v1.ServiceMeshController) bool {
	_, err := istio.Find(smc.Spec.Version)
	return err != nil && smc.Spec.Repository == nil && !slices.Contains(VersionsInUse(smc), smc.Spec.Version)
}

// otherVersion is the one of a rollout's two versions that does not run in full. Empty:
// no rollout is under way.
func otherVersion(status v1.ServiceMeshControllerStatus) string {
	switch {
	case status.Rollout == nil:
		return ""
	case status.Rollout.To == status.Version:
		return status.Rollout.From
	default:
		return status.Rollout.To
	}
}

// FailedRolloutOf returns the rollout that this generation of spec has seen fail and that is rolled
// back. Nil: none.
func FailedRolloutOf(smc *v1.ServiceMeshController) *v1.FailedRollout {
	failed := smc.Status.FailedRollout
	if failed == nil || failed.Generation != smc.Generation || smc.Status.Version == "" {
		return nil
	}
	return failed
}

// Settings returns spec.upgrade, or its zero value.
func Settings(smc *v1.ServiceMeshController) v1.Upgrade {
	if smc.Spec.Upgrade == nil {
		return v1.Upgrade{}
	}
	return *smc.Spec.Upgrade
}

// MustWriteFirst reports whether the status has to show the rollout to the target before
// anything is written: after a restart it says which version runs.
func MustWriteFirst(smc *v1.ServiceMeshController, target Target) bool {
	changes := smc.Status.Version != "" && smc.Status.Version != target.To
	return (changes || smc.Status.Rollout != nil) && !InStatus(smc, target)
}

// InStatus reports whether the status shows the rollout to the target.
func InStatus(smc *v1.ServiceMeshController, target Target) bool {
	rollout := smc.Status.Rollout
	return rollout != nil && rollout.To == target.To && rollout.Rollback == target.Rollback
}

// Order returns the indexes of a plan's components, count of them, in the order in which
// they are applied.
func (t Target) Order(count int) []int {
	order := make([]int, count)
	for i := range order {
		order[i] = i
	}
	if t.Downgrades() {
		slices.Reverse(order)
	}
	return order
}

// PathText names the versions that a rollout goes through when they are more than one.
// Empty: one step leads to the target.
func (t Target) PathText() string {
	if len(t.Rest) == 0 {
		return ""
	}
	kind := "upgrade path: "
	if t.Downgrades() {
		kind = "downgrade path: "
	}
	return kind + strings.Join(append([]string{t.From, t.To}, t.Rest...), " → ")
}

// RolloutStatus returns the rollout to the target, begun now, as the status shows it.
func (t Target) RolloutStatus(now time.Time) *v1.RolloutStatus {
	return &v1.RolloutStatus{From: t.From, To: t.To, Path: t.Rest, Rollback: t.Rollback, StartTime: Timestamp(now)}
}

// NextStep returns the rollout that begins when the target is reached. Nil: none.
func (t Target) NextStep(now time.Time) *v1.RolloutStatus {
	if len(t.Rest) == 0 {
		return nil
	}
	return Target{From: t.To, To: t.Rest[0], Rest: slices.Clone(t.Rest[1:])}.RolloutStatus(now)
}

// TargetOf returns the target of a rollout that the status shows.
func TargetOf(current *v1.RolloutStatus) Target {
	return Target{From: current.From, To: current.To, Rest: current.Path, Rollback: current.Rollback}
}

// VersionsInUse returns the versions that the mesh, or parts of it, may run.
func VersionsInUse(smc *v1.ServiceMeshController) []string {
	versions := []string{smc.Status.Version}
	if rollout := smc.Status.Rollout; rollout != nil {
		versions = append(versions, rollout.From, rollout.To)
	}
	if failed := smc.Status.FailedRollout; failed != nil {
		versions = append(versions, failed.Version)
	}
	return slices.DeleteFunc(versions, func(version string) bool { return version == "" })
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"
	"strings"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/upgrade"
)

// course is the version that a pass works towards, and what follows it.
type course struct {
	// from is the version that ran before; where a rollout was under way that is undone,
	// the version of that.
	from string
	// to is the version that the pass works towards.
	to string
	// rest lists the versions that follow, spec.version last.
	rest []string
	// rollback tells that this goes back because a rollout failed.
	rollback bool
}

// backward tells that the data plane has to go first, so that it is never newer than
// the control plane.
func (c course) backward() bool { return upgrade.Older(c.to, c.from) }

// courseOf finds the course of a resource. It fails as upgrade.Path does.
func courseOf(smc *v1.ServiceMeshController) (course, error) {
	status := smc.Status
	if failed := failedRollout(smc); failed != nil {
		return course{from: failed.Version, to: status.Version, rollback: true}, nil
	}
	if unavailable(smc) {
		return course{from: status.Version, to: smc.Spec.Version}, nil // There is no plan of it: that is what to tell.
	}
	other := otherVersion(status)
	path, err := upgrade.Path(upgrade.Question{
		Running: status.Version, Reached: other, Wanted: smc.Spec.Version, Known: istio.Versions(),
		AllowDowngrade: upgradeOf(smc).AllowDowngrade,
	})
	if err != nil {
		return course{}, err
	}
	c := course{from: status.Version, to: path[0], rest: path[1:]}
	switch {
	case status.Rollout != nil && status.Rollout.To == c.to:
		c.from = status.Rollout.From
	case other != "" && (c.to == status.Version || upgrade.Older(c.to, other) && !upgrade.Older(other, c.from)):
		c.from = other
	}
	return c, nil
}

// unavailable reports that nobody has charts of spec.version: it is not bundled, no
// repository is named, and it is not in use.
func unavailable(smc *v1.ServiceMeshController) bool {
	_, err := istio.Find(smc.Spec.Version)
	return err != nil && smc.Spec.Repository == nil && !slices.Contains(versionsInUse(smc), smc.Spec.Version)
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

// failedRollout is the rollout that this generation of spec has seen fail and that is
// rolled back. Nil: none.
func failedRollout(smc *v1.ServiceMeshController) *v1.FailedRollout {
	failed := smc.Status.FailedRollout
	if failed == nil || failed.Generation != smc.Generation || smc.Status.Version == "" {
		return nil
	}
	return failed
}

// upgradeOf is spec.upgrade with its defaults.
func upgradeOf(smc *v1.ServiceMeshController) v1.Upgrade {
	if smc.Spec.Upgrade == nil {
		return v1.Upgrade{}
	}
	return *smc.Spec.Upgrade
}

// chart sets the course of a pass, or says why there is none.
func (p *pass) chart(smc *v1.ServiceMeshController) *stop {
	c, err := courseOf(smc)
	if err != nil {
		reason := v1.ReasonUpgradePathUnknown
		if is[*upgrade.DowngradeError](err) {
			reason = v1.ReasonDowngrade
		}
		return &stop{reason: reason, phase: v1.PhaseFailed, message: err.Error()}
	}
	p.course = c
	return nil
}

// foresee stops before the first of several steps where the last would be stopped:
// whoever asks for a version that is not to be had keeps the one that runs.
func (r *Reconciler) foresee(ctx context.Context, smc *v1.ServiceMeshController, facts preflight.Facts, p *pass) *stop {
	if len(p.course.rest) == 0 || announced(smc, p.course) {
		return nil
	}
	for _, version := range slices.Backward(p.course.rest) {
		last := &pass{}
		var held *stop
		if last.plan, held = r.build(ctx, smc, facts, version); held != nil {
			return held
		}
		if held = r.check(smc, facts, last); held != nil {
			held.message = "Istio " + version + ": " + held.message
			return held
		}
	}
	return nil
}

// announce tells that the status has to tell of a change of version before anything is
// written: what runs is read from it after a restart.
func announce(smc *v1.ServiceMeshController, c course) bool {
	changes := smc.Status.Version != "" && smc.Status.Version != c.to
	return (changes || smc.Status.Rollout != nil) && !announced(smc, c)
}

// announced tells that the status tells of this course.
func announced(smc *v1.ServiceMeshController, c course) bool {
	rollout := smc.Status.Rollout
	return rollout != nil && rollout.To == c.to && rollout.Rollback == c.rollback
}

// order lists the indexes of a plan's components in the order in which the course takes
// them.
func (c course) order(components []plan.Component) []int {
	order := make([]int, len(components))
	for i := range components {
		order[i] = i
	}
	if c.backward() {
		slices.Reverse(order)
	}
	return order
}

// road says through which versions a change goes, when they are more than one.
func road(from, to string, rest []string) string {
	if len(rest) == 0 {
		return ""
	}
	return "upgrade path: " + strings.Join(append([]string{from, to}, rest...), " → ")
}

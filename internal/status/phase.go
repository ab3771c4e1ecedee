// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

func phaseOf(smc *v1.ServiceMeshController, after v1.ServiceMeshControllerStatus, o *Outcome) v1.Phase {
	previous := smc.Status
	if phase := failedPhase(smc, after, o); phase != "" {
		return phase
	}
	switch {
	case o.ObservedPaused:
		return pausedPhase(smc, after, o)
	case previous.Version != "" && after.Rollout != nil:
		return v1.PhaseUpgrading
	case o.Complete() && len(o.Conflicts) > 0:
		return v1.PhaseDegraded
	case o.Complete():
		return v1.PhaseSucceeded
	case previous.Version == "":
		return firstPhase(after)
	case previous.Phase == v1.PhaseUpgrading, previous.Version != smc.Spec.Version:
		return v1.PhaseUpgrading
	default:
		return v1.PhaseDegraded
	}
}

// pausedPhase is the phase of a mesh that may not be changed. What was under way stays as
// it was; otherwise the phase says how the mesh is, and whether spec asks for another.
func pausedPhase(smc *v1.ServiceMeshController, after v1.ServiceMeshControllerStatus, o *Outcome) v1.Phase {
	switch {
	case after.Rollout != nil || after.Version == "" || o.Blocker != nil:
		return cmp.Or(smc.Status.Phase, v1.PhasePending)
	case after.FailedRollout != nil:
		return v1.PhaseFailed
	case o.Complete():
		return v1.PhaseSucceeded
	case !CompletePlan(smc, o.Plan):
		return v1.PhasePending
	default:
		return v1.PhaseDegraded
	}
}

// failedPhase is the phase of an attempt after which a user has to act. Empty: none has to.
func failedPhase(smc *v1.ServiceMeshController, after v1.ServiceMeshControllerStatus, o *Outcome) v1.Phase {
	if after.FailedRollout != nil && NewlyFailedRollout(smc, o) != nil {
		return v1.PhaseUpgrading // The next attempt rolls back.
	}
	for _, failure := range o.Failures() {
		if failure.Phase != "" {
			return failure.Phase
		}
	}
	if after.FailedRollout != nil && after.Rollout == nil && !o.ObservedPaused {
		return v1.PhaseFailed
	}
	return ""
}

// firstPhase is the phase of a mesh that was never complete.
func firstPhase(after v1.ServiceMeshControllerStatus) v1.Phase {
	if len(after.Components) == 0 {
		return v1.PhasePending
	}
	return v1.PhaseInstalling
}

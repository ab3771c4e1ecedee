// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Compute returns the status of a resource after an attempt with that outcome. It does
// not modify its arguments.
func Compute(smc *v1.ServiceMeshController, o *Outcome, now time.Time) v1.ServiceMeshControllerStatus {
	previous := smc.Status
	status := v1.ServiceMeshControllerStatus{
		ObservedGeneration: smc.Generation,
		Version:            previous.Version,
		PlanDigest:         previous.PlanDigest,
		ChartSource:        cmp.Or(o.ChartSource, previous.ChartSource),
		Components:         previous.Components,
		Environment:        cmp.Or(o.Environment, previous.Environment),
		Bypass:             o.Bypass,
		Traffic:            o.Traffic,
	}
	if len(o.Components) > 0 {
		status.Components = componentStatuses(previous, o)
	}
	if o.TakeoverBegins {
		status.PlanDigest = o.Plan.Digest()
	}
	if o.Complete() && !o.ObservedPaused {
		status.Version, status.PlanDigest = o.Plan.Version, o.Plan.Digest()
	}
	status.Proposal = o.Proposal
	rollouts := rolloutsAfter(smc, o, now)
	status.Rollout, status.FailedRollout, status.History = rollouts.current, rollouts.failed, rollouts.history
	status.Phase = phaseOf(smc, status, o)
	status.Conditions = conditions(smc, o, status, now)
	if status.Traffic != nil {
		status.Traffic = status.Traffic.DeepCopy()
		status.Traffic.Since = trafficSince(status.Conditions)
	}
	addCertificates(smc, &status, o.Certificates, now)
	if after := stalled(smc, status, now); after != nil {
		status.Conditions = append(status.Conditions, *after)
	}
	status.Message = summary(status, o)
	return status
}

func componentStatuses(previous v1.ServiceMeshControllerStatus, o *Outcome) []v1.ComponentStatus {
	statuses := make([]v1.ComponentStatus, len(o.Components))
	for i, state := range o.Components {
		before := ComponentNamed(previous.Components, state.Name)
		if !state.Begun() {
			before.Message = ""
			statuses[i] = before
			continue
		}
		statuses[i] = v1.ComponentStatus{Name: state.Name, Version: before.Version, Message: message(state, before.Version)}
		if state.Done {
			statuses[i].Version = state.Version
		}
		if state.HasPods {
			statuses[i].Desired, statuses[i].Updated, statuses[i].Ready = state.Progress.Desired, state.Progress.Updated, state.Progress.Ready
			statuses[i].Pods = fmt.Sprintf("%d/%d", state.Progress.UpdatedAndReady(), state.Progress.Desired)
		}
	}
	return statuses
}

// message says what a component waits for, and from which version to which it goes.
func message(state ComponentState, running string) string {
	if state.Done || running == "" || running == state.Version {
		return state.Message
	}
	return fmt.Sprintf("%s → %s: %s", running, state.Version, state.Message)
}

// ComponentNamed returns the status of a component. One that is missing has its name
// alone.
func ComponentNamed(components []v1.ComponentStatus, name string) v1.ComponentStatus {
	i := slices.IndexFunc(components, func(c v1.ComponentStatus) bool { return c.Name == name })
	if i < 0 {
		return v1.ComponentStatus{Name: name}
	}
	return components[i]
}

// summary is the status in one sentence.
func summary(status v1.ServiceMeshControllerStatus, o *Outcome) string {
	if o.Complete() && !o.ObservedPaused && len(o.Conflicts) == 0 && status.Rollout == nil && status.FailedRollout == nil {
		return fmt.Sprintf("Istio %s is complete", status.Version)
	}
	if condition := meta.FindStatusCondition(status.Conditions, v1.ConditionReady); condition != nil {
		return condition.Message
	}
	return ""
}

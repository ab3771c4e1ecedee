// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/rollout"
)

// Removing returns the status of a mesh that is being removed while those objects are
// left.
func Removing(smc *v1.ServiceMeshController, message string, left []apply.Owned, now time.Time) v1.ServiceMeshControllerStatus {
	status := Uninstalling(smc, message, now)
	for i := range status.Components {
		status.Components[i] = removingComponent(status.Components[i], apply.OfComponent(left, status.Components[i].Name))
	}
	for i := range status.Conditions {
		if c := &status.Conditions[i]; c.Status == metav1.ConditionTrue && c.Reason != v1.ReasonNotRequired && removedOf(c.Type, status.Components) {
			setUninstalling(c, "the mesh is being removed", smc.Generation, now)
		}
	}
	return status
}

// removingComponent is the status of a component of which those objects are left.
func removingComponent(before v1.ComponentStatus, left []apply.Owned) v1.ComponentStatus {
	workloads := slices.DeleteFunc(slices.Clone(left), func(o apply.Owned) bool { return !o.Workload() })
	switch {
	case slices.Contains(componentsOf[v1.ConditionCRDInstalled], before.Name):
		if len(left) == 0 {
			before.Message = "its CRDs are kept"
		}
		return before
	case len(left) == 0:
		return v1.ComponentStatus{Name: before.Name, Message: "removed"}
	case len(workloads) == 0:
		return v1.ComponentStatus{Name: before.Name, Version: before.Version, Message: "is being removed"}
	case slices.ContainsFunc(workloads, func(o apply.Owned) bool { return o.Object.GetDeletionTimestamp() != nil }):
		return v1.ComponentStatus{Name: before.Name, Version: before.Version, Message: fmt.Sprintf("is being removed: waiting for %s", workloads[0].Key)}
	default:
		return before // Not its turn yet.
	}
}

// removedOf reports whether something that a condition speaks of is being removed, or gone.
func removedOf(condition string, components []v1.ComponentStatus) bool {
	switch condition {
	case v1.ConditionWebhookDeployed: // Webhooks go first.
		return true
	case v1.ConditionCRDInstalled:
		return false
	}
	return slices.ContainsFunc(componentsOf[condition], func(name string) bool {
		component := ComponentNamed(components, name)
		return component.Pods == "" && component.Message != ""
	})
}

// Uninstalling returns the status of a mesh that is to be removed, before anything of it
// is.
func Uninstalling(smc *v1.ServiceMeshController, message string, now time.Time) v1.ServiceMeshControllerStatus {
	status := *smc.Status.DeepCopy()
	status.Phase, status.Message, status.ObservedGeneration = v1.PhaseUninstalling, message, smc.Generation
	status.Rollout, status.Proposal, status.Bypass, status.Traffic, status.Certificates = nil, nil, nil, nil, nil
	meta.RemoveStatusCondition(&status.Conditions, v1.ConditionStalled)
	meta.RemoveStatusCondition(&status.Conditions, v1.ConditionTrafficProven)
	meta.RemoveStatusCondition(&status.Conditions, v1.ConditionCertificatesValid)
	for i := range status.Conditions {
		if c := &status.Conditions[i]; c.Type == v1.ConditionReady {
			setUninstalling(c, message, smc.Generation, now)
		}
	}
	return status
}

// RemovalHeld returns the status of a mesh whose removal pods in the mesh hold up.
func RemovalHeld(smc *v1.ServiceMeshController, message string, now time.Time) v1.ServiceMeshControllerStatus {
	status := Uninstalling(smc, message, now)
	for i := range status.Conditions {
		if c := &status.Conditions[i]; c.Type == v1.ConditionReady {
			c.Reason = v1.ReasonWorkloadsEnrolled
		}
	}
	return status
}

// setUninstalling makes a condition false, because the mesh is being removed.
func setUninstalling(c *metav1.Condition, message string, generation int64, now time.Time) {
	if c.Status != metav1.ConditionFalse {
		c.LastTransitionTime = rollout.Timestamp(now)
	}
	c.Status, c.Reason, c.Message, c.ObservedGeneration = metav1.ConditionFalse, v1.ReasonUninstalling, message, generation
}

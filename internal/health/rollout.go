// SPDX-License-Identifier: Apache-2.0

package health

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Progress is the progress of a rollout.
type Progress struct {
	// Desired is the number of pods that should run.
	Desired int32
	// Updated is the number of pods of the current template.
	Updated int32
	// Ready is the number of ready pods, of any template.
	Ready int32
	// Old is the number of pods of earlier templates.
	Old int32
	// Unobserved reports whether the workload's controller has yet to observe the current
	// generation. The other counts are then of an earlier one.
	Unobserved bool
	// Done reports whether the controller has observed the current template, every pod is
	// of it, ready and available, and no other pod is left.
	Done bool
	// Message is what the rollout waits for. Empty if Done.
	Message string
}

// UpdatedAndReady returns the number of pods that are certainly up to date and ready. The counts do
// not show which pods are ready, so all old ones are assumed to be.
func (p Progress) UpdatedAndReady() int32 { return max(0, min(p.Updated, p.Ready-p.Old, p.Desired)) }

// Deployment returns the progress of a Deployment by the rules of kubectl rollout status
// (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go), with every pod ready in
// addition. One that is scaled to 0 is never done: a mesh needs each of its Deployments,
// and no autoscaler scales up from 0. Messages of its controller pass through redact.
func Deployment(d *appsv1.Deployment, redact func(string) string) Progress {
	desired := int32(1)
	if d.Spec.Replicas != nil {
		desired = *d.Spec.Replicas
	}
	s := d.Status
	p := Progress{Desired: desired, Updated: s.UpdatedReplicas, Ready: s.ReadyReplicas, Old: s.Replicas - s.UpdatedReplicas}
	switch {
	case s.ObservedGeneration < d.Generation:
		p.Updated, p.Unobserved = 0, true
		p.Message = "waiting for the Deployment controller"
	case desired == 0:
		p.Message = fmt.Sprintf("scaled to 0 pods: run kubectl scale -n %s deployment/%s --replicas=1", d.Namespace, d.Name)
	case s.UpdatedReplicas < desired:
		p.Message = fmt.Sprintf("%d of %d pods updated", s.UpdatedReplicas, desired) + conditionMessage(d, redact)
	case s.Replicas > s.UpdatedReplicas:
		p.Message = fmt.Sprintf("%d old pods are still running", s.Replicas-s.UpdatedReplicas) + conditionMessage(d, redact)
	case s.ReadyReplicas < desired || s.AvailableReplicas < desired:
		p.Message = fmt.Sprintf("%d of %d pods ready", min(s.ReadyReplicas, s.AvailableReplicas), desired) + conditionMessage(d, redact)
	default:
		p.Done = true
	}
	return p
}

// conditionMessage returns the Deployment controller's message if it makes no progress.
func conditionMessage(d *appsv1.Deployment, redact func(string) string) string {
	for _, c := range d.Status.Conditions {
		stuck := c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse
		refused := c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue
		if stuck || refused {
			return ": " + redact(c.Message)
		}
	}
	return ""
}

// DaemonSet returns the progress of a DaemonSet by the rules of kubectl rollout status,
// with every pod ready in addition.
func DaemonSet(d *appsv1.DaemonSet) Progress {
	s := d.Status
	p := Progress{
		Desired: s.DesiredNumberScheduled, Updated: s.UpdatedNumberScheduled, Ready: s.NumberReady,
		Old: max(0, s.CurrentNumberScheduled-s.UpdatedNumberScheduled),
	}
	switch {
	case s.ObservedGeneration < d.Generation:
		p.Updated, p.Unobserved = 0, true
		p.Message = "waiting for the DaemonSet controller"
	case s.UpdatedNumberScheduled < s.DesiredNumberScheduled:
		p.Message = fmt.Sprintf("%d of %d pods updated", s.UpdatedNumberScheduled, s.DesiredNumberScheduled)
		if d.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType {
			p.Message += "; updateStrategy is OnDelete: delete the old pods to continue"
		}
	case s.NumberReady < s.DesiredNumberScheduled || s.NumberAvailable < s.DesiredNumberScheduled:
		p.Message = fmt.Sprintf("%d of %d pods ready", min(s.NumberReady, s.NumberAvailable), s.DesiredNumberScheduled)
	default:
		p.Done = true
	}
	return p
}

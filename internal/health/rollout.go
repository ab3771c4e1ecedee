// SPDX-License-Identifier: Apache-2.0

// Package health turns a Deployment or DaemonSet into its rollout's progress. It
// is pure.
package health

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Progress is how far a rollout is.
type Progress struct {
	// Desired is the number of pods that should run.
	Desired int32
	// Updated is the number of pods of the current template.
	Updated int32
	// Ready is the number of ready pods, of whichever template.
	Ready int32
	// Old is the number of pods of earlier templates.
	Old int32
	// Unobserved tells that the controller has yet to see the object as it is now: the
	// other counts are of an earlier one.
	Unobserved bool
	// Done tells that the controller has seen the current template, and that every pod
	// is of it, ready and available, and no other is left.
	Done bool
	// Message says what the rollout waits for. Empty when done.
	Message string
}

// Current is the number of pods that are certainly up to date and ready. The
// counts do not tell which pods are ready, so that all old ones are taken to be.
func (p Progress) Current() int32 { return max(0, min(p.Updated, p.Ready-p.Old, p.Desired)) }

// Deployment tells the progress of a Deployment, by the rules of kubectl rollout
// status (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go) and with every
// pod ready besides. One that is scaled to 0 is never done: a mesh needs each of its
// Deployments, and no autoscaler brings it back from there. What its controller says of it
// goes through redact.
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
		p.Message = fmt.Sprintf("%d of %d pods updated", s.UpdatedReplicas, desired) + failure(d, redact)
	case s.Replicas > s.UpdatedReplicas:
		p.Message = fmt.Sprintf("%d pods of the old version still run", s.Replicas-s.UpdatedReplicas) + failure(d, redact)
	case s.ReadyReplicas < desired || s.AvailableReplicas < desired:
		p.Message = fmt.Sprintf("%d of %d pods ready", min(s.ReadyReplicas, s.AvailableReplicas), desired) + failure(d, redact)
	default:
		p.Done = true
	}
	return p
}

// failure adds what the Deployment controller says when it makes no progress.
func failure(d *appsv1.Deployment, redact func(string) string) string {
	for _, c := range d.Status.Conditions {
		stuck := c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse
		refused := c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue
		if stuck || refused {
			return ": " + redact(c.Message)
		}
	}
	return ""
}

// DaemonSet tells the progress of a DaemonSet, by the rules of kubectl rollout
// status and with every pod ready besides.
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
			p.Message += "; updateStrategy is OnDelete: delete the old pods to go on"
		}
	case s.NumberReady < s.DesiredNumberScheduled || s.NumberAvailable < s.DesiredNumberScheduled:
		p.Message = fmt.Sprintf("%d of %d pods ready", min(s.NumberReady, s.NumberAvailable), s.DesiredNumberScheduled)
	default:
		p.Done = true
	}
	return p
}

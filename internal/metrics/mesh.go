// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Result is what came of sending an object to the API server.
type Result string

// The results.
const (
	// Created: the object was not there.
	Created Result = "created"
	// Changed: the plan asks for another object than before.
	Changed Result = "changed"
	// Restored: somebody else had changed or deleted it.
	Restored Result = "restored"
	// Unchanged: it was as it should be already.
	Unchanged Result = "unchanged"
	// Failed: the API server refused it, or did not answer.
	Failed Result = "failed"
)

// Finding is one thing that a preflight found wrong with the cluster.
type Finding struct {
	// Check is the reason of the check: a constant of api/v1.
	Check string
	// Blocking findings stop an installation or an upgrade.
	Blocking bool
}

// severity is the finding's label.
func (f Finding) severity() string {
	if f.Blocking {
		return "blocking"
	}
	return "warning"
}

// mesh is what is known of a ServiceMeshController.
type mesh struct {
	desired, namespace string
	status             v1.ServiceMeshControllerStatus
	// changed is when the operator last changed something. Zero: not since it started.
	changed  time.Time
	fights   int
	findings []Finding
	// undecodable tells that the resource has fields that cannot be decoded.
	undecodable bool
}

// show makes the samples of a mesh. Before there is a status there is little to show.
func (m *mesh) show(name string, show func(metric Metric, value float64, labels ...string)) {
	show(meshUndecodable, number(m.undecodable), name)
	if m.status.Phase == "" {
		return
	}
	for _, phase := range v1.Phases() {
		show(meshPhase, number(phase == m.status.Phase), name, string(phase))
	}
	show(meshReady, number(meta.IsStatusConditionTrue(m.status.Conditions, v1.ConditionReady)), name)
	environment := cmp.Or(m.status.Environment, &v1.EnvironmentStatus{})
	show(meshInfo, 1, name, m.status.Version, m.desired, cmp.Or(m.namespace, v1.DefaultInstallNamespace),
		environment.Kubernetes, environment.Platform, environment.CNI)
	if changed := m.lastChange(); !changed.IsZero() {
		show(meshChanged, float64(changed.Unix()), name)
	}
	for _, component := range m.status.Components {
		if component.Pods == "" {
			continue
		}
		show(podsDesired, float64(component.Desired), name, component.Name)
		show(podsUpdated, float64(component.Updated), name, component.Name)
		show(podsReady, float64(component.Ready), name, component.Name)
	}
	counts := map[Finding]int{}
	for _, finding := range m.findings {
		counts[finding]++
	}
	for finding, count := range counts {
		show(findings, float64(count), name, finding.Check, finding.severity())
	}
	show(fights, float64(m.fights), name)
}

// lastChange is when the mesh was last changed, as far as that is known.
func (m *mesh) lastChange() time.Time {
	last := m.changed
	for _, condition := range m.status.Conditions {
		if m.changed.IsZero() && condition.LastTransitionTime.After(last) {
			last = condition.LastTransitionTime.Time
		}
	}
	return last
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

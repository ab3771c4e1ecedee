// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Result is the result of sending an object to the API server.
type Result string

// The results.
const (
	// Created: the object did not exist.
	Created Result = "created"
	// Changed: the plan has changed.
	Changed Result = "changed"
	// Restored: another client had changed or deleted the object.
	Restored Result = "restored"
	// Unchanged: the object was up to date.
	Unchanged Result = "unchanged"
	// Failed: the API server refused the object or did not respond.
	Failed Result = "failed"
)

// Finding is a problem that a preflight has detected.
type Finding struct {
	// Check is the reason of the check, a constant of api/v1.
	Check string
	// Blocking reports whether it prevents an installation or an upgrade.
	Blocking bool
}

// severity returns the value of the label.
func (f Finding) severity() string {
	if f.Blocking {
		return "blocking"
	}
	return "warning"
}

// mesh is the data of a ServiceMeshController.
type mesh struct {
	desired, namespace string
	status             v1.ServiceMeshControllerStatus
	// changed is when the operator last changed something. Zero: not since it started.
	changed            time.Time
	ownershipConflicts int
	findings           []Finding
	// undecodable reports whether the resource has fields that cannot be decoded.
	undecodable bool
}

// show emits the samples of a mesh. Without a status there are few.
func (m *mesh) show(name string, show func(metric Metric, value float64, labels ...string)) {
	show(meshUndecodable, boolValue(m.undecodable), name)
	if m.status.Phase == "" {
		return
	}
	for _, phase := range v1.Phases() {
		show(meshPhase, boolValue(phase == m.status.Phase), name, string(phase))
	}
	show(meshReady, boolValue(meta.IsStatusConditionTrue(m.status.Conditions, v1.ConditionReady)), name)
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
	for finding, count := range m.findingCounts() {
		show(findings, float64(count), name, finding.Check, finding.severity())
	}
	if m.status.Bypass != nil && m.status.Bypass.LastCheckTime != nil {
		show(bypassSuspects, float64(m.status.Bypass.Suspects), name)
	}
	if traffic := m.status.Traffic; traffic != nil {
		show(trafficNodes, float64(traffic.Nodes.Proven), name, "proven")
		show(trafficNodes, float64(traffic.Nodes.Failing), name, "failing")
		show(trafficNodes, float64(traffic.Nodes.Unknown), name, "unknown")
	}
	for label, expiry := range m.expiries() {
		show(certificateExpiry, float64(expiry.Unix()), name, label)
	}
	show(ownershipConflicts, float64(m.ownershipConflicts), name)
}

// findingCounts counts the findings of the last preflight.
func (m *mesh) findingCounts() map[Finding]int {
	counts := map[Finding]int{}
	for _, finding := range m.findings {
		counts[finding]++
	}
	return counts
}

// expiries returns when the certificates that are known expire.
func (m *mesh) expiries() map[string]time.Time {
	expiries := map[string]time.Time{}
	if m.status.Certificates == nil {
		return expiries
	}
	if root := m.status.Certificates.Root; root != nil {
		expiries["root"] = root.NotAfter.Time
	}
	if signer := m.status.Certificates.Signer; signer != nil {
		expiries["signer"] = signer.NotAfter.Time
	}
	return expiries
}

// lastChange returns when the mesh last changed, or zero if that is unknown.
func (m *mesh) lastChange() time.Time {
	last := m.changed
	for _, condition := range m.status.Conditions {
		if m.changed.IsZero() && condition.LastTransitionTime.After(last) {
			last = condition.LastTransitionTime.Time
		}
	}
	return last
}

func boolValue(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

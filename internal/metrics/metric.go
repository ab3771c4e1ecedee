// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// The types of metrics.
const (
	gauge     = "gauge"
	counter   = "counter"
	histogram = "histogram"
)

// Metric describes a metric of the operator.
type Metric struct {
	// Name is the full name.
	Name string
	// Type is gauge, counter or histogram.
	Type string
	// Labels are the names of the labels, in order.
	Labels []string
	// Help is the meaning, and the unit if the name does not have it.
	Help string
}

// The metrics. Whatever is shown is described here, and nowhere else.
var (
	info = Metric{"gloo_operator_info", gauge, []string{"version"},
		"1 in the leader, with the operator's version."}
	meshPhase = Metric{"gloo_operator_mesh_phase", gauge, []string{"name", "phase"},
		"1 for the phase that the ServiceMeshController is in, 0 for each of the others."}
	meshInfo = Metric{"gloo_operator_mesh_info", gauge,
		[]string{"name", "version", "desired_version", "install_namespace", "kubernetes", "platform", "cni"},
		"1, with the Istio version that runs, the version in spec, and the detected environment."}
	meshReady = Metric{"gloo_operator_mesh_ready", gauge, []string{"name"},
		"1 while the condition Ready is true, 0 otherwise."}
	meshUndecodable = Metric{"gloo_operator_mesh_undecodable", gauge, []string{"name"},
		"1 while the stored ServiceMeshController has fields that the operator cannot decode, 0 otherwise."}
	meshChanged = Metric{"gloo_operator_mesh_last_change_timestamp_seconds", gauge, []string{"name"},
		"Unix time of the last change that the operator applied to the mesh, pruning included; until its first change after a start, of the last transition of a condition."}
	podsDesired = Metric{"gloo_operator_component_pods_desired", gauge, []string{"name", "component"},
		"Pods that a component of the mesh should have."}
	podsUpdated = Metric{"gloo_operator_component_pods_updated", gauge, []string{"name", "component"},
		"Pods of the component that run the current template."}
	podsReady = Metric{"gloo_operator_component_pods_ready", gauge, []string{"name", "component"},
		"Pods of the component that are ready, of any template."}
	findings = Metric{"gloo_operator_preflight_findings", gauge, []string{"name", "check", "severity"},
		"Findings of the last preflight: severity blocking prevents an installation or an upgrade, warning does not. No series means no findings."}
	ownershipConflicts = Metric{"gloo_operator_drift_fights", gauge, []string{"name"},
		"Objects of the mesh with an ownership conflict: another client keeps changing them."}
	bypassSuspects = Metric{"gloo_operator_mesh_bypass_suspects", gauge, []string{"name"},
		"Pods whose traffic may bypass the mesh. No series means that the operator does not look for them."}
	trafficNodes = Metric{"gloo_operator_mesh_traffic_nodes", gauge, []string{"name", "state"},
		"Nodes by what their probes have found: proven, failing or unknown. No series means that there are no probes."}
	certificateExpiry = Metric{"gloo_operator_mesh_certificate_expiry_timestamp_seconds", gauge, []string{"name", "certificate"},
		"When a certificate of the mesh's CA expires: the root or the signer. No series means that it is not known."}
	corrections = Metric{"gloo_operator_drift_corrections_total", counter, []string{"kind", "manager"},
		"Reverted changes, by kind and field manager. The manager is other after 20 managers, several if there is more than one, and unknown if there is none, as after a deletion."}
	applies = Metric{"gloo_operator_applies_total", counter, []string{"component", "kind", "result"},
		"Objects sent to the API server. The result is created, changed, restored, unchanged or failed."}
	planDuration = Metric{"gloo_operator_plan_duration_seconds", histogram, nil,
		"Time to build the plan of a mesh, once per reconcile. Cached charts are not rendered again."}
	applyDuration = Metric{"gloo_operator_apply_duration_seconds", histogram, []string{"component"},
		"Time to apply the objects of a component that differ, per reconcile in which any does."}
)

// Metrics returns the descriptions of all metrics of the operator.
func Metrics() []Metric {
	return slices.Clone([]Metric{
		info, meshPhase, meshReady, meshInfo, meshUndecodable, meshChanged, podsDesired, podsUpdated, podsReady,
		findings, ownershipConflicts, bypassSuspects, trafficNodes, certificateExpiry, corrections, applies, planDuration, applyDuration,
	})
}

// desc returns the description for the client library.
func (m Metric) desc() *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil) }

// counterVec returns the counters.
func (m Metric) counterVec() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

// histogramVec returns histograms with fixed buckets, in seconds, for all scrapers, and
// native ones for those that support them.
func (m Metric) histogramVec(buckets []float64) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: m.Name, Help: m.Help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, m.Labels)
}

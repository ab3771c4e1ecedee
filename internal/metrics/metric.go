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

// Metric describes one of the operator's own metrics.
type Metric struct {
	// Name in full.
	Name string
	// Type is gauge, counter or histogram.
	Type string
	// Labels in their order.
	Labels []string
	// Help is one sentence: the meaning, and the unit where the name does not tell it.
	Help string
}

// The metrics. Whatever is shown is described here, and nowhere else.
var (
	info = Metric{"gloo_operator_info", gauge, []string{"version"},
		"1 in the replica that leads, with the operator's version."}
	meshPhase = Metric{"gloo_operator_mesh_phase", gauge, []string{"name", "phase"},
		"1 for the phase that the ServiceMeshController is in, 0 for each of the others."}
	meshInfo = Metric{"gloo_operator_mesh_info", gauge,
		[]string{"name", "version", "desired_version", "install_namespace", "kubernetes", "platform", "cni"},
		"1, with the Istio version that runs, the one that spec asks for, and what was found out about the cluster."}
	meshReady = Metric{"gloo_operator_mesh_ready", gauge, []string{"name"},
		"1 while the condition Ready is true, 0 otherwise."}
	meshUndecodable = Metric{"gloo_operator_mesh_undecodable", gauge, []string{"name"},
		"1 while the stored ServiceMeshController has fields that the operator cannot decode, 0 otherwise."}
	meshChanged = Metric{"gloo_operator_mesh_last_change_timestamp_seconds", gauge, []string{"name"},
		"When the operator last applied a change to an object of the mesh, or pruned one, in seconds since 1970; before its first change since it started, when a condition last turned."}
	podsDesired = Metric{"gloo_operator_component_pods_desired", gauge, []string{"name", "component"},
		"Pods that a component of the mesh should have."}
	podsUpdated = Metric{"gloo_operator_component_pods_updated", gauge, []string{"name", "component"},
		"Pods of the component that are of the current template."}
	podsReady = Metric{"gloo_operator_component_pods_ready", gauge, []string{"name", "component"},
		"Pods of the component that are ready, of whichever template."}
	findings = Metric{"gloo_operator_preflight_findings", gauge, []string{"name", "check", "severity"},
		"What the last preflight found wrong with the cluster: severity blocking stops an installation or an upgrade, warning does not. No series: nothing."}
	fights = Metric{"gloo_operator_drift_fights", gauge, []string{"name"},
		"Objects of the mesh that somebody changes again and again."}
	corrections = Metric{"gloo_operator_drift_corrections_total", counter, []string{"kind", "manager"},
		"Changes by others that were undone, by kind of object and by the field manager that made them: the first 20 names are told, others are other; several for more than one at once; unknown where nobody is named, as after a deletion."}
	applies = Metric{"gloo_operator_applies_total", counter, []string{"component", "kind", "result"},
		"Objects that were sent to the API server. The result is created, changed, restored, unchanged or failed."}
	planDuration = Metric{"gloo_operator_plan_duration_seconds", histogram, nil,
		"Time to build the plan of a mesh, once a pass; what was rendered before is not rendered again."}
	applyDuration = Metric{"gloo_operator_apply_duration_seconds", histogram, []string{"component"},
		"Time to apply what differs of a component, in passes in which something does."}
)

// Metrics lists the operator's own metrics.
func Metrics() []Metric {
	return slices.Clone([]Metric{
		info, meshPhase, meshReady, meshInfo, meshUndecodable, meshChanged, podsDesired, podsUpdated, podsReady,
		findings, fights, corrections, applies, planDuration, applyDuration,
	})
}

// desc is what the client library calls a description.
func (m Metric) desc() *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil) }

// counterVec makes the counters.
func (m Metric) counterVec() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

// histogramVec makes the histograms, with fixed buckets in seconds for all scrapers, and
// native ones for those that ask for them.
func (m Metric) histogramVec(buckets []float64) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: m.Name, Help: m.Help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, m.Labels)
}

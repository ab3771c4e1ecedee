// SPDX-License-Identifier: Apache-2.0

// Package metrics shows Prometheus how the meshes are and what the operator does. It is
// told by the controller and asks nobody: neither a report nor a scrape sends a request.
package metrics

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// managersNamed is how many field managers get a series of their own: their names are
// chosen by others.
const managersNamed = 20

// Recorder keeps what the metrics show. It is safe for concurrent use.
type Recorder struct {
	version                    string
	corrections, applies       *prometheus.CounterVec
	planDuration, applyElapsed *prometheus.HistogramVec

	mu       sync.Mutex
	meshes   map[string]*mesh
	managers map[string]bool
}

// New returns a recorder of an operator of that version. Nothing is shown before Start.
func New(version string) *Recorder {
	return &Recorder{
		version:     version,
		corrections: corrections.counterVec(), applies: applies.counterVec(),
		planDuration: planDuration.histogramVec([]float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30}),
		applyElapsed: applyDuration.histogramVec([]float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}),
		meshes:       map[string]*mesh{}, managers: map[string]bool{},
	}
}

// Start shows the metrics on controller-runtime's endpoint until the context ends. It
// takes the place of an earlier operator's in the same process.
func (r *Recorder) Start(ctx context.Context) error {
	ctrlmetrics.Registry.Unregister(r)
	if err := ctrlmetrics.Registry.Register(r); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	<-ctx.Done()
	ctrlmetrics.Registry.Unregister(r)
	return nil
}

// NeedLeaderElection tells the manager that a replica that stands by has nothing to show:
// it does not look at the meshes.
func (r *Recorder) NeedLeaderElection() bool { return true }

// Describe is for the registry.
func (r *Recorder) Describe(descriptions chan<- *prometheus.Desc) {
	for _, m := range Metrics() {
		descriptions <- m.desc()
	}
}

// Collect is for the registry.
func (r *Recorder) Collect(samples chan<- prometheus.Metric) {
	r.corrections.Collect(samples)
	r.applies.Collect(samples)
	r.planDuration.Collect(samples)
	r.applyElapsed.Collect(samples)
	show := func(m Metric, value float64, labels ...string) {
		samples <- prometheus.MustNewConstMetric(m.desc(), prometheus.GaugeValue, value, labels...)
	}
	show(info, 1, r.version)
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, mesh := range r.meshes {
		mesh.show(name, show)
	}
}

// Report takes a mesh's status for what is shown of it.
func (r *Recorder) Report(smc *v1.ServiceMeshController, status v1.ServiceMeshControllerStatus) {
	status = *status.DeepCopy()
	r.update(smc.Name, func(m *mesh) {
		m.desired, m.namespace, m.status = smc.Spec.Version, smc.Spec.InstallNamespace, status
	})
}

// Undecodable takes note of whether a resource has fields that cannot be decoded.
func (r *Recorder) Undecodable(name string, undecodable bool) {
	r.update(name, func(m *mesh) { m.undecodable = undecodable })
}

// Changed takes note that the operator applied a change to an object of the mesh, or pruned
// one.
func (r *Recorder) Changed(name string, at time.Time) {
	r.update(name, func(m *mesh) { m.changed = at })
}

// Fights takes note of how many objects of the mesh are fought over.
func (r *Recorder) Fights(name string, objects int) {
	r.update(name, func(m *mesh) { m.fights = objects })
}

// Findings takes what a preflight found, in place of what the one before did.
func (r *Recorder) Findings(name string, found []Finding) {
	r.update(name, func(m *mesh) { m.findings = found })
}

// Forget drops the series of a mesh whose resource has gone.
func (r *Recorder) Forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.meshes, name)
}

func (r *Recorder) update(name string, change func(*mesh)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.meshes[name] == nil {
		r.meshes[name] = &mesh{}
	}
	change(r.meshes[name])
}

// Planned takes note that a plan was built, which began at that time.
func (r *Recorder) Planned(began time.Time) {
	r.planDuration.WithLabelValues().Observe(time.Since(began).Seconds())
}

// Applied takes note that what differs of a component was applied, which began at that
// time.
func (r *Recorder) Applied(component string, began time.Time) {
	r.applyElapsed.WithLabelValues(component).Observe(time.Since(began).Seconds())
}

// Sent counts an object that was sent, with what came of it.
func (r *Recorder) Sent(component, kind string, result Result) {
	r.applies.WithLabelValues(component, kind, string(result)).Inc()
}

// Corrected counts a change by others that was undone.
func (r *Recorder) Corrected(kind string, managers []string) {
	r.corrections.WithLabelValues(kind, r.manager(managers)).Inc()
}

// manager is the label for the field managers of a change. There are never more than
// managersNamed and three.
func (r *Recorder) manager(managers []string) string {
	switch len(managers) {
	case 0:
		return "unknown"
	case 1:
	default:
		return "several"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.managers[managers[0]] && len(r.managers) >= managersNamed {
		return "other"
	}
	r.managers[managers[0]] = true
	return managers[0]
}

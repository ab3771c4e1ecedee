// SPDX-License-Identifier: Apache-2.0

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

// maxManagers is how many field managers have a label value of their own; see manager.
const maxManagers = 20

// Collector keeps the data of the metrics. It is safe for concurrent use.
type Collector struct {
	version                    string
	corrections, applies       *prometheus.CounterVec
	planDuration, applyElapsed *prometheus.HistogramVec

	mu       sync.Mutex
	meshes   map[string]*mesh
	managers map[string]bool
}

// New returns a collector for an operator of that version. It exports nothing before Start.
func New(version string) *Collector {
	return &Collector{
		version:     version,
		corrections: corrections.counterVec(), applies: applies.counterVec(),
		planDuration: planDuration.histogramVec([]float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30}),
		applyElapsed: applyDuration.histogramVec([]float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}),
		meshes:       map[string]*mesh{}, managers: map[string]bool{},
	}
}

// Start exports the metrics on controller-runtime's endpoint until the context ends. It
// replaces the collector of an earlier operator in the same process.
func (c *Collector) Start(ctx context.Context) error {
	ctrlmetrics.Registry.Unregister(c)
	if err := ctrlmetrics.Registry.Register(c); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	<-ctx.Done()
	ctrlmetrics.Registry.Unregister(c)
	return nil
}

// NeedLeaderElection makes the manager start the collector on the leader only: standbys do
// not reconcile, and have no data.
func (c *Collector) NeedLeaderElection() bool { return true }

// Describe implements prometheus.Collector.
func (c *Collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, m := range Metrics() {
		descriptions <- m.desc()
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(samples chan<- prometheus.Metric) {
	c.corrections.Collect(samples)
	c.applies.Collect(samples)
	c.planDuration.Collect(samples)
	c.applyElapsed.Collect(samples)
	show := func(m Metric, value float64, labels ...string) {
		samples <- prometheus.MustNewConstMetric(m.desc(), prometheus.GaugeValue, value, labels...)
	}
	show(info, 1, c.version)
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, mesh := range c.meshes {
		mesh.show(name, show)
	}
}

// Report sets the status of a mesh.
func (c *Collector) Report(smc *v1.ServiceMeshController, status v1.ServiceMeshControllerStatus) {
	status = *status.DeepCopy()
	c.update(smc.Name, func(m *mesh) {
		m.desired, m.namespace, m.status = smc.Spec.Version, smc.Spec.InstallNamespace, status
	})
}

// Undecodable sets whether a resource has fields that cannot be decoded.
func (c *Collector) Undecodable(name string, undecodable bool) {
	c.update(name, func(m *mesh) { m.undecodable = undecodable })
}

// Changed sets when the operator last applied a change to the mesh or pruned an object.
func (c *Collector) Changed(name string, at time.Time) {
	c.update(name, func(m *mesh) { m.changed = at })
}

// OwnershipConflicts sets how many objects of the mesh have an ownership conflict.
func (c *Collector) OwnershipConflicts(name string, objects int) {
	c.update(name, func(m *mesh) { m.ownershipConflicts = objects })
}

// Findings replaces the findings of the last preflight.
func (c *Collector) Findings(name string, found []Finding) {
	c.update(name, func(m *mesh) { m.findings = found })
}

// Delete removes the series of a mesh whose resource is gone.
func (c *Collector) Delete(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.meshes, name)
}

func (c *Collector) update(name string, change func(*mesh)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.meshes[name] == nil {
		c.meshes[name] = &mesh{}
	}
	change(c.meshes[name])
}

// Planned observes how long building a plan has taken since it began.
func (c *Collector) Planned(began time.Time) {
	c.planDuration.WithLabelValues().Observe(time.Since(began).Seconds())
}

// Applied observes how long applying a component has taken since it began.
func (c *Collector) Applied(component string, began time.Time) {
	c.applyElapsed.WithLabelValues(component).Observe(time.Since(began).Seconds())
}

// Sent counts an object sent to the API server, by result.
func (c *Collector) Sent(component, kind string, result Result) {
	c.applies.WithLabelValues(component, kind, string(result)).Inc()
}

// Corrected counts a reverted change by the field managers that made it.
func (c *Collector) Corrected(kind string, managers []string) {
	c.corrections.WithLabelValues(kind, c.manager(managers)).Inc()
}

// manager returns the label value for the field managers of a change. There are at most
// maxManagers values and three.
func (c *Collector) manager(managers []string) string {
	switch len(managers) {
	case 0:
		return "unknown"
	case 1:
	default:
		return "several"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.managers[managers[0]] && len(c.managers) >= maxManagers {
		return "other"
	}
	c.managers[managers[0]] = true
	return managers[0]
}

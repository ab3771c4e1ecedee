// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/repository"
)

// helmManager is the field manager of the helm command.
const helmManager = "helm"

// Reconciler reconciles ServiceMeshControllers.
type Reconciler struct {
	client    client.Client
	clock     clock.PassiveClock
	clientset kubernetes.Interface
	metadata  metadata.Interface
	pull      *apply.Secrets
	applier   *apply.Applier
	observer  *apply.Observer
	builder   plan.Builder
	recorder  events.EventRecorder
	gatherer  *preflight.Gatherer
	metrics   *metrics.Collector
	releases  *helm.Watch
	// charts are those that are not bundled.
	charts *repository.Store
	// defaultRepository is the URL of the repository that is used without spec.repository.
	// Empty: none is.
	defaultRepository string
	// namespace is the operator's own.
	namespace string
	// helmRelease is the operator's own Helm release. Empty: none.
	helmRelease string
	// installNamespaces are those that a mesh may be installed in. None: all.
	installNamespaces []string
	// labelNamespaces lets the operator take namespaces out of the mesh.
	labelNamespaces bool
	// probe is how the operator runs probes. Zero: it runs none.
	probe plan.Probe
	// probes asks the probes that are not ready.
	probes *probeAsker
	// certificates follows those of the mesh's CA.
	certificates *certificateWatch
	// detectBypass lets the operator look for pods that bypass the mesh.
	detectBypass bool
	// bypassGrace is how long a pod may be outside the mesh before it is suspected.
	bypassGrace time.Duration

	// sessions by name of the resource. Only the worker reads and writes it.
	sessions map[string]*session
}

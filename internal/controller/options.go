// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"

	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// Options are the settings of a reconciler.
type Options struct {
	// Config is how to reach the API server.
	Config *rest.Config
	// Log receives one line for each change of state.
	Log logr.Logger
	// Namespace is the operator's own, where the Lease and the extensions ConfigMap are.
	Namespace string
	// InstallNamespaces are the namespaces that a mesh may be installed in, and that are
	// watched. None: all, which takes more permissions than the operator's chart gives.
	InstallNamespaces []string
	// HelmRelease is the Helm release that the operator is of, in Namespace. Empty: none.
	HelmRelease string
	// LabelNamespaces lets the operator remove and restore the label istio.io/dataplane-mode on
	// namespaces, which takes more permissions than its chart gives by default.
	LabelNamespaces bool
	// DetectBypass lets the operator list pods that are to be in the mesh, to find those whose
	// traffic may bypass it.
	DetectBypass bool
	// BypassGrace is how long a pod may be outside the mesh before it is suspected, and the
	// shortest time between two checks. Zero: enrollment.BypassGrace.
	BypassGrace time.Duration
	// Probe is how the operator runs probes, which takes more permissions than its chart gives
	// by default. Zero: it runs none.
	Probe plan.Probe
	// ChartCacheDir is where charts that are not bundled are cached.
	ChartCacheDir string
	// DefaultRepository is the URL of the repository that charts of versions that are not
	// bundled are fetched from without spec.repository. Empty: there is none.
	DefaultRepository string
	// Version is the operator's, for the metrics.
	Version string
}

// scope is where the operator watches what it owns.
func (o Options) scope() apply.Scope {
	return apply.Scope{InstallNamespaces: o.InstallNamespaces, ProbeNamespace: o.Probe.Namespace}
}

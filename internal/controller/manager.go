// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/scrape"
)

// leaseName is the name of the Lease by which replicas elect a leader.
const leaseName = "gloo-operator.operator.gloo.solo.io"

// The times of leader election: a standby takes over within two retries, each up to
// 2.2 times as long as it says, of a leader that gives its Lease back, and that much
// after the Lease has run out of one that was killed.
const (
	leaseDuration = 12 * time.Second
	renewDeadline = 8 * time.Second
	retryPeriod   = time.Second
)

// shutdown is how long the operator may take to end when it was told to stop.
const shutdown = 20 * time.Second

// Options are the settings of an operator process.
type Options struct {
	// Config is how to reach the API server.
	Config *rest.Config
	// Log receives one line for each change of state.
	Log logr.Logger
	// LeaderElection lets several replicas run, of which one writes.
	LeaderElection bool
	// Namespace is the operator's own, where the Lease and the extensions ConfigMap
	// are.
	Namespace string
	// InstallNamespaces are the namespaces that a mesh may be installed in, and that are
	// watched. None: all, which takes more rights than the operator's chart gives.
	InstallNamespaces []string
	// HelmRelease is the Helm release that the operator is of, in Namespace. Empty: none.
	HelmRelease string
	// ManagedMesh is a file with the ServiceMeshController that the operator's chart asks
	// for. Empty: none.
	ManagedMesh string
	// ChartFolder is where charts are kept that were fetched from spec.repository.
	ChartFolder string
	// MetricsAddress and ProbeAddress are what to listen on; "0" is nothing.
	MetricsAddress, ProbeAddress string
	// ProfileAddress is where pprof listens; empty or "0" is nowhere. Whoever reaches it may
	// read the operator's memory, secrets included.
	ProfileAddress string
	// Version is the operator's, for the metrics.
	Version string
	// Concurrent lets tests run several operators in one process.
	Concurrent bool
}

// Run runs an operator until the context ends. It returns nil on a clean stop.
func Run(ctx context.Context, options Options) error {
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	grace, lease, renew, retry := shutdown, leaseDuration, renewDeadline, retryPeriod
	mgr, err := ctrl.NewManager(options.Config, ctrl.Options{
		Scheme: scheme, Logger: options.Log, MapperProvider: staticMapper,
		Cache:          cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.ConfigMap{}: extensionsOnly(options.Namespace)}},
		LeaderElection: options.LeaderElection, LeaderElectionID: leaseName,
		LeaderElectionNamespace: options.Namespace, LeaderElectionReleaseOnCancel: true,
		LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry,
		Metrics: metricsserver.Options{
			BindAddress: options.MetricsAddress, SecureServing: true, FilterProvider: scrape.Filter,
		},
		HealthProbeBindAddress:  options.ProbeAddress,
		PprofBindAddress:        options.ProfileAddress,
		GracefulShutdownTimeout: &grace,
		Controller:              config.Controller{SkipNameValidation: &options.Concurrent},
	})
	if err != nil {
		return fmt.Errorf("setting up: %w", err)
	}
	if err := mgr.AddHealthzCheck("alive", healthz.Ping); err != nil {
		return err
	}
	ready, err := Setup(ctx, mgr, options)
	if err != nil {
		return err
	}
	if err := errors.Join(mgr.AddReadyzCheck("synced", ready), addManagedMesh(mgr, options)); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// newScheme knows the kinds that clients handle by their types.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(v1.AddToScheme(scheme), corev1.AddToScheme(scheme))
}

// extensionsOnly limits a cache of ConfigMaps to the extensions of that namespace.
func extensionsOnly(namespace string) cache.ByObject {
	return cache.ByObject{Namespaces: map[string]cache.Config{
		namespace: {FieldSelector: fields.OneTermEqualSelector("metadata.name", v1.ExtensionsName)},
	}}
}

// staticMapper knows the two kinds that the manager's client and cache handle, so
// that no discovery is asked for them, and the operator may start before the CRD is
// served.
func staticMapper(*rest.Config, *http.Client) (meta.RESTMapper, error) {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1.GroupVersion, corev1.SchemeGroupVersion})
	mapper.Add(corev1.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
	mapper.Add(v1.GroupVersion.WithKind("ServiceMeshController"), meta.RESTScopeRoot)
	return mapper, nil
}

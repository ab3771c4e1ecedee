// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/controller"
	"github.com/gloo-operator/gloo-operator/internal/metricsauth"
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

// shutdown is how long the operator may take to end after a signal to stop.
const shutdown = 20 * time.Second

// Options are the settings of an operator process.
type Options struct {
	controller.Options
	// LeaderElection lets several replicas run, of which one writes.
	LeaderElection bool
	// ManagedMesh is a file with the ServiceMeshController that the operator's chart asks
	// for. Empty: none.
	ManagedMesh string
	// MetricsAddress and ProbeAddress are what to listen on; "0" is nothing.
	MetricsAddress, ProbeAddress string
	// ProfileAddress is where pprof listens; empty or "0" is nowhere. Anyone who reaches it can
	// read the operator's memory, secrets included.
	ProfileAddress string
	// Concurrent lets tests run several operators in one process.
	Concurrent bool
}

// Run runs an operator until the context ends. It returns nil on a clean stop.
func Run(ctx context.Context, options Options) error {
	scheme, err := controller.NewScheme()
	if err != nil {
		return err
	}
	grace, lease, renew, retry := shutdown, leaseDuration, renewDeadline, retryPeriod
	mgr, err := ctrl.NewManager(options.Config, ctrl.Options{
		Scheme: scheme, Logger: options.Log, MapperProvider: controller.StaticMapper,
		Cache:          cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.ConfigMap{}: extensionsOnly(options.Namespace)}},
		LeaderElection: options.LeaderElection, LeaderElectionID: leaseName,
		LeaderElectionNamespace: options.Namespace, LeaderElectionReleaseOnCancel: true,
		LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry,
		Metrics: metricsserver.Options{
			BindAddress: options.MetricsAddress, SecureServing: true, FilterProvider: metricsauth.Filter,
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
	ready, err := controller.Setup(ctx, mgr, options.Options)
	if err != nil {
		return err
	}
	if err := errors.Join(mgr.AddReadyzCheck("synced", ready), addManagedMesh(mgr, options)); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// extensionsOnly limits a cache of ConfigMaps to the extensions of that namespace.
func extensionsOnly(namespace string) cache.ByObject {
	return cache.ByObject{Namespaces: map[string]cache.Config{
		namespace: {FieldSelector: fields.OneTermEqualSelector("metadata.name", v1.ExtensionsName)},
	}}
}

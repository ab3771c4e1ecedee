// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// workers is how many attempts run at a time: one, because sessions have no lock.
const workers = 1

// Name is the controller's name in events, logs and metrics.
const Name = "gloo-operator"

// Setup adds the reconciler and its watches to a manager. The check that it
// returns fails until the watches have seen all that the cluster holds.
func Setup(ctx context.Context, mgr ctrl.Manager, options Options) (healthz.Checker, error) {
	config := clientConfig(mgr.GetConfig())
	observer, err := apply.NewObserver(config, options.scope())
	if err != nil {
		return nil, fmt.Errorf("watching the mesh: %w", err)
	}
	triggers := make(chan event.GenericEvent, 1)
	r, err := newReconciler(ctx, mgr.GetClient(), config, observer, options, notifier(triggers))
	if err != nil {
		return nil, err
	}
	r.recorder = mgr.GetEventRecorder(Name)
	if err := r.releases.Notify(onlyMeshReleases(notifier(triggers))); err != nil {
		return nil, fmt.Errorf("watching Helm releases: %w", err)
	}
	if err := errors.Join(mgr.Add(observer), mgr.Add(r.releases), mgr.Add(r.gatherer), mgr.Add(r.metrics)); err != nil {
		return nil, err
	}
	return observer.Synced, ctrl.NewControllerManagedBy(mgr).
		Named(Name).
		For(&v1.ServiceMeshController{}).
		Watches(&v1.ServiceMeshController{}, handler.EnqueueRequestsFromMapFunc(r.allResources), builder.WithPredicates(createdOrDeleted)).
		Watches(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.allResources)).
		WatchesRawSource(&ownedSource{reconciler: r}).
		WatchesRawSource(source.Channel(triggers, handler.EnqueueRequestsFromMapFunc(r.allResources))).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry),
		}).
		Complete(r)
}

// notifier returns a function that starts an attempt for every resource, such as when facts
// have changed or a download of charts has ended.
func notifier(triggers chan<- event.GenericEvent) func() {
	return func() {
		select {
		case triggers <- event.GenericEvent{Object: &v1.ServiceMeshController{}}:
		default: // One that waits speaks for all.
		}
	}
}

// onlyMeshReleases calls changed for the Helm releases of the mesh, and not for others of
// its namespace.
func onlyMeshReleases(changed func()) func(release string) {
	return func(release string) {
		if slices.Contains(component.Releases(), release) {
			changed()
		}
	}
}

// newReconciler makes a reconciler that calls changed when facts change. It emits no
// events.
func newReconciler(
	ctx context.Context, kube client.Client, config *rest.Config, observer *apply.Observer, options Options, changed func(),
) (*Reconciler, error) {
	applier, applierErr := apply.New(config, observer)
	releases, releasesErr := helm.NewWatch(config, options.InstallNamespaces...)
	clients, clientsErr := kubernetes.NewForConfig(config)
	meta, metadataErr := metadata.NewForConfig(metadata.ConfigFor(config))
	gatherer, gathererErr := preflight.NewGatherer(config, changed)
	if err := errors.Join(applierErr, releasesErr, clientsErr, metadataErr, gathererErr); err != nil {
		return nil, err
	}
	return &Reconciler{
		client: kube, clock: clock.RealClock{}, clientset: clients, metadata: meta, applier: applier, observer: observer, releases: releases,
		charts: newCharts(ctx, options, changed), defaultRepository: options.DefaultRepository,
		pull:         apply.NewSecrets(ctx, clients, changed),
		certificates: &certificateWatch{ctx: ctx, clientset: clients, changed: changed},
		gatherer:     gatherer,
		metrics:      metrics.New(options.Version),
		namespace:    options.Namespace, helmRelease: options.HelmRelease, installNamespaces: options.InstallNamespaces,
		labelNamespaces: options.LabelNamespaces, probe: options.Probe, probes: &probeAsker{ctx: ctx, clientset: clients, changed: changed}, detectBypass: options.DetectBypass,
		bypassGrace: cmp.Or(options.BypassGrace, enrollment.BypassGrace), sessions: map[string]*session{},
	}, nil
}

// ownedSource starts an attempt for the owner of each object that changes, and for all
// resources when another client's CRD or another ServiceMeshController does.
type ownedSource struct {
	reconciler *Reconciler
}

// Start registers with the observer.
func (s *ownedSource) Start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	return s.reconciler.observer.Notify(func(owner string) {
		if owner != "" {
			queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Name: owner}})
			return
		}
		for _, request := range s.reconciler.allResources(ctx, nil) {
			queue.Add(request)
		}
	})
}

// WaitForSync keeps the first attempt waiting until the caches hold all that may be read.
func (s *ownedSource) WaitForSync(ctx context.Context) error {
	return s.reconciler.observer.WaitForAnswers(ctx)
}

func (s *ownedSource) String() string { return "owned objects" }

// createdOrDeleted drops updates.
var createdOrDeleted = predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}

// allResources starts an attempt for every resource: when one is created or deleted,
// since another one may be the oldest then, and when the extensions change.
func (r *Reconciler) allResources(ctx context.Context, _ client.Object) []reconcile.Request {
	all := &v1.ServiceMeshControllerList{}
	if err := r.client.List(ctx, all); err != nil {
		return nil // The cache is not running yet or any more: every resource gets its attempt from its own watch.
	}
	requests := make([]reconcile.Request, len(all.Items))
	for i := range all.Items {
		requests[i].Name = all.Items[i].Name
	}
	return requests
}

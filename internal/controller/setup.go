// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
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
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// The pauses after a pass that failed: the first, doubled each time up to the last.
const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = time.Minute
)

// Name is the controller's name in events, logs and metrics.
const Name = "gloo-operator"

// Setup adds the reconciler and its watches to a manager. The check that it
// returns fails until the watches have seen all that the cluster holds.
func Setup(ctx context.Context, mgr ctrl.Manager, options Options) (healthz.Checker, error) {
	config := quiet(mgr.GetConfig())
	observer, err := apply.NewObserver(config, options.InstallNamespaces...)
	if err != nil {
		return nil, fmt.Errorf("watching the mesh: %w", err)
	}
	news := make(chan event.GenericEvent, 1)
	r, err := newReconciler(ctx, mgr.GetClient(), config, observer, options, telling(news))
	if err != nil {
		return nil, err
	}
	r.recorder = mgr.GetEventRecorder(Name)
	if err := r.releases.Notify(ofMesh(telling(news))); err != nil {
		return nil, fmt.Errorf("watching Helm releases: %w", err)
	}
	if err := errors.Join(mgr.Add(observer), mgr.Add(r.releases), mgr.Add(r.gatherer), mgr.Add(r.metrics)); err != nil {
		return nil, err
	}
	return observer.Synced, ctrl.NewControllerManagedBy(mgr).
		Named(Name).
		For(&v1.ServiceMeshController{}).
		Watches(&v1.ServiceMeshController{}, handler.EnqueueRequestsFromMapFunc(r.others), builder.WithPredicates(comingAndGoing)).
		Watches(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.others)).
		WatchesRawSource(&ownedSource{ctx: ctx, reconciler: r}).
		WatchesRawSource(source.Channel(news, handler.EnqueueRequestsFromMapFunc(r.others))).
		WithOptions(controller.Options{
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry),
		}).
		Complete(r)
}

// telling asks for a pass of every resource: when facts have changed, or a download
// of charts has ended.
func telling(news chan<- event.GenericEvent) func() {
	return func() {
		select {
		case news <- event.GenericEvent{Object: &v1.ServiceMeshController{}}:
		default: // One that waits speaks for all.
		}
	}
}

// ofMesh calls changed for releases of the mesh, and not for others of its namespace.
func ofMesh(changed func()) func(release string) {
	return func(release string) {
		if slices.Contains(removal, release) {
			changed()
		}
	}
}

// newReconciler makes a reconciler that calls changed when the facts change, and tells
// no events.
func newReconciler(
	ctx context.Context, kube client.Client, config *rest.Config, observer *apply.Observer, options Options, changed func(),
) (*Reconciler, error) {
	applier, applierErr := apply.New(config, observer)
	releases, releasesErr := helm.NewWatch(config, options.InstallNamespaces...)
	clients, clientsErr := kubernetes.NewForConfig(config)
	gatherer, gathererErr := preflight.NewGatherer(config, changed)
	if err := errors.Join(applierErr, releasesErr, clientsErr, gathererErr); err != nil {
		return nil, err
	}
	return &Reconciler{
		client: kube, secrets: clients, applier: applier, observer: observer, releases: releases,
		charts:    newCharts(ctx, options, changed),
		pull:      apply.NewSecrets(ctx, clients, changed),
		gatherer:  gatherer,
		metrics:   metrics.New(options.Version),
		namespace: options.Namespace, helmRelease: options.HelmRelease, installNamespaces: options.InstallNamespaces, memories: map[string]*memory{},
	}, nil
}

// quiet logs no API warnings, and leaves throttling to the API server's priority and fairness: an
// installation is some fifty requests once.
func quiet(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{} // Istio's charts draw some at each apply: nothing that a user could mend.
	return config
}

// ownedSource starts a pass for the owner of each object that changes, and for all
// resources when somebody else's CRD or another ServiceMeshController does.
type ownedSource struct {
	ctx        context.Context
	reconciler *Reconciler
}

// Start registers with the observer.
func (s *ownedSource) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	return s.reconciler.observer.Notify(func(owner string) {
		if owner != "" {
			queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Name: owner}})
			return
		}
		for _, request := range s.reconciler.others(s.ctx, nil) {
			queue.Add(request)
		}
	})
}

// WaitForSync keeps the first pass waiting until the caches hold all that may be read.
func (s *ownedSource) WaitForSync(ctx context.Context) error {
	return s.reconciler.observer.WaitForAnswers(ctx)
}

func (s *ownedSource) String() string { return "owned objects" }

// comingAndGoing lets pass that a resource appeared or went.
var comingAndGoing = predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}

// others asks for a pass of every resource: when one comes or goes, since the oldest
// may be another one then, and when the extensions change.
func (r *Reconciler) others(ctx context.Context, _ client.Object) []reconcile.Request {
	all := &v1.ServiceMeshControllerList{}
	if err := r.client.List(ctx, all); err != nil {
		return nil // The cache is not running yet or any more: every resource gets its pass from its own watch.
	}
	requests := make([]reconcile.Request, len(all.Items))
	for i := range all.Items {
		requests[i].Name = all.Items[i].Name
	}
	return requests
}

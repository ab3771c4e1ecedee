// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
)

// Outlook tells what a pass would do.
type Outlook struct {
	// Version of Istio that was asked for.
	Version string
	// Differences are what would be changed.
	Differences []apply.Difference
	// Obstacles are why the operator would change nothing yet, each with what to do.
	Obstacles []string
	// Notices are what users should know besides.
	Notices []string
}

// Diff tells what an operator with those options would change if the resource were
// applied, by the same steps as a pass, without a write. The extensions, where there are
// any, stand for those in the cluster. It reads by the rights of the config, which must
// allow what the operator does, since the API server checks dry runs as it checks writes.
func Diff(ctx context.Context, options Options, smc *v1.ServiceMeshController, extensions map[string]string) (*Outlook, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	config, news := quiet(options.Config), make(chan event.GenericEvent, 1)
	observer, err := apply.NewObserver(config, options.InstallNamespaces...)
	if err != nil {
		return nil, err
	}
	kube, err := newDirect(config, extensions)
	if err != nil {
		return nil, err
	}
	r, err := newReconciler(ctx, kube, config, observer, options, telling(news))
	if err != nil {
		return nil, err
	}
	if err := r.asApplied(ctx, smc); err != nil { // First, since watches go on trying for ever where nobody answers.
		return nil, err
	}
	if err := observer.Failed(func(err error) { cancel(fmt.Errorf("reading the mesh: %w", err)) }); err != nil {
		return nil, err
	}
	go func() { _ = observer.Start(ctx) }() // It fails in Failed.
	go func() { _ = r.gatherer.Start(ctx) }()
	if err := observer.WaitForSync(ctx); err != nil {
		return nil, context.Cause(ctx)
	}
	p, err := r.prepare(ctx, smc, news)
	if err != nil {
		return nil, err
	}
	return r.outlook(ctx, smc, p)
}

// prepare builds the plan of what a walk ends with, as soon as the cluster has been
// looked at and the charts are there, and checks it.
func (r *Reconciler) prepare(ctx context.Context, smc *v1.ServiceMeshController, news <-chan event.GenericEvent) (*pass, error) {
	p := &pass{paused: paused(smc)}
	p.stop = p.chart(smc)
	version := smc.Spec.Version
	if p.course.rollback {
		version = p.course.to
	}
	for {
		facts, stop := r.look(smc)
		if stop == nil {
			p.plan, stop = r.build(ctx, smc, facts, version)
		}
		switch {
		case stop == nil:
			p.stop = cmp.Or(p.stop, r.check(smc, facts, p))
			return p, nil
		case !stop.silent && stop.reason != v1.ReasonFetchingCharts:
			return nil, errors.New(stop.message)
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// asApplied makes of a manifest the resource that the operator would see.
func (r *Reconciler) asApplied(ctx context.Context, smc *v1.ServiceMeshController) error {
	live := &v1.ServiceMeshController{ObjectMeta: metav1.ObjectMeta{Name: smc.Name, CreationTimestamp: metav1.Now()}}
	err := client.IgnoreNotFound(r.client.Get(ctx, client.ObjectKeyFromObject(smc), live))
	if err != nil {
		return fmt.Errorf("reading ServiceMeshController %s: %w", smc.Name, err)
	}
	if !equality.Semantic.DeepEqual(live.Spec, smc.Spec) {
		live.Generation++ // What failed before is tried again.
	}
	smc.Status = live.Status
	annotations := maps.Clone(live.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, smc.Annotations)
	smc.ObjectMeta = live.ObjectMeta
	smc.Annotations = annotations
	if stop := r.refuse(ctx, smc); stop != nil && !apierrors.IsNotFound(stop.cause) { // Without the CRD there is no other.
		return errors.New(stop.message)
	}
	return nil
}

// outlook asks the API server.
func (r *Reconciler) outlook(ctx context.Context, smc *v1.ServiceMeshController, p *pass) (*Outlook, error) {
	o := &Outlook{Version: p.plan.Version}
	if p.paused {
		o.Obstacles = append(o.Obstacles, fmt.Sprintf("the mesh is paused: remove the annotation %s", v1.PausedAnnotation))
	}
	if p.stop != nil {
		o.Obstacles = append(o.Obstacles, p.stop.message)
	}
	if path := road(p.course.from, p.course.to, p.course.rest); path != "" {
		o.Notices = append(o.Notices, path)
	}
	if p.course.rollback {
		o.Notices = append(o.Notices, fmt.Sprintf("the rollout of Istio %s has failed, and %s stays until spec is another", p.course.from, p.course.to))
	}
	foreign, err := r.applier.Foreign(ctx, allObjects(p.plan))
	switch {
	case err != nil:
		return nil, fmt.Errorf("looking for objects in the way: %w", err)
	case len(foreign) > 0 && smc.Spec.OnConflict == v1.Force:
		o.Notices = append(o.Notices, "objects of another installation are taken over: "+list(foreign))
	case len(foreign) > 0:
		o.Obstacles = append(o.Obstacles, describe(foreign))
	}
	for _, notice := range p.notices() {
		o.Notices = append(o.Notices, notice.Message)
	}
	o.Differences, err = r.applier.Preview(ctx, allObjects(p.plan), r.observer.Owned(smc.Name))
	return o, err
}

// direct is a client without a cache, for which the extensions are those of a file.
type direct struct {
	client.Client
	extensions map[string]string
}

func newDirect(config *rest.Config, extensions map[string]string) (client.Client, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	mapper, err := staticMapper(nil, nil)
	if err != nil {
		return nil, err
	}
	through, err := client.New(config, client.Options{Scheme: scheme, Mapper: mapper})
	return &direct{through, extensions}, err
}

// Get reads the extensions from the file, if they are there.
func (d *direct) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	extensions, ok := object.(*corev1.ConfigMap)
	if !ok || d.extensions == nil {
		return d.Client.Get(ctx, key, object, options...)
	}
	extensions.Data = d.extensions
	return nil
}

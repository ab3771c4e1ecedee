// SPDX-License-Identifier: Apache-2.0

// Package controller makes the cluster equal to a ServiceMeshController's plan,
// one component at a time, and says how far it is. A pass reads what is, changes
// the first thing that differs, and ends: it never sleeps and never waits, since
// the watch on what it waits for starts the next one.
package controller

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/repository"
)

// conflictRetry is how long to wait before looking again whether what is in the
// way has gone: somebody else's objects are not watched, and a look is a list for each
// kind.
const conflictRetry = time.Minute

// helmManager is the field manager of the helm command.
const helmManager = "helm"

// Reconciler reconciles ServiceMeshControllers.
type Reconciler struct {
	client   client.Client
	secrets  kubernetes.Interface
	pull     *apply.Secrets
	applier  *apply.Applier
	observer *apply.Observer
	builder  plan.Builder
	recorder events.EventRecorder
	gatherer *preflight.Gatherer
	metrics  *metrics.Recorder
	releases *helm.Watch
	// charts are those that are not compiled in.
	charts *repository.Store
	// namespace is the operator's own.
	namespace string
	// helmRelease is the operator's own Helm release. Empty: none.
	helmRelease string
	// installNamespaces are those that a mesh may be installed in. None: all.
	installNamespaces []string

	mu       sync.Mutex
	memories map[string]*memory // By the resource's name.
}

// Reconcile runs one pass for a resource.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	ctx, done := finish(ctx)
	defer done()
	smc := &v1.ServiceMeshController{}
	if err := r.client.Get(ctx, request.NamespacedName, smc); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.Name)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	r.metrics.Undecodable(smc.Name, smc.DecodeError != "")
	if !smc.DeletionTimestamp.IsZero() {
		return r.uninstall(ctx, smc)
	}
	if r.remembered(smc).outdated(smc) {
		return ctrl.Result{}, nil // The cache does not have our own write yet: it starts the next pass.
	}
	if smc.DecodeError != "" {
		return r.reportUndecodable(ctx, smc)
	}
	p := r.walk(ctx, smc)
	r.judgeDenials(smc, p)
	if p.tellsNothing(smc) {
		return ctrl.Result{}, nil
	}
	result, err := r.report(ctx, smc, p)
	if err == nil {
		r.remembered(smc).settle(p)
	}
	return result, err
}

// tellsNothing tells a pass that found a complete mesh of which somebody has just
// touched a workload: an annotation, say, makes a new generation of a Deployment.
// Whether that means anything is known when its controller has seen it.
func (p *pass) tellsNothing(smc *v1.ServiceMeshController) bool {
	if p.stop != nil && p.stop.silent {
		return true
	}
	touched := slices.ContainsFunc(p.components, func(s componentState) bool { return s.unobserved })
	return touched && len(p.changes) == 0 && len(p.failures()) == 0 &&
		smc.Status.Phase == v1.PhaseSucceeded && smc.Status.ObservedGeneration == smc.Generation
}

// stop is what ends a walk before the mesh is complete.
type stop struct {
	// reason is a constant of api/v1.
	reason string
	// message is a sentence that ends with what to do.
	message string
	// phase is the phase that it leads to; empty where trying again may help.
	phase v1.Phase
	// retry is when to look again without an event. Zero: on the next event.
	retry time.Duration
	// cause is the error to back off for. Nil: none.
	cause error
	// silent tells that the next event is about to come: nothing is told of it.
	silent bool
}

// pass is what a walk found and did.
type pass struct {
	// plan is nil where none could be built.
	plan *plan.Plan
	// components in the plan's order.
	components []componentState
	// stop is why there is no plan or nothing may be applied. Nil otherwise.
	stop *stop
	// changes are what was applied.
	changes []apply.Change
	// written counts what else was done: objects deleted or taken over.
	written int
	// fights are objects that somebody changes again and again.
	fights []apply.Fight
	// paused tells that nothing may be changed.
	paused bool
	// notes are to be told as events.
	notes []note
	// environment is what is known of the cluster. Nil: nothing yet.
	environment *v1.EnvironmentStatus
	// warnings are what the preflight checks found and what stops nothing.
	warnings []plan.Notice
	// proposal is what a person has to approve first. Nil: nothing.
	proposal *v1.Proposal
	// notReady are the names of nodes that are not ready, sorted.
	notReady []string
	// course is the version that it works towards.
	course course
	// rollbackDigest is the digest of the plan that a rollout that has just failed is
	// rolled back to. Empty: none has.
	rollbackDigest string
	// announcing tells that the status is to tell of the course before anything is done.
	announcing bool
	// progressTime is when the component that is being rolled out began, or last got one
	// more pod up to date and ready.
	progressTime time.Time
	// again is when to look again without an event. Zero: on the next event.
	again time.Duration
}

// walk builds the plan and applies it as far as it goes.
func (r *Reconciler) walk(ctx context.Context, smc *v1.ServiceMeshController) *pass {
	p := &pass{}
	if p.stop = r.begin(ctx, smc, p); p.stop != nil {
		return p
	}
	r.remembered(smc).planned = true
	facts, stop := r.look(smc)
	if p.stop = stop; stop != nil {
		return p
	}
	p.environment, p.notReady = environmentOf(facts), notReady(facts)
	if p.stop = p.chart(smc); p.stop != nil {
		return p
	}
	if p.plan, p.stop = r.build(ctx, smc, facts, p.course.to); p.stop != nil {
		return p
	}
	r.warnOfIgnored(p)
	if p.paused = paused(smc); p.paused {
		p.stop = r.examinePaused(ctx, smc, p)
		return p
	}
	if p.stop = r.permit(ctx, smc, facts, p); p.stop != nil {
		return p
	}
	r.write(ctx, smc, facts, p)
	return p
}

// write is the part of a walk that changes the cluster: nothing before it does, but for an
// install namespace that begin restores.
func (r *Reconciler) write(ctx context.Context, smc *v1.ServiceMeshController, facts preflight.Facts, p *pass) {
	if p.stop = r.claim(ctx, smc); p.stop != nil {
		return
	}
	if p.announcing = announce(smc, p.course); p.announcing {
		p.components = waiting(p.plan.Components)
		return
	}
	if p.stop = r.takeOver(ctx, smc, p); p.stop != nil {
		return
	}
	r.advance(ctx, smc, p)
	r.planRollback(ctx, smc, facts, p)
	p.fights = r.applier.Fights(allObjects(p.plan))
}

// claim adds the finalizer: from then on the mesh is removed before the resource goes. A
// resource that may not install a mesh gets none, so that deleting it removes nothing.
func (r *Reconciler) claim(ctx context.Context, smc *v1.ServiceMeshController) *stop {
	err := r.editFinalizers(ctx, smc, controllerutil.AddFinalizer)
	switch {
	case err == nil:
		return nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return &stop{silent: true} // Somebody changed the resource since it was read.
	default:
		return &stop{reason: v1.ReasonApplyFailed, message: fmt.Sprintf("adding the finalizer: %v", err), cause: err}
	}
}

// planRollback remembers what a rollout that has just failed is rolled back to, so that
// nothing else passes for it.
func (r *Reconciler) planRollback(ctx context.Context, smc *v1.ServiceMeshController, facts preflight.Facts, p *pass) {
	if rollsBack(smc, p) == nil {
		return
	}
	if back, held := r.build(ctx, smc, facts, smc.Status.Version); held == nil {
		p.rollbackDigest = back.Digest()
	}
}

// begin stops where the operator has nothing to do with the resource, or cannot work in
// its install namespace.
func (r *Reconciler) begin(ctx context.Context, smc *v1.ServiceMeshController, p *pass) *stop {
	if held := r.refuse(ctx, smc); held != nil {
		return held
	}
	if held := r.outside(smc); held != nil || paused(smc) {
		return held
	}
	return r.enterNamespace(ctx, smc, p)
}

// permit stops where the plan must not be applied: the cluster is not fit for it, it
// conflicts with objects of others, the API server would refuse it, or a person has to
// approve it. It writes nothing.
func (r *Reconciler) permit(ctx context.Context, smc *v1.ServiceMeshController, facts preflight.Facts, p *pass) *stop {
	if held := r.check(smc, facts, p); held != nil {
		return held
	}
	if held := r.foresee(ctx, smc, facts, p); held != nil {
		return held
	}
	if held := r.conflict(ctx, smc, p); held != nil {
		return held
	}
	if held := r.rehearse(ctx, smc, p); held != nil {
		return held
	}
	return r.approve(ctx, smc, facts, p)
}

// advance brings component after component, and prunes what each no longer has, up
// to the first that is not complete.
func (r *Reconciler) advance(ctx context.Context, smc *v1.ServiceMeshController, p *pass) {
	r.remembered(smc).expect(wantedUnwatched(smc, allObjects(p.plan)))
	unwanted := apply.Unwanted(r.observer.Owned(smc.Name), allObjects(p.plan))
	p.components = waiting(p.plan.Components)
	for _, i := range p.course.order(p.plan.Components) {
		component := p.plan.Components[i]
		state := r.bring(ctx, component, p)
		r.watch(ctx, smc, component, p, &state)
		if p.components[i] = state; !state.done {
			return
		}
		r.prune(ctx, p, ownedBy(unwanted, component.Name))
	}
	r.prune(ctx, p, unwanted)
	if p.stop == nil {
		r.finishPruning(ctx, smc, p)
	}
}

// bring applies what differs of a component, and tells how far it is.
func (r *Reconciler) bring(ctx context.Context, component plan.Component, p *pass) componentState {
	began := time.Now()
	changes, err := r.applier.Apply(ctx, objectsOf(component))
	r.measureApply(component.Name, began, changes, err)
	p.changes = append(p.changes, changes...)
	state := r.examine(component, p.plan.Redact)
	state.changed = slices.ContainsFunc(changes, planned)
	if err != nil {
		state.fail(refusal(v1.ReasonApplyFailed, err, p.plan))
		return state
	}
	r.examineIgnored(ctx, component, p.plan, &state)
	return state
}

func waiting(components []plan.Component) []componentState {
	states := make([]componentState, len(components))
	for i, component := range components {
		states[i] = componentState{name: component.Name, version: component.Version}
	}
	return states
}

// prune deletes what the plan no longer holds.
func (r *Reconciler) prune(ctx context.Context, p *pass, unwanted []apply.Owned) {
	done, err := r.applier.Delete(ctx, apply.Removable(unwanted))
	p.written += done
	if err != nil {
		p.stop = &stop{reason: v1.ReasonApplyFailed, message: "removing what is no longer needed: " + err.Error(), cause: err}
	}
}

func ownedBy(owned []apply.Owned, component string) []apply.Owned {
	return slices.DeleteFunc(slices.Clone(owned), func(o apply.Owned) bool { return o.Component != component })
}

// editFinalizers changes the resource's finalizers, unless somebody else did so
// since it was read.
func (r *Reconciler) editFinalizers(ctx context.Context, smc *v1.ServiceMeshController, edit func(client.Object, string) bool) error {
	before := smc.DeepCopy()
	if !edit(smc, v1.Finalizer) {
		return nil
	}
	err := r.client.Patch(ctx, smc, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err == nil {
		r.remembered(smc).edited = smc.ResourceVersion
	}
	return err
}

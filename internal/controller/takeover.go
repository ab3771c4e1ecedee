// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// charted tells the component of an object of Istio's charts, by the label
// app.kubernetes.io/name that they put on everything.
var charted = map[string]string{
	"istio-reader": v1.ComponentBase,
	"istiod":       v1.ComponentIstiod,
	"istio-cni":    v1.ComponentCNI,
	"ztunnel":      v1.ComponentZtunnel,
}

// takeover is what was found of another installation and how far taking it over has
// come. It outlives a pass that fails, so that the next costs the write that failed and
// no lists. What has changed since it was found is not written to.
type takeover struct {
	// generation and plan are those that it was looked for.
	generation int64
	plan       string
	// failed tells that a try has failed since it was found: more may have come since.
	failed bool
	// foreign was in the way; untaken is what is left of it to be taken over.
	foreign, untaken []apply.Foreign
	// leftovers is what else the other installation has. Nil: not looked for yet.
	leftovers *leftovers
	// seen are the Helm releases that are done with; retired are those of them that
	// were deleted.
	seen    map[string]bool
	retired []string
}

// leftovers are objects that somebody has besides the plan's.
type leftovers struct {
	// pruned are to be removed; unmarked are those of them that are not marked so yet.
	pruned, unmarked []apply.Foreign
	// left are let alone.
	left []apply.Foreign
}

func newTakeover(smc *v1.ServiceMeshController, built *plan.Plan, foreign []apply.Foreign) *takeover {
	return &takeover{generation: smc.Generation, plan: built.Digest(), foreign: foreign, untaken: foreign, seen: map[string]bool{}}
}

// goesOn tells a takeover that has begun and is still what the resource asks for.
func (t *takeover) goesOn(smc *v1.ServiceMeshController, built *plan.Plan) bool {
	return t != nil && t.generation == smc.Generation && t.plan == built.Digest()
}

// takeOver carries the takeover that conflict has found, if any, to its end, and forgets it
// then, or when an object turns out to have changed or gone since it was found. After one
// that had failed before it looks for what has come since, before anything else is written.
func (r *Reconciler) takeOver(ctx context.Context, smc *v1.ServiceMeshController, p *pass) *stop {
	m := r.remembered(smc)
	t := m.takeover
	if t == nil {
		return nil
	}
	if err := r.advanceTakeover(ctx, smc, p, t); err != nil {
		if t.failed = true; apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			m.takeover = nil
		}
		return &stop{reason: v1.ReasonConflict, message: "taking over another installation: " + err.Error(), cause: err}
	}
	m.takeover = nil
	p.notes = append(p.notes, t.told()...)
	if !t.failed {
		r.applier.Cleared(allObjects(p.plan))
		return nil
	}
	if held := r.conflict(ctx, smc, p); held != nil {
		return held
	}
	return r.takeOver(ctx, smc, p)
}

// advanceTakeover makes another installation's objects the operator's: what the plan
// does not have of it is marked to be pruned, the fields that its tool set become ours,
// and its Helm releases go unless they have our names. It can be repeated from the
// beginning at any point.
func (r *Reconciler) advanceTakeover(ctx context.Context, smc *v1.ServiceMeshController, p *pass, t *takeover) error {
	if t.leftovers == nil {
		makers := make([]string, len(t.foreign))
		for i, f := range t.foreign {
			makers[i] = f.By
		}
		found, err := r.findLeftovers(ctx, smc, makers, allObjects(p.plan))
		if err != nil {
			return err
		}
		t.leftovers = found
	}
	before := len(t.leftovers.unmarked)
	err := r.adopt(ctx, smc, t.leftovers)
	p.written += before - len(t.leftovers.unmarked)
	if err != nil {
		return err
	}
	if err := r.retire(ctx, t); err != nil {
		return err
	}
	before = len(t.untaken)
	t.untaken, err = r.applier.TakeOver(ctx, t.untaken)
	p.written += before - len(t.untaken)
	return err
}

// findLeftovers finds what those makers have besides the plan's objects.
func (r *Reconciler) findLeftovers(
	ctx context.Context, smc *v1.ServiceMeshController, makers []string, objects []apply.Object,
) (*leftovers, error) {
	all, err := r.applier.Leftovers(ctx, makers, namespaceOf(smc), objects)
	if err != nil {
		return nil, err
	}
	found := &leftovers{}
	for _, leftover := range all {
		if _, ours := leftoverOf(leftover.Object); ours {
			found.pruned = append(found.pruned, leftover)
		} else {
			found.left = append(found.left, leftover)
		}
	}
	found.unmarked = found.pruned
	return found, nil
}

// adopt marks them to be pruned, up to the first at which that fails.
func (r *Reconciler) adopt(ctx context.Context, smc *v1.ServiceMeshController, l *leftovers) error {
	for len(l.unmarked) > 0 {
		component, _ := leftoverOf(l.unmarked[0].Object)
		if err := r.applier.Adopt(ctx, l.unmarked[0], smc.Name, component); err != nil {
			return err
		}
		l.unmarked = l.unmarked[1:]
	}
	return nil
}

// adoptAdditions marks what a person's `helm upgrade` of our releases has added to be
// pruned.
func (r *Reconciler) adoptAdditions(ctx context.Context, smc *v1.ServiceMeshController, objects []apply.Object) ([]note, error) {
	makers := make([]string, len(removal))
	for i, component := range removal {
		makers[i] = apply.ByRelease(component, namespaceOf(smc))
	}
	found, err := r.findLeftovers(ctx, smc, makers, objects)
	if err != nil || len(found.pruned) == 0 {
		return nil, err
	}
	if err := r.adopt(ctx, smc, found); err != nil {
		return nil, err
	}
	return []note{{v1.ReasonPruned, actionPrune, fmt.Sprintf(
		"%d objects that helm has added to this mesh will be removed: %s; what the mesh should have belongs into spec.values", len(found.pruned), list(found.pruned))}}, nil
}

// leftoverOf tells what the plan would have replaced had it known of it: an object
// of Istio's charts and of the default revision. Anything else that the same tool
// installed is the users'.
func leftoverOf(object metav1.Object) (component string, ours bool) {
	labels := object.GetLabels()
	component, known := charted[labels["app.kubernetes.io/name"]]
	revision := labels["istio.io/rev"]
	return component, known && labels["app.kubernetes.io/part-of"] == "istio" && (revision == "" || revision == "default")
}

// retire deletes the records of the Helm releases that the objects belonged to,
// unless they have the names that ours will have.
func (r *Reconciler) retire(ctx context.Context, t *takeover) error {
	for _, f := range t.foreign {
		name, namespace := helm.ReleaseOf(f.Object)
		if name == "" || t.seen[namespace+"/"+name] || slices.Contains(removal, name) {
			continue
		}
		deleted, err := helm.NewRecorder(r.secrets.CoreV1().Secrets(namespace)).Retire(ctx, name)
		if err != nil {
			return err
		}
		t.seen[namespace+"/"+name] = true
		if deleted {
			t.retired = append(t.retired, name)
		}
	}
	return nil
}

// told says what was taken over, what goes and what stays.
func (t *takeover) told() []note {
	told := []note{{v1.ReasonTookOver, actionTakeOver, fmt.Sprintf("took over %d objects: %s", len(t.foreign), list(t.foreign))}}
	if pruned := t.leftovers.pruned; len(pruned) > 0 {
		told = append(told, note{v1.ReasonPruned, actionPrune, fmt.Sprintf(
			"%d objects of the other installation will be removed, since this mesh has no use for them: %s", len(pruned), list(pruned))})
	}
	if len(t.retired) > 0 {
		told = append(told, note{v1.ReasonHelmReleaseRetired, actionRetire,
			"Helm releases whose objects are now the operator's were removed from Helm's records: " + wording.List(t.retired)})
	}
	named := slices.DeleteFunc(slices.Clone(t.leftovers.left), func(f apply.Foreign) bool { name, _ := helm.ReleaseOf(f.Object); return name == "" })
	if len(named) > 0 {
		told = append(told, note{v1.ReasonLeftAlone, actionLeave, fmt.Sprintf("%d other objects of the same Helm releases are left alone: %s", len(named), list(named))})
	}
	return told
}

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/helm"
)

// charted tells the component of an object of Istio's charts, by the label
// app.kubernetes.io/name that they put on everything.
var charted = map[string]string{
	"istio-reader": v1.ComponentBase,
	"istiod":       v1.ComponentIstiod,
	"istio-cni":    v1.ComponentCNI,
	"ztunnel":      v1.ComponentZtunnel,
}

// takeOver makes another installation's objects the operator's: what the plan does
// not have of it is marked to be pruned, the fields that its tool set become ours,
// and its Helm releases go unless they have our names. It can be repeated from the
// beginning at any point.
func (r *Reconciler) takeOver(ctx context.Context, smc *v1.ServiceMeshController, p *pass, foreign []apply.Foreign) error {
	objects := allObjects(p.plan)
	makers := make([]string, len(foreign))
	for i, f := range foreign {
		makers[i] = f.By
	}
	pruned, left, err := r.adoptLeftovers(ctx, smc, makers, objects)
	p.written += len(pruned)
	if err != nil {
		return err
	}
	retired, err := r.retire(ctx, foreign)
	if err != nil {
		return err
	}
	done, err := r.applier.TakeOver(ctx, foreign)
	p.written += done
	if err != nil {
		return err
	}
	p.notes = append(p.notes, toldOf(foreign, pruned, left, retired)...)
	return nil
}

// adoptLeftovers marks what those makers have besides the plan's objects to be pruned,
// and tells what of it is left alone.
func (r *Reconciler) adoptLeftovers(
	ctx context.Context, smc *v1.ServiceMeshController, makers []string, objects []apply.Object,
) (pruned, left []apply.Foreign, err error) {
	leftovers, err := r.applier.Leftovers(ctx, makers, namespaceOf(smc), objects)
	if err != nil {
		return nil, nil, err
	}
	for _, leftover := range leftovers {
		component, ours := leftoverOf(leftover.Object)
		if !ours {
			left = append(left, leftover)
			continue
		}
		if err := r.applier.Adopt(ctx, leftover, smc.Name, component); err != nil {
			return pruned, left, err
		}
		pruned = append(pruned, leftover)
	}
	return pruned, left, nil
}

// adoptAdditions does so with what a person's `helm upgrade` of our releases has added.
func (r *Reconciler) adoptAdditions(ctx context.Context, smc *v1.ServiceMeshController, objects []apply.Object) ([]note, error) {
	makers := make([]string, len(removal))
	for i, component := range removal {
		makers[i] = apply.ByRelease(component, namespaceOf(smc))
	}
	pruned, _, err := r.adoptLeftovers(ctx, smc, makers, objects)
	if err != nil || len(pruned) == 0 {
		return nil, err
	}
	return []note{{actionPrune, fmt.Sprintf(
		"%d objects that helm has added to this mesh will be removed: %s; what the mesh should have belongs into spec.values", len(pruned), list(pruned))}}, nil
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
// unless they have the names that ours will have, and lists them.
func (r *Reconciler) retire(ctx context.Context, foreign []apply.Foreign) ([]string, error) {
	var retired []string
	done := map[string]bool{}
	for _, f := range foreign {
		name, namespace := helm.ReleaseOf(f.Object)
		if name == "" || done[namespace+"/"+name] || slices.Contains(removal, name) {
			continue
		}
		done[namespace+"/"+name] = true
		deleted, err := helm.NewRecorder(r.secrets.CoreV1().Secrets(namespace)).Retire(ctx, name)
		if err != nil {
			return nil, err
		}
		if deleted {
			retired = append(retired, name)
		}
	}
	return retired, nil
}

// toldOf says what was taken over, what goes and what stays.
func toldOf(foreign, pruned, left []apply.Foreign, retired []string) []note {
	told := []note{{actionTakeOver, fmt.Sprintf("took over %d objects: %s", len(foreign), list(foreign))}}
	if len(pruned) > 0 {
		told = append(told, note{actionPrune, fmt.Sprintf(
			"%d objects of the other installation will be removed, since this mesh has no use for them: %s", len(pruned), list(pruned))})
	}
	if len(retired) > 0 {
		told = append(told, note{actionRetire,
			"Helm releases whose objects are now the operator's were removed from Helm's records: " + strings.Join(retired, ", ")})
	}
	named := slices.DeleteFunc(slices.Clone(left), func(f apply.Foreign) bool { name, _ := helm.ReleaseOf(f.Object); return name == "" })
	if len(named) > 0 {
		told = append(told, note{actionLeave, fmt.Sprintf("%d other objects of the same Helm releases are left alone: %s", len(named), list(named))})
	}
	return told
}

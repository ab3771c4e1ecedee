// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/component"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// takeover is what was found of another installation, and how far taking it over has come.
// It outlives an attempt that fails, so that the next costs the write that failed and no
// lists. Objects that were changed since they were found are not written to.
type takeover struct {
	// generation and plan are those that it was found for.
	generation int64
	plan       string
	// failed reports whether an attempt has failed since it was found: more may have come.
	failed bool
	// foreign are the conflicting objects; remaining are those of them not yet taken over.
	foreign, remaining []apply.Foreign
	// leftovers is what else the other installation has. Nil: not looked for yet.
	leftovers *leftovers
	// checkedReleases are the Helm releases that are done with; retired are those of them
	// whose records were deleted.
	checkedReleases map[string]bool
	retired         []string
}

// leftovers are objects of another installation that the plan does not have.
type leftovers struct {
	// toPrune are to be removed; toLabel are those of them not yet labeled for that.
	toPrune, toLabel []apply.Foreign
	// kept stay as they are.
	kept []apply.Foreign
}

// newTakeover makes a takeover of those objects.
func newTakeover(smc *v1.ServiceMeshController, built *plan.Plan, foreign []apply.Foreign) *takeover {
	return &takeover{generation: smc.Generation, plan: built.Digest(), foreign: foreign, remaining: foreign, checkedReleases: map[string]bool{}}
}

// continues reports whether a takeover has begun and is still what the resource asks for.
func (t *takeover) continues(smc *v1.ServiceMeshController, built *plan.Plan) bool {
	return t != nil && t.generation == smc.Generation && t.plan == built.Digest()
}

// events returns what was taken over, what is removed and what stays.
func (t *takeover) events() []status.PendingEvent {
	emitted := []status.PendingEvent{{Reason: v1.ReasonTookOver, Action: status.ActionTakeOver, Message: fmt.Sprintf("took over %d objects: %s", len(t.foreign), foreignNames(t.foreign))}}
	if pruned := t.leftovers.toPrune; len(pruned) > 0 {
		emitted = append(emitted, status.PendingEvent{Reason: v1.ReasonPruned, Action: status.ActionPrune, Message: fmt.Sprintf(
			"%d objects of the other installation will be removed, since they are not part of this mesh: %s", len(pruned), foreignNames(pruned))})
	}
	if len(t.retired) > 0 {
		emitted = append(emitted, status.PendingEvent{Reason: v1.ReasonHelmReleaseRetired, Action: status.ActionRetire,
			Message: "Helm releases whose objects are now the operator's were removed from Helm's records: " + wording.List(t.retired)})
	}
	named := slices.DeleteFunc(slices.Clone(t.leftovers.kept), func(f apply.Foreign) bool { name, _ := helm.ReleaseOf(f.Object); return name == "" })
	if len(named) > 0 {
		emitted = append(emitted, status.PendingEvent{Reason: v1.ReasonLeftAlone, Action: status.ActionLeave, Message: fmt.Sprintf("%d other objects of the same Helm releases are not changed: %s", len(named), foreignNames(named))})
	}
	return emitted
}

// componentOfLeftover returns the component of an object that the plan would have replaced had it
// known of it: an object of Istio's charts and of the default revision. It is false for
// anything else that the same tool installed.
func componentOfLeftover(object metav1.Object) (component string, ours bool) {
	labels := object.GetLabels()
	component, known := componentOfChart[labels["app.kubernetes.io/name"]]
	revision := labels["istio.io/rev"]
	return component, known && labels["app.kubernetes.io/part-of"] == "istio" && (revision == "" || revision == "default")
}

// componentOfChart returns the component of an object of Istio's charts, by the label
// app.kubernetes.io/name that they put on everything.
var componentOfChart = component.ByAppName()

// foreignNames names the first few of the objects.
func foreignNames(foreign []apply.Foreign) string {
	names := make([]string, len(foreign))
	for i, f := range foreign {
		names[i] = f.String()
	}
	return wording.First(names, maxNamesInMessage)
}

// maxNamesInMessage is how many conflicting objects a message names.
const maxNamesInMessage = 5

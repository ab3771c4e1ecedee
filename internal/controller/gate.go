// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// namesShown is how many objects in the way a message names.
const namesShown = 5

// refuse stops a resource while an older one exists: one mesh at a time.
func (r *Reconciler) refuse(ctx context.Context, smc *v1.ServiceMeshController) *stop {
	all := &v1.ServiceMeshControllerList{}
	if err := r.client.List(ctx, all); err != nil {
		return &stop{reason: v1.ReasonClusterNotRead, message: "cannot list ServiceMeshControllers: " + err.Error(), cause: err}
	}
	for i := range all.Items {
		if other := &all.Items[i]; other.UID != smc.UID && countsAsOlder(other) && before(other, smc) {
			return &stop{
				reason: v1.ReasonNotOldest, phase: v1.PhaseAborted,
				message: fmt.Sprintf("ServiceMeshController %s was here first and a cluster has one mesh: delete one of the two", other.Name),
			}
		}
	}
	return nil
}

// before reports whether a was created before b. Of two that were created in the same
// second, the one that has begun to install a mesh is first, then names decide.
func before(a, b *v1.ServiceMeshController) bool {
	begun := controllerutil.ContainsFinalizer(a, v1.Finalizer)
	switch {
	case !a.CreationTimestamp.Equal(&b.CreationTimestamp):
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	case begun != controllerutil.ContainsFinalizer(b, v1.Finalizer):
		return begun
	default:
		return a.Name < b.Name
	}
}

// build compiles the plan of that version.
func (r *Reconciler) build(ctx context.Context, smc *v1.ServiceMeshController, facts preflight.Facts, version string) (*plan.Plan, *stop) {
	extensions := &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: r.namespace, Name: v1.ExtensionsName}
	if err := client.IgnoreNotFound(r.client.Get(ctx, key, extensions)); err != nil {
		return nil, &stop{reason: v1.ReasonInvalidExtensions, message: "cannot read the ConfigMap: " + err.Error(), cause: err}
	}
	archives, held := r.archives(smc, version)
	if held != nil {
		return nil, held
	}
	secrets, err := r.pullSecrets(ctx, smc)
	if err != nil {
		return nil, &stop{reason: v1.ReasonPullSecret, message: err.Error(), cause: err}
	}
	began := time.Now()
	spec := smc.Spec
	spec.Version = version
	built, err := r.builder.Build(plan.Input{
		Owner: smc.Name, Spec: spec, Extensions: textsOf(extensions), Archives: archives, PullSecrets: secrets, Facts: plan.Facts{
			KubernetesVersion: facts.KubernetesVersion, GatewayAPI: installedGatewayAPI(facts),
			Platform: facts.HelmPlatform(), StandardCNIFolders: facts.StandardCNIFolders(),
		},
	})
	r.metrics.Planned(began)
	if err == nil {
		return built, nil
	}
	return nil, unplanned(err)
}

// unplanned tells a spec that cannot be carried out from what may pass.
func unplanned(err error) *stop {
	failure := &stop{reason: reasonOf(err), message: err.Error(), phase: v1.PhaseFailed}
	switch failure.reason {
	case v1.ReasonChartStopped:
		failure.retry = stoppedRetry // The machine may just have been busy.
	case v1.ReasonChartRenderingUnavailable:
		failure.phase, failure.cause = "", err
		failure.message += "; it is tried again"
	}
	return failure
}

// installedGatewayAPI is what the plan asks about the Gateway API's CRDs.
func installedGatewayAPI(facts preflight.Facts) []gatewayapi.Installed {
	installed := make([]gatewayapi.Installed, len(facts.GatewayAPI))
	for i, crd := range facts.GatewayAPI {
		installed[i] = gatewayapi.Installed{Name: crd.Name, Owned: crd.Owned, Version: crd.Version, Channel: crd.Channel}
	}
	return installed
}

// gatewayAPIAmong finds the Gateway API's CRDs among all, in the order of their names:
// the same cluster makes the same plan.
func gatewayAPIAmong(crds []metav1.Object) []preflight.GatewayCRD {
	var found []preflight.GatewayCRD
	for _, crd := range crds {
		if !strings.HasSuffix(crd.GetName(), "."+gatewayapi.Group) {
			continue
		}
		_, owned := crd.GetLabels()[v1.OwnerLabel]
		annotations := crd.GetAnnotations()
		found = append(found, preflight.GatewayCRD{
			Name: crd.GetName(), Owned: owned,
			Version: annotations[gatewayapi.VersionAnnotation], Channel: annotations[gatewayapi.ChannelAnnotation],
		})
	}
	slices.SortFunc(found, func(a, b preflight.GatewayCRD) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// conflict stops where the plan conflicts with objects of others, or finds out what is to
// be taken over. A takeover that has not come to its end goes on with what was found then.
func (r *Reconciler) conflict(ctx context.Context, smc *v1.ServiceMeshController, p *pass) *stop {
	m := r.remembered(smc)
	if m.takeover.goesOn(smc, p.plan) {
		return nil
	}
	m.takeover = nil
	foreign, err := r.applier.Foreign(ctx, allObjects(p.plan))
	if err != nil {
		return &stop{reason: v1.ReasonConflict, message: "cannot look for objects in the way: " + advice(err), cause: err}
	}
	if len(foreign) == 0 {
		return nil
	}
	if smc.Spec.OnConflict != v1.Force {
		return &stop{reason: v1.ReasonConflict, phase: v1.PhaseAborted, retry: conflictRetry, message: describe(foreign)}
	}
	m.takeover = newTakeover(smc, p.plan, foreign)
	return nil
}

func allObjects(p *plan.Plan) []apply.Object {
	var objects []apply.Object
	for _, component := range p.Components {
		objects = append(objects, objectsOf(component)...)
	}
	return objects
}

func describe(foreign []apply.Foreign) string {
	return fmt.Sprintf("another installation is in the way: %s; remove it, or set spec.onConflict to Force to take it over", list(foreign))
}

// list names the first few of the objects.
func list(foreign []apply.Foreign) string {
	names := make([]string, len(foreign))
	for i, f := range foreign {
		names[i] = f.String()
	}
	return wording.First(names, namesShown)
}

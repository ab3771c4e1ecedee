// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
	"github.com/gloo-operator/gloo-operator/internal/status"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

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
func gatewayAPIAmong(crds []metav1.Object, mode v1.GatewayAPIMode) []preflight.GatewayCRD {
	var found []preflight.GatewayCRD
	for _, crd := range crds {
		if !ofGatewayAPI(crd) {
			continue
		}
		_, labeled := crd.GetLabels()[v1.OwnerLabel]
		annotations := crd.GetAnnotations()
		found = append(found, preflight.GatewayCRD{
			Name: crd.GetName(), Owned: labeled && !othersManage(crd, mode),
			Version: annotations[gatewayapi.VersionAnnotation], Channel: annotations[gatewayapi.ChannelAnnotation],
		})
	}
	slices.SortFunc(found, func(a, b preflight.GatewayCRD) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// asObserved replaces the operator's own CRDs by what the cache shows that applies compare
// with: the plan must not revert what another Helm release has just taken over.
func (r *Reconciler) asObserved(crds []metav1.Object) []metav1.Object {
	observed := slices.Clone(crds)
	for i, crd := range crds {
		key := object.Key{GVK: object.CustomResourceDefinition.GVK, Name: crd.GetName()}
		if seen := r.observer.Observe(key).Object; seen != nil && ofGatewayAPI(crd) {
			observed[i] = seen
		}
	}
	return observed
}

func ofGatewayAPI(crd metav1.Object) bool {
	return strings.HasSuffix(crd.GetName(), "."+gatewayapi.Group)
}

// othersManage reports whether a CRD that the operator has installed is another's now. No
// chart of a mesh contains the Gateway API, so that Helm's annotation is that of a release
// that has taken the CRD over, as K3s's own does. With Manage, the CRD stays the operator's.
func othersManage(crd metav1.Object, mode v1.GatewayAPIMode) bool {
	release, _ := helm.ReleaseOf(crd)
	return mode == v1.GatewayAPIIgnore || mode != v1.GatewayAPIManage && release != ""
}

// leaveGatewayAPI leaves those of the Gateway API's CRDs to their owners that another Helm
// release has taken over, or that spec.gatewayAPI excludes. Their content stays as it is.
func (r *Reconciler) leaveGatewayAPI(ctx context.Context, a *attempt) *status.Blocker {
	others := slices.DeleteFunc(r.observer.Owned(a.smc.Name), func(o apply.Owned) bool {
		return o.Component != v1.ComponentGatewayAPI || !ofGatewayAPI(o.Object) || !othersManage(o.Object, a.smc.Spec.GatewayAPI)
	})
	others = apply.NotIgnored(apply.Unwanted(others, a.Plan.Objects()))
	disowned, err := r.applier.Disown(ctx, others)
	a.OtherWrites += len(disowned)
	if len(disowned) > 0 {
		a.Events = append(a.Events, status.PendingEvent{Reason: v1.ReasonLeftAlone, Action: status.ActionLeave, Message: left(disowned)})
	}
	if err != nil {
		return &status.Blocker{Reason: v1.ReasonApplyFailed, Message: "leaving the Gateway API CRDs to their owner: " + withPermissionAdvice(err), Cause: err}
	}
	return nil
}

// left says who manages the Gateway API's CRDs from now on.
func left(others []apply.Owned) string {
	var owners []string
	for _, o := range others {
		if name, namespace := helm.ReleaseOf(o.Object); name != "" {
			owners = append(owners, apply.ByRelease(name, namespace))
		}
	}
	slices.Sort(owners)
	if owners = slices.Compact(owners); len(owners) == 0 {
		return fmt.Sprintf("the operator no longer manages %d Gateway API CRDs, since spec.gatewayAPI is %s", len(others), v1.GatewayAPIIgnore)
	}
	return fmt.Sprintf("the operator no longer manages %d Gateway API CRDs: %s took them over; to manage them again, set spec.gatewayAPI to %s",
		len(others), wording.List(owners), v1.GatewayAPIManage)
}

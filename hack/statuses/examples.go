// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// example is a resource in a situation.
type example struct {
	name   string
	object *v1.ServiceMeshController
}

// The versions of the examples: an upgrade goes from one to the other.
const (
	before = "1.29.1"
	after  = "1.31.0"
)

var now = time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)

// examples are resources in every phase, and in those situations of a phase that differ for
// somebody who waits.
func examples() []example {
	fresh := resource(before)
	installing := reconciled(fresh, upTo(2, "", before))
	complete := reconciled(installing, upTo(5, "", before))
	upgraded := changed(complete, after)
	rollback := changed(complete, after)
	rollback.Spec.Upgrade = &v1.Upgrade{OnFailure: v1.Rollback}
	rollingBack := reconciled(rollback, failed(rollback))
	return []example{
		{"new", fresh},
		{"not read", reconciled(fresh, &status.Outcome{Blocker: unread})},
		{"installing", installing},
		{"complete", complete},
		{"spec changed", upgraded},
		{"upgrading", reconciled(upgraded, upTo(3, before, after))},
		{"upgrade failed", reconciled(upgraded, failed(upgraded))},
		{"rolling back", rollingBack},
		{"rolled back", reconciled(rollingBack, rolledBack())},
		{"degraded", reconciled(complete, upTo(4, before, before))},
		{"contested", reconciled(complete, contested())},
		{"invalid", reconciled(upgraded, &status.Outcome{Blocker: invalid})},
		{"aborted", reconciled(fresh, &status.Outcome{Blocker: conflict})},
		{"waiting for approval", reconciled(upgraded, &status.Outcome{Blocker: approval})},
		{"paused", reconciled(complete, paused(upTo(5, before, before)))},
		{"paused before a change", reconciled(upgraded, paused(upTo(0, before, after)))},
		{"paused while degraded", reconciled(complete, paused(upTo(4, before, before)))},
		{"held", reconciled(upgraded, &status.Outcome{Blocker: held(v1.PhasePending)})},
		{"held during an upgrade", reconciled(reconciled(upgraded, upTo(3, before, after)), heldAt(3))},
		{"uninstalling", uninstalling(complete, func(smc *v1.ServiceMeshController) v1.ServiceMeshControllerStatus {
			return status.Uninstalling(smc, "removing webhooks: waiting for ValidatingWebhookConfiguration istio-validator-istio-system", now)
		})},
		{"uninstalling is held", uninstalling(complete, func(smc *v1.ServiceMeshController) v1.ServiceMeshControllerStatus {
			return status.RemovalHeld(smc, heldMessage, now)
		})},
	}
}

// The reasons that end an attempt.
var (
	unread   = &status.Blocker{Reason: v1.ReasonClusterNotRead, Message: "the API server does not respond", Cause: errors.New("timeout")}
	invalid  = &status.Blocker{Reason: v1.ReasonInvalidValues, Message: "spec.values: pilot.env must be a map, not a string", Phase: v1.PhaseFailed}
	conflict = &status.Blocker{Reason: v1.ReasonConflict, Phase: v1.PhaseAborted,
		Message: "objects that are not managed by this operator conflict with the mesh: Deployment istio-system/istiod (Helm release istiod); remove them, or set spec.onConflict to Force to take them over"}
	approval = &status.Blocker{Reason: v1.ReasonApprovalNeeded, Phase: v1.PhasePending, Message: "Istio 1.29.1 → 1.31.0 waits for approval: 40 objects changed"}
)

var heldMessage = enrollment.Change{Removed: true}.Message(enrollment.Findings{
	Pods: []enrollment.Pod{{Namespace: "app", Name: "web-0"}}, Namespaces: []string{"app"},
}, "managed-istio")

func held(phase v1.Phase) *status.Blocker {
	return &status.Blocker{Reason: v1.ReasonWorkloadsEnrolled, Message: heldMessage, Phase: phase}
}

// heldAt is an attempt that is held before the component after those many.
func heldAt(done int) *status.Outcome {
	o := upTo(done, before, after)
	o.Components[done].Fail(held(""))
	return o
}

func paused(o *status.Outcome) *status.Outcome {
	o.ObservedPaused = true
	return o
}

func contested() *status.Outcome {
	o := upTo(5, before, before)
	daemonSet := object.Key{GVK: appsv1.SchemeGroupVersion.WithKind("DaemonSet"), Namespace: "istio-system", Name: "ztunnel"}
	o.Conflicts = []apply.OwnershipConflict{{Key: daemonSet, Lost: apply.LostFields{Managers: []string{"other"}, Fields: []string{".spec.template"}}, Pause: time.Minute}}
	return o
}

// resource is a new ServiceMeshController.
func resource(version string) *v1.ServiceMeshController {
	return &v1.ServiceMeshController{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1.GroupVersion.String(), Kind: "ServiceMeshController"},
		ObjectMeta: metav1.ObjectMeta{Name: "managed-istio", Generation: 1},
		Spec:       v1.ServiceMeshControllerSpec{Version: version},
	}
}

// changed is the resource after a change of spec.version.
func changed(smc *v1.ServiceMeshController, version string) *v1.ServiceMeshController {
	smc = smc.DeepCopy()
	smc.Generation++
	smc.Spec.Version = version
	return smc
}

// reconciled is the resource after an attempt with that outcome.
func reconciled(smc *v1.ServiceMeshController, o *status.Outcome) *v1.ServiceMeshController {
	next := smc.DeepCopy()
	next.Status = status.Compute(smc, o, now)
	return next
}

// uninstalling is the resource while it is being deleted.
func uninstalling(smc *v1.ServiceMeshController, as func(*v1.ServiceMeshController) v1.ServiceMeshControllerStatus) *v1.ServiceMeshController {
	smc = smc.DeepCopy()
	deleted := metav1.NewTime(now)
	smc.DeletionTimestamp, smc.Finalizers = &deleted, []string{v1.Finalizer}
	smc.Generation++
	smc.Status = as(smc)
	return smc
}

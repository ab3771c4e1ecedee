// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/internal/status"
)

// dataPlane are the DaemonSets of istio-cni and ztunnel. Nil: there is none.
type dataPlane struct{ cni, ztunnel *appsv1.DaemonSet }

// runningDataPlane is the one in the cluster, without what is being deleted.
func runningDataPlane(owned []apply.Owned) dataPlane {
	var running dataPlane
	for _, o := range owned {
		if daemonSet, ok := o.Object.(*appsv1.DaemonSet); ok && daemonSet.DeletionTimestamp == nil {
			running.set(o.Component, daemonSet)
		}
	}
	return running
}

// plannedDataPlane is the one of a plan.
func plannedDataPlane(built *plan.Plan) (dataPlane, error) {
	var planned dataPlane
	for _, component := range built.Components {
		for _, o := range component.Objects {
			if o.GVK != object.DaemonSet.GVK {
				continue
			}
			daemonSet := &appsv1.DaemonSet{}
			if err := json.Unmarshal(o.Body, daemonSet); err != nil {
				return planned, fmt.Errorf("decoding %s: %w", o.Key(), err)
			}
			planned.set(component.Name, daemonSet)
		}
	}
	return planned, nil
}

func (d *dataPlane) set(component string, daemonSet *appsv1.DaemonSet) {
	switch component {
	case v1.ComponentCNI:
		d.cni = daemonSet
	case v1.ComponentZtunnel:
		d.ztunnel = daemonSet
	}
}

// keepsDataPlane reports, without decoding an object, whether the plan has a ztunnel and none of
// its DaemonSets is to be applied: so it is in every attempt with nothing to do.
func (r *Reconciler) keepsDataPlane(built *plan.Plan) bool {
	ztunnel := false
	for _, component := range built.Components {
		for _, o := range component.Objects {
			if o.GVK != object.DaemonSet.GVK {
				continue
			}
			if r.applier.State(o) == apply.Stale {
				return false
			}
			ztunnel = ztunnel || component.Name == v1.ComponentZtunnel
		}
	}
	return ztunnel
}

// mayCutOffPods reports, without a request, whether applying a plan that changes the data plane
// may take ztunnel or istio-cni away from pods.
func mayCutOffPods(running, planned dataPlane, built *plan.Plan) bool {
	switch {
	case planned.ztunnel == nil: // Once ambient is off in istio-cni, it takes no pod out any more, and nothing is to be waited for.
		return running.cni == nil || planned.cni == nil || cniConfigChanges(running, planned) || cniKeepsAmbient(built)
	case running.cni == nil || planned.cni == nil:
		return false
	default:
		return placementChanges(running, planned) || cniConfigChanges(running, planned)
	}
}

// cniKeepsAmbient reports whether istio-cni takes pods into the mesh and out of it by the plan.
func cniKeepsAmbient(built *plan.Plan) bool {
	settings, err := plannedSelection(built)
	return err != nil || !enrollment.SelectionOf(settings).Empty()
}

// cniConfigChanges reports whether istio-cni is to get other settings.
func cniConfigChanges(running, planned dataPlane) bool {
	return configDigest(running.cni) != configDigest(planned.cni)
}

// placementChanges reports whether one of the DaemonSets may leave nodes.
func placementChanges(running, planned dataPlane) bool {
	return !enrollment.SamePlacement(running.cni.Spec.Template.Spec, planned.cni.Spec.Template.Spec) ||
		!enrollment.SamePlacement(running.ztunnel.Spec.Template.Spec, planned.ztunnel.Spec.Template.Spec)
}

func configDigest(daemonSet *appsv1.DaemonSet) string {
	return daemonSet.Spec.Template.Annotations[v1.ConfigDigestAnnotation]
}

// compareDataPlanes returns what applying the plan does to pods in the mesh.
func (r *Reconciler) compareDataPlanes(ctx context.Context, a *attempt, running, planned dataPlane) (enrollment.Change, error) {
	if planned.ztunnel == nil {
		return enrollment.Change{Removed: true}, nil
	}
	change := enrollment.Change{}
	var err error
	if placementChanges(running, planned) {
		if change.Nodes, err = r.uncoveredNodes(ctx, running, planned); err != nil {
			return change, err
		}
	}
	if cniConfigChanges(running, planned) {
		change.Selection, err = r.changedSelection(ctx, a)
	}
	return change, err
}

// uncoveredNodes lists the nodes that ztunnel or istio-cni leaves.
func (r *Reconciler) uncoveredNodes(ctx context.Context, running, planned dataPlane) ([]string, error) {
	nodes, err := r.clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return nil, fmt.Errorf("listing nodes: %w", err)
	}
	left := slices.Concat(
		enrollment.UncoveredNodes(running.cni.Spec.Template.Spec, planned.cni.Spec.Template.Spec, nodes.Items),
		enrollment.UncoveredNodes(running.ztunnel.Spec.Template.Spec, planned.ztunnel.Spec.Template.Spec, nodes.Items))
	slices.Sort(left)
	return slices.Compact(left), nil
}

// changedSelection returns what istio-cni is to select, if it selects something else now.
// It is listed by name: the operator has no right to get it.
func (r *Reconciler) changedSelection(ctx context.Context, a *attempt) (*enrollment.Selection, error) {
	named := fields.OneTermEqualSelector(metav1.ObjectNameField, enrollment.SelectionConfigMap).String()
	found, err := r.clientset.CoreV1().ConfigMaps(namespaceOf(a.smc)).List(ctx, metav1.ListOptions{FieldSelector: named})
	if err != nil {
		return nil, fmt.Errorf("reading istio-cni's settings: %w", err)
	}
	planned, err := plannedSelection(a.Plan)
	if err != nil || len(found.Items) == 0 {
		return nil, err
	}
	if after := enrollment.SelectionOf(planned); !reflect.DeepEqual(enrollment.SelectionOf(found.Items[0].Data), after) {
		return &after, nil
	}
	return nil, nil
}

// plannedSelection returns istio-cni's settings of a plan.
func plannedSelection(built *plan.Plan) (map[string]string, error) {
	for _, o := range built.Objects() {
		if o.Name != enrollment.SelectionConfigMap {
			continue
		}
		settings := corev1.ConfigMap{}
		if err := json.Unmarshal(o.Body, &settings); err != nil {
			return nil, fmt.Errorf("decoding %s: %w", o.Key(), err)
		}
		return settings.Data, nil
	}
	return nil, nil
}

// rulesLeftBy returns the version of istio-cni, if it may leave rules in pods that it takes
// out of the mesh. Empty otherwise.
func rulesLeftBy(smc *v1.ServiceMeshController, cni *appsv1.DaemonSet) string {
	version := status.ComponentNamed(smc.Status.Components, v1.ComponentCNI).Version
	if cni == nil || !istio.LeavesRules(version) || hasVariable(cni, istio.BackendVariable) {
		return ""
	}
	return version
}

// hasVariable reports whether a container of the DaemonSet has that environment variable.
func hasVariable(daemonSet *appsv1.DaemonSet, name string) bool {
	return slices.ContainsFunc(daemonSet.Spec.Template.Spec.Containers, func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == name && v.Value != "" })
	})
}

// mayHaveRestarted reports whether the DaemonSet has changed since it was created. That one of
// its pods alone has restarted does not show here.
func mayHaveRestarted(daemonSet *appsv1.DaemonSet) bool { return daemonSet.Generation > 1 }

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/enrollment"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

const (
	// podPage is how many pods one request lists.
	podPage = 500
	// nodesListed is how many nodes have their pods listed one by one. The pods of more nodes are
	// found among all pods.
	nodesListed = 20
)

// findCutOff lists the pods that a change cuts off, and those of them that nothing takes out
// of the mesh.
func (r *Reconciler) findCutOff(ctx context.Context, smc *v1.ServiceMeshController, running dataPlane, change enrollment.Change) (enrollment.Findings, error) {
	findings := enrollment.Findings{}
	var err error
	if findings.Pods, err = r.cutOffPods(ctx, change); err != nil || len(findings.Pods) == 0 {
		return findings, err
	}
	findings.CNIMissing = running.cni == nil
	findings.StuckPods, findings.UncheckedNodes, err = r.stuckPods(ctx, smc, running)
	return findings, err
}

// cutOffPods lists the pods that a change cuts off.
func (r *Reconciler) cutOffPods(ctx context.Context, change enrollment.Change) ([]enrollment.Pod, error) {
	if change.Removed {
		return r.podsInMesh(ctx)
	}
	cut, err := r.podsOnNodes(ctx, change.Nodes)
	if err != nil || change.Selection == nil {
		return cut, err
	}
	all, err := r.podsInMesh(ctx)
	if err != nil {
		return nil, err
	}
	labels, err := r.namespaceLabels(ctx)
	return enrollment.Union(cut, change.Selection.Dropped(all, labels)), err
}

// podsOnNodes lists the pods in the mesh on those nodes.
func (r *Reconciler) podsOnNodes(ctx context.Context, nodes []string) ([]enrollment.Pod, error) {
	if len(nodes) > nodesListed {
		return r.podsAmongAll(ctx, nodes)
	}
	var found []enrollment.Pod
	for _, node := range nodes {
		there, err := r.podsInMesh(ctx, fields.OneTermEqualSelector("spec.nodeName", node))
		if err != nil {
			return nil, err
		}
		found = enrollment.Union(found, there)
	}
	return found, nil
}

// podsAmongAll finds the pods in the mesh on those nodes among all pods. It reads whole pods:
// their metadata does not contain the node.
func (r *Reconciler) podsAmongAll(ctx context.Context, nodes []string) ([]enrollment.Pod, error) {
	var found []enrollment.Pod
	err := r.eachRunningPod(ctx, enrollment.Scope{}, func(pod *corev1.Pod) {
		if slices.Contains(nodes, pod.Spec.NodeName) {
			found = append(found, enrollment.Redirected([]metav1.PartialObjectMetadata{{ObjectMeta: pod.ObjectMeta}})...)
		}
	})
	if err != nil {
		return nil, podsError(err)
	}
	return enrollment.Union(found, nil), nil
}

// eachRunningPod calls do for each pod of a scope that runs, a page at a time.
func (r *Reconciler) eachRunningPod(ctx context.Context, scope enrollment.Scope, do func(*corev1.Pod)) error {
	options := metav1.ListOptions{Limit: podPage, LabelSelector: scope.Labels, FieldSelector: enrollment.Running}
	for {
		page, err := r.clientset.CoreV1().Pods(scope.Namespace).List(ctx, options)
		if err != nil {
			return err
		}
		for i := range page.Items {
			do(&page.Items[i])
		}
		if options.Continue = page.Continue; options.Continue == "" {
			return nil
		}
	}
}

// podsForbiddenError is the denial of the permission to list pods of all namespaces.
type podsForbiddenError struct{ cause error }

func (e *podsForbiddenError) Error() string { return e.cause.Error() }

func (e *podsForbiddenError) Unwrap() error { return e.cause }

// podsError is the error of a list of pods.
func podsError(err error) error {
	if apierrors.IsForbidden(err) {
		return &podsForbiddenError{cause: err}
	}
	return err
}

// podsInMesh lists the pods in the mesh that match the field selectors, in all namespaces. It
// reads metadata only, so the API server filters by spec and status.
func (r *Reconciler) podsInMesh(ctx context.Context, selectors ...fields.Selector) ([]enrollment.Pod, error) {
	running, err := fields.ParseSelector(enrollment.Running)
	if err != nil {
		return nil, err
	}
	options := metav1.ListOptions{Limit: podPage, FieldSelector: fields.AndSelectors(append(selectors, running)...).String()}
	var found []enrollment.Pod
	for {
		page, err := r.metadata.Resource(corev1.SchemeGroupVersion.WithResource("pods")).List(ctx, options)
		if err != nil {
			return nil, podsError(err)
		}
		found = append(found, enrollment.Redirected(page.Items)...)
		if options.Continue = page.Continue; options.Continue == "" {
			return enrollment.Union(found, nil), nil
		}
	}
}

// namespaceLabels returns the labels of all namespaces, by name.
func (r *Reconciler) namespaceLabels(ctx context.Context) (map[string]map[string]string, error) {
	all, err := r.namespaces(ctx)
	labels := map[string]map[string]string{}
	for i := range all {
		labels[all[i].Name] = all[i].Labels
	}
	return labels, err
}

// namespaces lists the metadata of all namespaces.
func (r *Reconciler) namespaces(ctx context.Context) ([]metav1.PartialObjectMetadata, error) {
	list, err := r.metadata.Resource(corev1.SchemeGroupVersion.WithResource("namespaces")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// stuckPods lists the pods in the mesh on nodes where istio-cni or ztunnel is not ready, and how many
// more such nodes there are than it checks. An istio-cni that is missing says nothing of a node.
func (r *Reconciler) stuckPods(ctx context.Context, smc *v1.ServiceMeshController, running dataPlane) ([]enrollment.StuckPods, int, error) {
	facts, blocker := r.readFacts(smc)
	if blocker != nil {
		return nil, 0, nil // What cannot be read yet starts the next attempt.
	}
	nodes := notReady(facts)
	for _, daemonSet := range []*appsv1.DaemonSet{running.cni, running.ztunnel} {
		without, err := r.nodesWithoutAgent(ctx, daemonSet, facts.Nodes)
		if err != nil {
			return nil, 0, err
		}
		nodes = append(nodes, without...)
	}
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	listed := nodes[:min(nodesListed, len(nodes))]
	stuck, err := r.podsByNode(ctx, listed)
	return stuck, len(nodes) - len(listed), err
}

// podsByNode lists the pods in the mesh on each of those nodes that has some.
func (r *Reconciler) podsByNode(ctx context.Context, nodes []string) ([]enrollment.StuckPods, error) {
	var found []enrollment.StuckPods
	for _, node := range nodes {
		pods, err := r.podsInMesh(ctx, fields.OneTermEqualSelector("spec.nodeName", node))
		if err != nil {
			return nil, err
		}
		if len(pods) > 0 {
			found = append(found, enrollment.StuckPods{Node: node, Pods: pods})
		}
	}
	return found, nil
}

// nodesWithoutAgent lists the nodes that have no ready pod of a DaemonSet. None, without a
// request, where all of its pods are ready, or there is no such DaemonSet.
func (r *Reconciler) nodesWithoutAgent(ctx context.Context, daemonSet *appsv1.DaemonSet, nodes []preflight.Node) ([]string, error) {
	if daemonSet == nil {
		return nil, nil
	}
	names := make([]string, len(nodes))
	for i, node := range nodes {
		names[i] = node.Name
	}
	if observed := daemonSet.Status; observed.DesiredNumberScheduled > 0 && observed.NumberReady >= observed.DesiredNumberScheduled {
		return nil, nil
	}
	owned := apply.Owned{Object: daemonSet}
	owned.Namespace = daemonSet.Namespace
	pods, err := r.podsOf(ctx, owned)
	if err != nil || len(pods) >= podListLimit {
		return nil, err
	}
	return enrollment.WithoutReadyPod(names, pods), nil
}

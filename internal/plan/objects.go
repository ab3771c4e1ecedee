// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

const (
	// podSecurityEnforce lets istio-cni and ztunnel, which need host paths and
	// capabilities, run in the namespace:
	// https://kubernetes.io/docs/concepts/security/pod-security-admission/.
	podSecurityEnforce = "pod-security.kubernetes.io/enforce"
	// topologyNetwork names the network of the cluster's control plane:
	// https://istio.io/latest/docs/ambient/install/multicluster/.
	topologyNetwork = "topology.istio.io/network"
)

// finish labels the component's objects, puts them in order and encodes them.
func finish(component Component, objects []*unstructured.Unstructured, input Input) (Component, error) {
	namespace := namespaceOf(input.Spec)
	if component.Name == v1.ComponentBase {
		objects = append(objects, installNamespace(namespace, input.Spec.Network))
		for _, secret := range input.PullSecrets {
			objects = append(objects, copyOf(secret, namespace))
		}
	}
	if err := digestConfiguration(objects); err != nil {
		return Component{}, err
	}
	hashes := make([]string, 0, len(objects))
	for _, object := range objects {
		mark(object, component, input.Owner, namespace)
		encoded, err := encode(object)
		if err != nil {
			return Component{}, err
		}
		component.Objects = append(component.Objects, encoded)
	}
	slices.SortStableFunc(component.Objects, compare)
	for _, object := range component.Objects {
		hashes = append(hashes, object.Hash)
	}
	component.Digest = digest([]any{component.Version, component.Values.Values, hashes})
	return component, nil
}

func compare(a, b object.Object) int {
	return cmp.Or(
		cmp.Compare(a.Wave, b.Wave), cmp.Compare(a.GVK.Kind, b.GVK.Kind),
		cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

func encode(made *unstructured.Unstructured) (object.Object, error) {
	body, err := json.Marshal(made.Object)
	if err != nil {
		return object.Object{}, fmt.Errorf("encoding %s %s: %w", made.GetKind(), made.GetName(), err)
	}
	kind, err := object.KindOf(made.GroupVersionKind())
	if err != nil {
		return object.Object{}, err
	}
	return object.Object{
		GVK: kind.GVK, Namespace: made.GetNamespace(), Name: made.GetName(),
		Wave: kind.Wave, Body: body, Hash: hash(body),
	}, nil
}

// mark puts the owner's labels on an object and, where it comes from a chart,
// Helm's annotations.
func mark(object *unstructured.Unstructured, component Component, owner, namespace string) {
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[v1.OwnerLabel], labels[v1.ComponentLabel] = owner, component.Name
	object.SetLabels(labels)
	if component.Rendered == nil || !fromChart(object) {
		return
	}
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1.HelmReleaseAnnotation], annotations[v1.HelmNamespaceAnnotation] = component.Name, namespace
	if object.GetKind() == "CustomResourceDefinition" {
		annotations[v1.HelmPolicyAnnotation] = "keep" // Some releases forget it on WorkloadGroups.
	}
	object.SetAnnotations(annotations)
}

// fromChart reports whether charts may make objects of the kind.
func fromChart(made *unstructured.Unstructured) bool {
	kind, err := object.KindOf(made.GroupVersionKind())
	return err == nil && !kind.OperatorOnly
}

func installNamespace(name, network string) *unstructured.Unstructured {
	labels := map[string]any{podSecurityEnforce: "privileged"}
	if network != "" {
		labels[topologyNetwork] = network
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace",
		// Helm deletes what an upgrade of the operator's chart no longer has, unless it says so.
		"metadata": map[string]any{"name": name, "labels": labels, "annotations": map[string]any{v1.HelmPolicyAnnotation: "keep"}},
	}}
}

// InstallNamespace is the namespace alone, as the plan of that spec has it.
func InstallNamespace(owner string, spec v1.ServiceMeshControllerSpec) (object.Object, error) {
	namespace := namespaceOf(spec)
	made := installNamespace(namespace, spec.Network)
	mark(made, Component{Name: v1.ComponentBase}, owner, namespace)
	return encode(made)
}

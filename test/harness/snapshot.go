// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// Snapshot is what a cluster holds of the kinds that the operator writes, whoever
// made it: for each object what a user would call it, in JSON. Names and labels of
// Helm's releases stand for what is in them.
//
// Left out is what differs between two installations that are equal: what Kubernetes
// keeps for itself, unique identifiers, versions, times, addresses that the API server
// gives out, the status of all but the ServiceMeshController, and the managed fields
// of others. The generation is kept for workloads, where a needless change is a
// needless rollout.
type Snapshot map[string]string

// Snapshot reads the cluster.
func (e *Env) Snapshot(ctx context.Context) (Snapshot, error) {
	gvks := []schema.GroupVersionKind{v1.GroupVersion.WithKind("ServiceMeshController"), corev1.SchemeGroupVersion.WithKind("Secret")}
	for _, kind := range object.Kinds() {
		if !kind.Unwatched && kind.GVK != crdKind {
			gvks = append(gvks, kind.GVK)
		}
	}
	snapshot := Snapshot{}
	for _, gvk := range gvks {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(gvk)
		if err := e.API.List(ctx, list); err != nil {
			return nil, fmt.Errorf("listing %s: %w", gvk.Kind, err)
		}
		for i := range list.Items {
			if !controlPlane(&list.Items[i]) {
				snapshot[nameOf(gvk, &list.Items[i])] = text(&list.Items[i])
			}
		}
	}
	return snapshot, e.addCRDs(ctx, snapshot)
}

var crdKind = apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition")

// readCRD is a CRD as a snapshot has read it.
type readCRD struct {
	uid           types.UID
	version, text string
}

// addCRDs adds the CRDs. They are large and many, so those that have not changed
// since the last snapshot are not read again.
func (e *Env) addCRDs(ctx context.Context, snapshot Snapshot) error {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(crdKind)
	if err := e.API.List(ctx, list); err != nil {
		return fmt.Errorf("listing CRDs: %w", err)
	}
	for i := range list.Items {
		item := &list.Items[i]
		if known, ok := e.read.Load(item.Name); ok {
			if crd := known.(readCRD); crd.uid == item.UID && crd.version == item.ResourceVersion {
				snapshot[nameOf(crdKind, item)] = crd.text
				continue
			}
		}
		crd := &unstructured.Unstructured{}
		crd.SetGroupVersionKind(crdKind)
		if err := e.API.Get(ctx, client.ObjectKeyFromObject(item), crd); err != nil {
			return fmt.Errorf("reading CRD %s: %w", item.Name, err)
		}
		snapshot[nameOf(crdKind, crd)] = text(crd)
		e.read.Store(item.Name, readCRD{uid: crd.GetUID(), version: crd.GetResourceVersion(), text: text(crd)})
	}
	return nil
}

func nameOf(gvk schema.GroupVersionKind, object client.Object) string {
	return gvk.Kind + " " + client.ObjectKeyFromObject(object).String()
}

// text is what of an object counts, in JSON.
func text(object *unstructured.Unstructured) string {
	content, err := json.MarshalIndent(essence(object), "", " ")
	if err != nil {
		return err.Error() // Cannot be: it came from JSON.
	}
	return string(content)
}

// controlPlane matches what Kubernetes keeps for itself, which differs from one cluster
// to another.
func controlPlane(object metav1.Object) bool {
	return strings.HasPrefix(object.GetNamespace(), "kube-") || object.GetName() == "kube-root-ca.crt" ||
		object.GetNamespace() == metav1.NamespaceDefault && object.GetName() == "kubernetes"
}

// Difference describes how this snapshot differs from another one, line by line; it is
// empty where it does not.
func (s Snapshot) Difference(from Snapshot) string {
	var differences []string
	names := maps.Clone(s)
	maps.Copy(names, from)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		is, here := s[name]
		was, there := from[name]
		switch {
		case !here:
			differences = append(differences, name+" is missing")
		case !there:
			differences = append(differences, name+" is too many")
		case is != was:
			differences = append(differences, name+" differs:"+lines(was, is))
		}
	}
	return strings.Join(differences, "\n")
}

// lines shows how two texts differ, each place with a line around it.
func lines(before, after string) string {
	differences, err := udiff.ToUnified("before", "after", before, udiff.Lines(before, after), 1)
	if err != nil {
		return err.Error() // Cannot be: the edits are of these lines.
	}
	return "\n" + differences
}

// essence is what of an object is the same in two equal installations.
func essence(object *unstructured.Unstructured) map[string]any {
	content := object.DeepCopy().Object
	kind := object.GetKind()
	fields := ownFields(object)
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink"} {
		unstructured.RemoveNestedField(content, "metadata", field)
	}
	if kind != "Deployment" && kind != "DaemonSet" {
		unstructured.RemoveNestedField(content, "metadata", "generation")
	}
	switch kind {
	case "ServiceMeshController":
		dropTimes(content["status"])
	case "Secret":
		delete(content, "data")
		for _, label := range []string{"createdAt", "modifiedAt"} {
			unstructured.RemoveNestedField(content, "metadata", "labels", label)
		}
	case "Service":
		unstructured.RemoveNestedField(content, "spec", "clusterIP")
		unstructured.RemoveNestedField(content, "spec", "clusterIPs")
		delete(content, "status")
	case "RoleBinding":
		if object.GetName() == v1.NamespaceRole {
			fields = "" // The chart's: the operator binds its rights again where it was denied something.
		}
	default:
		delete(content, "status")
	}
	content["fields of "+v1.FieldManager] = fields
	return content
}

// times are the fields of a ServiceMeshController's status that are times.
var times = []string{"lastTransitionTime", "time", "duration", "startTime", "progressTime"}

// dropTimes leaves out when something was, in a status and all that stands in it.
func dropTimes(content any) {
	switch content := content.(type) {
	case map[string]any:
		for _, field := range times {
			delete(content, field)
		}
		for _, inner := range content {
			dropTimes(inner)
		}
	case []any:
		for _, inner := range content {
			dropTimes(inner)
		}
	}
}

// ownFields are the fields that the operator's applies own.
func ownFields(object metav1.Object) string {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == v1.FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.FieldsV1 != nil {
			return entry.FieldsV1.GetRawString()
		}
	}
	return ""
}

// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// installers are the field managers of tools that install things. What they set
// on an object that is taken over becomes ours; what others set, such as istiod's
// caBundle, stays theirs.
var installers = []string{
	"helm", "istioctl", "istio-operator", "before-first-apply",
	"kubectl", "kubectl-create", "kubectl-client-side-apply", "kubectl-replace",
	"argocd-controller", "helm-controller", "kustomize-controller", "terraform", "Terraform",
}

// TakeOver makes the installers' fields of those objects ours, so that the next
// apply removes what the plan does not have. It changes nothing else: no pod
// restarts for it. What has gone in the meantime is passed over, and what has changed
// fails with a conflict. It lists those that are left to be taken over.
func (a *Applier) TakeOver(ctx context.Context, objects []Foreign) (left []Foreign, err error) {
	taken := make([]bool, len(objects)) // Each is written by one goroutine.
	_, err = a.each(len(objects), func(i int) error {
		if err := a.takeOver(ctx, objects[i]); err != nil && !apierrors.IsNotFound(err) {
			return &ObjectError{Key: objects[i].Key, cause: err}
		}
		taken[i] = true
		return nil
	})
	for i := range objects {
		if !taken[i] {
			left = append(left, objects[i])
		}
	}
	return left, err
}

func (a *Applier) takeOver(ctx context.Context, foreign Foreign) error {
	kind, err := foreign.Kind()
	if err != nil {
		return err
	}
	entries, err := inherit(foreign.Object.GetManagedFields(), foreign.GVK.GroupVersion().String())
	if err != nil || entries == nil {
		return err
	}
	patch, err := json.Marshal([]map[string]any{
		{"op": "replace", "path": "/metadata/managedFields", "value": entries},
		{"op": "replace", "path": "/metadata/resourceVersion", "value": foreign.Object.GetResourceVersion()},
	})
	if err != nil {
		return err
	}
	_, err = a.resource(kind, foreign.Namespace).Patch(ctx, foreign.Name, types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: v1.FieldManager})
	return err
}

// inherit merges the entries of installers, and that of whoever made the object,
// into one of ours. It returns nil where there is nothing to inherit.
//
// It does for any installer what k8s.io/client-go/util/csaupgrade does for
// kubectl's client-side apply.
func inherit(entries []metav1.ManagedFieldsEntry, apiVersion string) ([]metav1.ManagedFieldsEntry, error) {
	maker := makerOf(entries)
	fields := &fieldpath.Set{}
	var kept []metav1.ManagedFieldsEntry
	for _, entry := range entries {
		inherited := entry.Subresource == "" && entry.APIVersion == apiVersion && entry.FieldsV1 != nil &&
			(entry.Manager == maker || entry.Manager == v1.FieldManager || slices.Contains(installers, entry.Manager))
		if !inherited {
			kept = append(kept, entry)
			continue
		}
		theirs, err := decodeFields(entry.FieldsV1.GetRawBytes())
		if err != nil {
			return nil, err
		}
		fields = fields.Union(theirs)
	}
	if fields.Empty() {
		return nil, nil
	}
	encoded, err := fields.ToJSON()
	if err != nil {
		return nil, fmt.Errorf("writing managed fields: %w", err)
	}
	now, owned := metav1.Now(), &metav1.FieldsV1{}
	owned.SetRawBytes(encoded)
	return append(kept, metav1.ManagedFieldsEntry{
		Manager: v1.FieldManager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: apiVersion, Time: &now,
		FieldsType: "FieldsV1", FieldsV1: owned,
	}), nil
}

// makerOf is the manager of the oldest entry: who made the object.
func makerOf(entries []metav1.ManagedFieldsEntry) string {
	var oldest *metav1.ManagedFieldsEntry
	for i := range entries {
		if entries[i].Subresource == "" && (oldest == nil || unix(entries[i].Time) < unix(oldest.Time)) {
			oldest = &entries[i]
		}
	}
	if oldest == nil {
		return ""
	}
	return oldest.Manager
}

// Adopt puts the labels of owner and component on an object that the plan does not
// have, so that it is pruned like any other that the plan no longer has. It fails with
// a conflict where the object is no longer the one, or not as it was, that was found.
func (a *Applier) Adopt(ctx context.Context, leftover Foreign, owner, component string) error {
	kind, err := leftover.Kind()
	if err != nil {
		return err
	}
	body, err := json.Marshal(metav1.PartialObjectMetadata{
		TypeMeta: metav1.TypeMeta{APIVersion: leftover.GVK.GroupVersion().String(), Kind: leftover.GVK.Kind},
		ObjectMeta: metav1.ObjectMeta{
			Name: leftover.Name, Namespace: leftover.Namespace,
			UID: leftover.Object.GetUID(), ResourceVersion: leftover.Object.GetResourceVersion(),
			Labels: map[string]string{v1.OwnerLabel: owner, v1.ComponentLabel: component},
		},
	})
	if err != nil {
		return err
	}
	if _, err := a.send(ctx, kind, leftover.Key, body); err != nil {
		return &ObjectError{Key: leftover.Key, cause: err}
	}
	return nil
}

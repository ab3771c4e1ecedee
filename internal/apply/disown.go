// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Disown leaves objects to whoever else manages them: it removes the labels of owner and
// component, and the operator's entry in managedFields. Their content stays as it is. An
// object that has changed in the meantime fails with a conflict. One that the cache still
// shows as it was before Disown is not asked for again. It returns what it has left now.
func (a *Applier) Disown(ctx context.Context, objects []Owned) (left []Owned, err error) {
	objects = slices.DeleteFunc(slices.Clone(objects), a.hasDisowned)
	_, err = a.each(len(objects), func(i int) error {
		if err := a.disown(ctx, objects[i]); err != nil {
			return &ObjectError{Key: objects[i].Key, cause: err}
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.records, objects[i].Key)
		a.disowned[objects[i].Object.GetUID()] = objects[i].Object.GetResourceVersion()
		left = append(left, objects[i])
		return nil
	})
	return left, err
}

// hasDisowned reports whether this state of the object is the one before Disown.
func (a *Applier) hasDisowned(owned Owned) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	version, found := a.disowned[owned.Object.GetUID()]
	return found && version == owned.Object.GetResourceVersion()
}

func (a *Applier) disown(ctx context.Context, owned Owned) error {
	kind, err := owned.Kind()
	if err != nil {
		return err
	}
	patch, err := json.Marshal(disowning(owned.Object))
	if err != nil {
		return err
	}
	_, err = a.resource(kind, owned.Namespace).Patch(ctx, owned.Name, types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: v1.FieldManager})
	return err
}

// disowning is the JSON patch for Disown. To apply an empty object instead would delete the
// fields that no other manager owns: a Helm release that finds an object as it wants it owns
// none.
func disowning(object metav1.Object) []map[string]any {
	operations := []map[string]any{{"op": "replace", "path": "/metadata/resourceVersion", "value": object.GetResourceVersion()}}
	for _, label := range []string{v1.OwnerLabel, v1.ComponentLabel} {
		if _, found := object.GetLabels()[label]; found {
			operations = append(operations, map[string]any{"op": "remove", "path": "/metadata/labels/" + strings.ReplaceAll(label, "/", "~1")})
		}
	}
	kept := slices.DeleteFunc(slices.Clone(object.GetManagedFields()), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == v1.FieldManager
	})
	if len(kept) == 0 {
		kept = []metav1.ManagedFieldsEntry{{}} // What the API server takes for none.
	}
	return append(operations, map[string]any{"op": "replace", "path": "/metadata/managedFields", "value": kept})
}

// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// manipulation is something that somebody does to an object.
type manipulation struct {
	// name completes "a … object".
	name string
	// do does it to an object as it is in the cluster.
	do func(ctx context.Context, live *unstructured.Unstructured, field leaf) error
	// told is what the event must say besides the object's name.
	told func(field string) []string
	// deletes reports whether the object is another one afterwards.
	deletes bool
}

// The field managers by which somebody changes objects.
const (
	replacer = "somebody-who-replaces"
	patcher  = "somebody-who-patches"
	applier  = "somebody-who-applies"
)

// groups are the manipulations, in groups that an operator sees one after the
// other: more of them at once on one object would be an ownership conflict, which it goes about
// otherwise.
var groups = [][]manipulation{
	{
		{name: "deleted", do: remove, told: func(string) []string { return []string{"was deleted: created again"} }, deletes: true},
		{name: "replaced", do: replace, told: by(replacer)},
	},
	{
		{name: "patched", do: patch, told: by(patcher)},
		{name: "applied by force", do: applyByForce, told: by(applier)},
	},
	{
		{name: "unlabelled", do: unlabel, told: func(string) []string {
			return []string{"reverted .metadata.labels." + v1.OwnerLabel, "(removed)"}
		}},
	},
}

func by(manager string) func(string) []string {
	return func(field string) []string { return []string{"reverted " + field + " ", "changed by " + manager + ")"} }
}

// remove deletes the object, as kubectl delete does.
func remove(ctx context.Context, live *unstructured.Unstructured, _ leaf) error {
	return env.API.Delete(ctx, live)
}

// replace overwrites the field, as kubectl replace and kubectl edit do.
func replace(ctx context.Context, live *unstructured.Unstructured, field leaf) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		fresh := live.DeepCopy()
		if err := env.API.Get(ctx, client.ObjectKeyFromObject(live), fresh); err != nil {
			return err
		}
		if err := set(fresh.Object, field.path, field.theirs); err != nil {
			return err
		}
		return env.API.Update(ctx, fresh, client.FieldOwner(replacer))
	})
}

// patch overwrites the field by a merge patch, or by a JSON patch where the way to
// the field goes through a list.
func patch(ctx context.Context, live *unstructured.Unstructured, field leaf) error {
	kind, content := types.MergePatchType, any(field.alone(live).Object)
	if field.throughLists() {
		kind, content = types.JSONPatchType, []any{map[string]any{"op": "replace", "path": pointer(field.path), "value": field.theirs}}
	}
	return send(ctx, live, kind, content, patcher)
}

// applyByForce takes the field over by server-side apply.
func applyByForce(ctx context.Context, live *unstructured.Unstructured, field leaf) error {
	return env.API.Apply(ctx, client.ApplyConfigurationFromUnstructured(field.alone(live)), client.FieldOwner(applier), client.ForceOwnership)
}

// unlabel removes the label by which the operator's watches select.
func unlabel(ctx context.Context, live *unstructured.Unstructured, _ leaf) error {
	content := map[string]any{"metadata": map[string]any{"labels": map[string]any{v1.OwnerLabel: nil}}}
	return send(ctx, live, types.MergePatchType, content, patcher)
}

func send(ctx context.Context, live *unstructured.Unstructured, kind types.PatchType, content any, manager string) error {
	encoded, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return env.API.Patch(ctx, live.DeepCopy(), client.RawPatch(kind, encoded), client.FieldOwner(manager))
}

// target is an object of a plan and what is done to it.
type target struct {
	name  string
	live  *unstructured.Unstructured
	field leaf
}

// suffers reports whether that is done to the target: a Namespace is not deleted, since
// everything in it, the users' own included, would go with it.
func (t target) suffers(m manipulation) bool { return !m.deletes || t.live.GetKind() != "Namespace" }

// read reads an object as it is in the cluster.
func read(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(object.GroupVersionKind())
	return live, env.API.Get(ctx, client.ObjectKeyFromObject(object), live)
}

// backAs reports whether the object is back as it was before a manipulation.
func (t target) backAs(ctx context.Context, before *unstructured.Unstructured, m manipulation) error {
	live, err := read(ctx, before)
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s is not there", t.name)
	case err != nil:
		return err
	case live.GetDeletionTimestamp() != nil:
		return fmt.Errorf("%s is being deleted", t.name)
	case (live.GetUID() != before.GetUID()) != m.deletes:
		return fmt.Errorf("%s is another object than expected", t.name)
	}
	for _, path := range [][]step{t.field.path, ownerLabel} {
		ours, _ := lookup(before.Object, path)
		if is, _ := lookup(live.Object, path); !same(ours, is) {
			return fmt.Errorf("%s: %s is %v instead of %v", t.name, dotted(path, live.Object), is, ours)
		}
	}
	return nil
}

func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"cmp"
	"context"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Removable lists those of the objects that may be removed: no CRD, no namespace,
// nothing that Helm would keep, nothing that is to be left alone.
func Removable(owned []Owned) []Owned {
	return slices.DeleteFunc(slices.Clone(owned), func(o Owned) bool {
		kind, err := kindOf(o.GVK)
		return err != nil || kind.Lasting || o.Object.GetAnnotations()[v1.HelmPolicyAnnotation] == "keep" || ignored(o.Object)
	})
}

// ignored tells an object that a person wants left alone.
func ignored(object metav1.Object) bool {
	return object.GetAnnotations()[v1.IgnoreAnnotation] == "true"
}

// Unwanted lists those of the objects that are not among the wanted.
func Unwanted(owned []Owned, wanted []Object) []Owned {
	keys := make(map[Key]bool, len(wanted))
	for _, object := range wanted {
		keys[object.Key()] = true
	}
	return slices.DeleteFunc(slices.Clone(owned), func(o Owned) bool { return keys[o.Key] })
}

// Workload tells an object that runs pods.
func (o Owned) Workload() bool { return o.GVK == deploymentKind.GVK || o.GVK == daemonSetKind.GVK }

// Webhook tells an object that makes the API server ask the mesh.
func (o Owned) Webhook() bool {
	return o.GVK.Group == validatingKind.GVK.Group
}

// Delete deletes the objects, in parallel, once each, and tells how many it has
// deleted now. Workloads stay visible until their pods are gone. An object that has
// been replaced by another of its name in the meantime is left alone.
func (a *Applier) Delete(ctx context.Context, objects []Owned) (done int, err error) {
	claimed := slices.DeleteFunc(slices.Clone(objects), func(o Owned) bool { return !a.claim(o) })
	if len(claimed) == 0 {
		return 0, nil
	}
	sent := make([]bool, len(claimed)) // Each is written by one goroutine.
	done, err = a.each(len(claimed), func(i int) error {
		if err := a.delete(ctx, claimed[i]); err != nil {
			return &ObjectError{Key: claimed[i].Key, cause: err}
		}
		sent[i] = true
		return nil
	})
	for i, object := range claimed {
		if !sent[i] {
			a.release(object)
		}
	}
	return done, err
}

func (a *Applier) delete(ctx context.Context, object Owned) error {
	if object.Workload() {
		return a.deleteNow(ctx, object.Key, object.Object.GetUID(), metav1.DeletePropagationForeground)
	}
	return a.deleteNow(ctx, object.Key, object.Object.GetUID(), metav1.DeletePropagationBackground)
}

// Release ends the wait for the pods of a workload that is being deleted: the workload
// goes at once, and the garbage collector deletes its pods when their nodes let it.
func (a *Applier) Release(ctx context.Context, workload Owned) error {
	err := a.deleteNow(ctx, workload.Key, workload.Object.GetUID(), metav1.DeletePropagationBackground)
	if err != nil {
		return &ObjectError{Key: workload.Key, cause: err}
	}
	return nil
}

// deleteNow deletes the object that has that UID. That it has gone is no error.
func (a *Applier) deleteNow(ctx context.Context, key Key, uid types.UID, propagation metav1.DeletionPropagation) error {
	kind, err := kindOf(key.GVK)
	if err != nil {
		return err
	}
	err = a.resource(kind, key.Namespace).Delete(ctx, key.Name,
		metav1.DeleteOptions{PropagationPolicy: &propagation, Preconditions: &metav1.Preconditions{UID: &uid}})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// claim tells whether the object is still to be deleted, and marks it as being so:
// until the cache shows that it is gone, it must not be deleted again.
func (a *Applier) claim(object Owned) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if object.Object.GetDeletionTimestamp() != nil || a.deleted[object.Object.GetUID()] {
		return false
	}
	a.deleted[object.Object.GetUID()] = true
	delete(a.memories, object.Key)
	delete(a.free, object.Key) // Whoever makes an object of that name now is somebody else.
	return true
}

func (a *Applier) release(object Owned) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.deleted, object.Object.GetUID())
}

// Doubt makes an object be applied anew.
func (a *Applier) Doubt(key Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.memories, key)
}

// Retain drops what is remembered of all but those objects, and of deletions that have
// come to pass: what is owned is what the cache still shows. A name that comes back later
// is looked at like any other.
func (a *Applier) Retain(objects []Object, owned []Owned) {
	wanted, shown := make(map[Key]bool, len(objects)), make(map[types.UID]bool, len(owned))
	for _, object := range objects {
		wanted[object.Key()] = true
	}
	for _, object := range owned {
		shown[object.Object.GetUID()] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	retain(a.memories, wanted)
	retain(a.differing, wanted)
	retain(a.tried, wanted)
	retain(a.contests, wanted)
	retain(a.ignoredStates, wanted)
	retain(a.free, wanted)
	retain(a.deleted, shown)
}

func retain[K comparable, V any](remembered map[K]V, wanted map[K]bool) {
	maps.DeleteFunc(remembered, func(key K, _ V) bool { return !wanted[key] })
}

// Forget drops what is remembered of all objects, as when the mesh is gone.
func (a *Applier) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.memories)
	clear(a.differing)
	clear(a.tried)
	clear(a.contests)
	clear(a.ignoredStates)
	clear(a.free)
	clear(a.deleted)
	a.unlisted = nil
}

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.GVK.Kind, b.GVK.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

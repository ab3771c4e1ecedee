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
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// Removable lists those of the objects that may be removed: no CRD, no namespace,
// nothing that Helm would keep, nothing that is to be left alone.
func Removable(owned []Owned) []Owned {
	return slices.DeleteFunc(slices.Clone(owned), func(o Owned) bool {
		kind, err := o.Kind()
		return err != nil || kind.Retained || o.Object.GetAnnotations()[v1.HelmPolicyAnnotation] == "keep" || ignored(o.Object)
	})
}

// NotIgnored lists those of the objects that are not annotated to be ignored.
func NotIgnored(owned []Owned) []Owned {
	return slices.DeleteFunc(slices.Clone(owned), func(o Owned) bool { return ignored(o.Object) })
}

// ignored recognizes an object that a person wants left alone.
func ignored(object metav1.Object) bool {
	return object.GetAnnotations()[v1.IgnoreAnnotation] == "true"
}

// Unwanted lists those of the objects that are not among the wanted.
func Unwanted(owned []Owned, wanted []object.Object) []Owned {
	keys := make(map[object.Key]bool, len(wanted))
	for _, object := range wanted {
		keys[object.Key()] = true
	}
	return slices.DeleteFunc(slices.Clone(owned), func(o Owned) bool { return keys[o.Key] })
}

// Webhook recognizes an object that makes the API server ask the mesh.
func (o Owned) Webhook() bool {
	return o.GVK.Group == object.ValidatingWebhookConfiguration.GVK.Group
}

// Delete deletes the objects, in parallel, once each, and returns how many it has
// deleted now. Workloads stay visible until their pods are gone. An object that has
// been replaced by another of its name in the meantime is left alone.
func (a *Applier) Delete(ctx context.Context, objects []Owned) (done int, err error) {
	return a.deleteAll(ctx, objects, func(o Owned) metav1.DeletionPropagation {
		if o.Workload() {
			return metav1.DeletePropagationForeground
		}
		return metav1.DeletePropagationBackground
	})
}

// Prune deletes the objects as Delete does, and does not keep workloads until their pods are
// gone: pods on a dead node never are. The garbage collector deletes them.
func (a *Applier) Prune(ctx context.Context, objects []Owned) (done int, err error) {
	return a.deleteAll(ctx, objects, func(Owned) metav1.DeletionPropagation { return metav1.DeletePropagationBackground })
}

func (a *Applier) deleteAll(ctx context.Context, objects []Owned, propagation func(Owned) metav1.DeletionPropagation) (done int, err error) {
	claimed := slices.DeleteFunc(slices.Clone(objects), func(o Owned) bool { return !a.claim(o) })
	if len(claimed) == 0 {
		return 0, nil
	}
	sent := make([]bool, len(claimed)) // Each is written by one goroutine.
	done, err = a.each(len(claimed), func(i int) error {
		if err := a.deleteNow(ctx, claimed[i].Key, claimed[i].Object.GetUID(), propagation(claimed[i])); err != nil {
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
func (a *Applier) deleteNow(ctx context.Context, key object.Key, uid types.UID, propagation metav1.DeletionPropagation) error {
	kind, err := key.Kind()
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

// claim reports whether the object is still to be deleted, and marks it as being so:
// until the cache shows that it is gone, it must not be deleted again.
func (a *Applier) claim(object Owned) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if object.Object.GetDeletionTimestamp() != nil || a.deleted[object.Object.GetUID()] {
		return false
	}
	a.deleted[object.Object.GetUID()] = true
	delete(a.records, object.Key)
	delete(a.free, object.Key) // Whoever makes an object of that name now is another client.
	return true
}

func (a *Applier) release(object Owned) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.deleted, object.Object.GetUID())
}

// Invalidate makes the next attempt apply the object again, whatever the cache shows.
func (a *Applier) Invalidate(key object.Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.records, key)
}

// Retain drops the records of all but those objects, and of deletions and disownings that
// have come to pass: what is owned is what the cache still shows. A name that comes back later
// is looked at like any other.
func (a *Applier) Retain(objects []object.Object, owned []Owned) {
	wanted, shown := make(map[object.Key]bool, len(objects)), make(map[types.UID]bool, len(owned))
	for _, object := range objects {
		wanted[object.Key()] = true
	}
	for _, object := range owned {
		shown[object.Object.GetUID()] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	retain(a.records, wanted)
	retain(a.differing, wanted)
	retain(a.accepted, wanted)
	retain(a.backoffs, wanted)
	retain(a.ignoredStates, wanted)
	retain(a.free, wanted)
	retain(a.deleted, shown)
	retain(a.disowned, shown)
}

func retain[K comparable, V any](records map[K]V, wanted map[K]bool) {
	maps.DeleteFunc(records, func(key K, _ V) bool { return !wanted[key] })
}

// Reset drops all records, as when there is no mesh any more.
func (a *Applier) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.records)
	clear(a.differing)
	clear(a.accepted)
	clear(a.backoffs)
	clear(a.ignoredStates)
	clear(a.free)
	clear(a.deleted)
	clear(a.disowned)
	a.unlisted = nil
}

func compareKeys(a, b object.Key) int {
	return cmp.Or(cmp.Compare(a.GVK.Kind, b.GVK.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"cmp"
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	kind, err := kindOf(object.GVK)
	if err != nil {
		return err
	}
	propagation := metav1.DeletePropagationBackground
	if object.Workload() {
		propagation = metav1.DeletePropagationForeground
	}
	uid := object.Object.GetUID()
	err = a.resource(kind, object.Namespace).Delete(ctx, object.Name,
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
}

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.GVK.Kind, b.GVK.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

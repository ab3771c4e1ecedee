// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// resourcePolicy is Helm's annotation for what outlives a release:
// https://helm.sh/docs/howto/charts_tips_and_tricks/#tell-helm-not-to-uninstall-a-resource.
const resourcePolicy = "helm.sh/resource-policy"

// Removable lists those of the objects that may be removed: no CRD, no namespace,
// nothing that Helm would keep.
func Removable(owned []Owned) []Owned {
	return slices.DeleteFunc(slices.Clone(owned), func(o Owned) bool {
		kind, err := kindOf(o.GVK)
		return err != nil || kind.Lasting || o.Object.GetAnnotations()[resourcePolicy] == "keep"
	})
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

// Delete deletes the objects, in parallel, once each. Workloads stay visible until
// their pods are gone. An object that has been replaced by another of its name in
// the meantime is left alone.
func (a *Applier) Delete(ctx context.Context, objects []Owned) error {
	var mu sync.Mutex
	var failures []error
	group := errgroup.Group{}
	group.SetLimit(parallel)
	for _, object := range objects {
		if !a.claim(object) {
			continue
		}
		group.Go(func() error {
			if err := a.delete(ctx, object); err != nil {
				a.release(object)
				mu.Lock()
				defer mu.Unlock()
				failures = append(failures, &ObjectError{Key: object.Key, cause: err})
			}
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(failures...)
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
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
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

// Forget drops what is remembered of all objects, as when the mesh is gone.
func (a *Applier) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.memories)
	clear(a.free)
	clear(a.deleted)
}

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.GVK.Kind, b.GVK.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

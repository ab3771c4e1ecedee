// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Watched reports whether drift of the object is noticed: see Kind.Unwatched.
func (o Object) Watched() bool {
	kind, err := kindOf(o.GVK)
	return err == nil && !kind.Unwatched
}

// Confirm finds out which of the objects are in the cluster as applying them would leave
// them, without changing anything, and remembers those as applied. It asks about watched
// objects of which nothing is remembered, by one dry run each, and again only when the
// object or our fields of it have changed. Failures are joined; each is an *ObjectError.
func (a *Applier) Confirm(ctx context.Context, objects []Object) error {
	unknown := slices.DeleteFunc(slices.Clone(objects), func(o Object) bool { return !a.unconfirmed(o) })
	_, err := a.each(len(unknown), func(i int) error {
		if err := a.confirm(ctx, unknown[i]); err != nil && !undecided(err) {
			return &ObjectError{Key: unknown[i].Key(), cause: err}
		}
		return nil
	})
	return err
}

// unconfirmed reports whether an object is in the cluster, nothing is remembered of it,
// and the last answer, if any, was about another state of it.
func (a *Applier) unconfirmed(object Object) bool {
	live := a.observer.Observe(object.Key()).Object
	if !object.Watched() || live == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, known := a.memories[object.Key()]
	return !known && a.differing[object.Key()] != stateOf(object, live)
}

// stateOf identifies an object's body and our entry in the live object's managedFields.
func stateOf(object Object, live metav1.Object) string {
	return object.Hash + " " + ownEntry(live)
}

func (a *Applier) confirm(ctx context.Context, object Object) error {
	live := a.observer.Observe(object.Key()).Object
	kind, err := kindOf(object.GVK)
	if err != nil || live == nil {
		return err
	}
	body, err := bodyFor(kind, object, live)
	if err != nil {
		return err
	}
	answer, err := a.send(ctx, kind, object.Key(), body, metav1.DryRunAll)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// The API server keeps the time of our entry where an apply changes nothing:
	// k8s.io/apiserver/pkg/endpoints/handlers/fieldmanager, IgnoreManagedFieldsTimestampsTransformer.
	if answer.GetUID() != live.GetUID() || answer.GetGeneration() != live.GetGeneration() || ownEntry(answer) != ownEntry(live) {
		a.differing[object.Key()] = stateOf(object, live)
		return nil
	}
	delete(a.differing, object.Key())
	a.memories[object.Key()] = memoryOf(object, live)
	return nil
}

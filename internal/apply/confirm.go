// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// Confirm finds out which of the objects are in the cluster as applying them would leave
// them, without changing anything, and remembers those as applied. It asks about watched
// objects without a record, by one dry run each, and again only when the
// object or our fields of it have changed. Failures are joined; each is an *ObjectError.
func (a *Applier) Confirm(ctx context.Context, objects []object.Object) error {
	unknown := slices.DeleteFunc(slices.Clone(objects), func(o object.Object) bool { return !a.unconfirmed(o) })
	_, err := a.each(len(unknown), func(i int) error {
		if err := a.confirm(ctx, unknown[i]); err != nil && !undecided(err) {
			return &ObjectError{Key: unknown[i].Key(), cause: err}
		}
		return nil
	})
	return err
}

// unconfirmed reports whether an object is in the cluster, there is no record of it,
// and the last answer, if any, was about another state of it.
func (a *Applier) unconfirmed(o object.Object) bool {
	live := a.observer.Observe(o.Key()).Object
	if !o.Watched() || live == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, known := a.records[o.Key()]
	return !known && a.differing[o.Key()] != stateOf(o, live)
}

// stateOf identifies an object's body and our entry in the live object's managedFields.
func stateOf(o object.Object, live metav1.Object) string {
	return o.Hash + " " + ownEntry(live)
}

func (a *Applier) confirm(ctx context.Context, o object.Object) error {
	live := a.observer.Observe(o.Key()).Object
	kind, err := o.Kind()
	if err != nil || live == nil {
		return err
	}
	body, err := bodyFor(kind, o, live)
	if err != nil {
		return err
	}
	answer, err := a.send(ctx, kind, o.Key(), body, metav1.DryRunAll)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// The API server keeps the time of our entry where an apply changes nothing:
	// k8s.io/apiserver/pkg/endpoints/handlers/fieldmanager, IgnoreManagedFieldsTimestampsTransformer.
	if answer.GetUID() != live.GetUID() || answer.GetGeneration() != live.GetGeneration() || ownEntry(answer) != ownEntry(live) {
		a.differing[o.Key()] = stateOf(o, live)
		return nil
	}
	delete(a.differing, o.Key())
	a.records[o.Key()] = recordOf(o, live)
	return nil
}

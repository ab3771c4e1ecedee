// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ignoredState is how an object that is left alone compares with the plan.
type ignoredState struct {
	// hash is that of the plan's object.
	hash string
	// uid and generation are those of the cluster's.
	uid        types.UID
	generation int64
	differs    bool
}

// Ignored lists those of the objects that somebody wants left alone.
func (a *Applier) Ignored(objects []Object) []Key {
	var keys []Key
	for _, object := range objects {
		if a.ignored(object.Key()) != nil {
			keys = append(keys, object.Key())
		}
	}
	return keys
}

// ignored is what the cache shows of an object that somebody wants left alone. Nil: it
// shows none, or nobody does.
func (a *Applier) ignored(key Key) metav1.Object {
	if seen := a.observer.Observe(key).Object; seen != nil && ignored(seen) {
		return seen
	}
	return nil
}

// IgnoredDiffers tells that an object is left alone and is not as applying it would make
// it. It asks the API server once for each form of the object and for each generation of
// what the cluster holds, and changes nothing.
func (a *Applier) IgnoredDiffers(ctx context.Context, object Object) (bool, error) {
	seen := a.ignored(object.Key())
	if seen == nil {
		return false, nil
	}
	state := ignoredState{hash: object.Hash, uid: seen.GetUID(), generation: seen.GetGeneration()}
	if known, ok := a.lastIgnored(object.Key()); ok && state == known.undecided() {
		return known.differs, nil
	}
	differs, err := a.changes(ctx, object)
	if err != nil {
		return false, &ObjectError{Key: object.Key(), cause: err}
	}
	state.differs = differs
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ignoredStates[object.Key()] = state
	return state.differs, nil
}

// changes tells that applying the object would change what the cluster has.
func (a *Applier) changes(ctx context.Context, object Object) (bool, error) {
	kind, err := kindOf(object.GVK)
	if err != nil {
		return false, err
	}
	live, err := find(ctx, a.wholeResource(kind, object.Namespace), object.Name)
	if err != nil || live == nil {
		return live == nil, err
	}
	difference, err := a.change(ctx, kind, object, live)
	return difference != nil, err
}

func (a *Applier) lastIgnored(key Key) (ignoredState, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	state, ok := a.ignoredStates[key]
	return state, ok
}

// undecided is the state without what was found.
func (s ignoredState) undecided() ignoredState {
	s.differs = false
	return s
}

// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// ignoredState is how an ignored object compares with the plan.
type ignoredState struct {
	// hash is that of the plan's object.
	hash string
	// uid and generation are those of the cluster's.
	uid        types.UID
	generation int64
	differs    bool
}

// Ignored lists those of the objects that are annotated to be ignored.
func (a *Applier) Ignored(objects []object.Object) []object.Key {
	var keys []object.Key
	for _, object := range objects {
		if a.ignored(object.Key()) != nil {
			keys = append(keys, object.Key())
		}
	}
	return keys
}

// ignored is what the cache shows of an object that are annotated to be ignored. Nil: it
// shows none, or nobody does.
func (a *Applier) ignored(key object.Key) metav1.Object {
	if seen := a.observer.Observe(key).Object; seen != nil && ignored(seen) {
		return seen
	}
	return nil
}

// IgnoredDiffers reports whether an object is left alone and is not as applying it would make
// it, or that the API server cannot say. It asks the API server once for each form of the
// object and for each generation of what the cluster holds, and changes nothing.
func (a *Applier) IgnoredDiffers(ctx context.Context, o object.Object) (bool, error) {
	seen := a.ignored(o.Key())
	if seen == nil {
		return false, nil
	}
	state := ignoredState{hash: o.Hash, uid: seen.GetUID(), generation: seen.GetGeneration()}
	if known, ok := a.lastIgnored(o.Key()); ok && state == known.undecided() {
		return known.differs, nil
	}
	differs, err := a.changes(ctx, o)
	if err != nil {
		return false, &ObjectError{Key: o.Key(), cause: err}
	}
	state.differs = differs
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ignoredStates[o.Key()] = state
	return state.differs, nil
}

// changes reports whether applying the object would change what the cluster has.
func (a *Applier) changes(ctx context.Context, o object.Object) (bool, error) {
	kind, err := o.Kind()
	if err != nil {
		return false, err
	}
	live, err := find(ctx, a.wholeResource(kind, o.Namespace), o.Name)
	if err != nil || live == nil {
		return live == nil, err
	}
	difference, err := a.change(ctx, kind, o, live)
	return difference != nil, err
}

func (a *Applier) lastIgnored(key object.Key) (ignoredState, bool) {
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

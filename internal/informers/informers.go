// SPDX-License-Identifier: Apache-2.0

// Package informers makes informers that hold of a cluster what is asked about and
// no more: a selection of objects, cut down as they arrive, and silent about
// updates that change nothing of what is left.
package informers

import (
	"context"
	"reflect"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// Client lists and watches one resource, as the typed clients and those for
// metadata do.
type Client[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// Selection limits an informer. Its zero value selects everything and keeps all of
// it.
type Selection struct {
	// Labels is a label selector.
	Labels string
	// Fields is a field selector.
	Fields string
	// Cut reduces an object to what is asked about. Nil: all of it is kept.
	Cut cache.TransformFunc
	// Answered is called with what each list and the beginning of each watch ended with,
	// nil included. Nil: nobody asks.
	Answered func(error)
}

// answered passes an answer on.
func (s Selection) answered(err error) {
	if s.Answered != nil {
		s.Answered(err)
	}
}

// New makes an informer; it watches nothing before it is run. The example is an
// empty object of the kind.
func New[L runtime.Object](client Client[L], selection Selection, example runtime.Object) cache.SharedIndexInformer {
	limit := func(o metav1.ListOptions) metav1.ListOptions {
		o.LabelSelector, o.FieldSelector = selection.Labels, selection.Fields
		return o
	}
	informer := cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := client.List(ctx, limit(o))
			selection.answered(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			stream, err := client.Watch(ctx, limit(o))
			selection.answered(err)
			return stream, err
		},
	}, example, 0, cache.Indexers{})
	if selection.Cut != nil {
		if err := informer.SetTransform(selection.Cut); err != nil {
			panic(err) // Only for an informer that runs already.
		}
	}
	return informer
}

// Notify calls changed with each object that appears, changes or goes.
func Notify(informer cache.SharedIndexInformer, changed func(metav1.Object)) error {
	notify := func(object any) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		if accessor, err := meta.Accessor(object); err == nil {
			changed(accessor)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    notify,
		DeleteFunc: notify,
		UpdateFunc: func(before, after any) {
			if !same(before, after) {
				notify(after)
			}
		},
	})
	return err
}

// same tells that an update says nothing new, as a resync does, or a change of what
// is cut off together with the resource version.
func same(before, after any) bool {
	a, errA := meta.Accessor(before)
	b, errB := meta.Accessor(after)
	return errA == nil && errB == nil && (a.GetResourceVersion() == b.GetResourceVersion() && a.GetResourceVersion() != "" ||
		reflect.DeepEqual(before, after))
}

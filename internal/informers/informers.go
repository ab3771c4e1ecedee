// SPDX-License-Identifier: Apache-2.0

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

// Client lists and watches one resource, as typed clients and metadata clients do.
type Client[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// Selection limits what an informer keeps. Its zero value keeps all objects in full.
type Selection struct {
	// Labels is a label selector.
	Labels string
	// Fields is a field selector.
	Fields string
	// Transform reduces an object to what is needed. Nil: all of it is kept.
	Transform cache.TransformFunc
	// OnResult is called with the result of each list and of each start of a watch, nil
	// included. Nil: it is not called.
	OnResult func(error)
}

// report calls OnResult.
func (s Selection) report(err error) {
	if s.OnResult != nil {
		s.OnResult(err)
	}
}

// New returns an informer, which has to be run. The example is an empty object of its type.
func New[L runtime.Object](client Client[L], selection Selection, example runtime.Object) cache.SharedIndexInformer {
	limit := func(o metav1.ListOptions) metav1.ListOptions {
		o.LabelSelector, o.FieldSelector = selection.Labels, selection.Fields
		return o
	}
	informer := cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := client.List(ctx, limit(o))
			selection.report(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			stream, err := client.Watch(ctx, limit(o))
			selection.report(err)
			return stream, err
		},
	}, example, 0, cache.Indexers{})
	if selection.Transform != nil {
		if err := informer.SetTransform(selection.Transform); err != nil {
			panic(err) // Only for an informer that runs already.
		}
	}
	return informer
}

// Notify calls changed with each object that is added, changed or deleted.
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

// same reports whether an update changes nothing: a resync, or a change of what Transform
// removes together with the resource version.
func same(before, after any) bool {
	a, errA := meta.Accessor(before)
	b, errB := meta.Accessor(after)
	return errA == nil && errB == nil && (a.GetResourceVersion() == b.GetResourceVersion() && a.GetResourceVersion() != "" ||
		reflect.DeepEqual(before, after))
}

// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/typed/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Observer watches the objects that carry the owner label, and all CRDs of the
// cluster by name and annotations. Memory follows the mesh, not the cluster: all
// but Deployments, DaemonSets and our CRDs are watched as metadata.
type Observer struct {
	owned map[schema.GroupVersionKind]cache.SharedIndexInformer
	crds  cache.SharedIndexInformer
}

// NewObserver makes an observer; Start fills it.
func NewObserver(config *rest.Config) (*Observer, error) {
	clients, err := newClients(config)
	if err != nil {
		return nil, err
	}
	observer := &Observer{
		owned: map[schema.GroupVersionKind]cache.SharedIndexInformer{},
		crds:  newInformer(clients.metadataOf(crdKind), "", &metav1.PartialObjectMetadata{}),
	}
	for _, kind := range kinds {
		if kind.Unwatched {
			continue
		}
		observer.owned[kind.GVK] = clients.informer(kind)
	}
	return observer, errors.Join(
		observer.crds.SetTransform(keepBundleAnnotations),
		observer.owned[crdKind.GVK].SetTransform(dropSchemas))
}

// Start runs the watches until the context ends. Standbys watch too, so that they
// can take over at once.
func (o *Observer) Start(ctx context.Context) error {
	for _, informer := range o.informers() {
		go informer.RunWithContext(ctx)
	}
	<-ctx.Done()
	return nil
}

// NeedLeaderElection makes the manager start the observer on standbys as well.
func (o *Observer) NeedLeaderElection() bool { return false }

// WaitForSync waits until everything that the cluster holds has been seen.
func (o *Observer) WaitForSync(ctx context.Context) error {
	synced := make([]cache.InformerSynced, 0, len(o.owned)+1)
	for _, informer := range o.informers() {
		synced = append(synced, informer.HasSynced)
	}
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return fmt.Errorf("waiting for the caches: %w", ctx.Err())
	}
	return nil
}

// Synced is a readiness check: it fails until everything that the cluster holds
// has been seen.
func (o *Observer) Synced(*http.Request) error {
	for _, informer := range o.informers() {
		if !informer.HasSynced() {
			return errors.New("the caches are not synced yet")
		}
	}
	return nil
}

// Notify calls changed with the owner of each object that appears, changes or
// goes, and with an empty name when a CRD of somebody else does.
func (o *Observer) Notify(changed func(owner string)) error {
	for _, informer := range o.owned {
		if _, err := informer.AddEventHandler(handler(func(object metav1.Object) { changed(object.GetLabels()[v1.OwnerLabel]) })); err != nil {
			return err
		}
	}
	_, err := o.crds.AddEventHandler(handler(func(object metav1.Object) {
		if _, owned := object.GetLabels()[v1.OwnerLabel]; !owned {
			changed("")
		}
	}))
	return err
}

func handler(changed func(metav1.Object)) cache.ResourceEventHandler {
	notify := func(object any) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		if accessor, err := meta.Accessor(object); err == nil {
			changed(accessor)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    notify,
		DeleteFunc: notify,
		UpdateFunc: func(before, after any) {
			if !sameVersion(before, after) {
				notify(after)
			}
		},
	}
}

// sameVersion tells that an update says nothing new, as a resync or, for CRDs
// watched by annotations, a change of the schema does.
func sameVersion(before, after any) bool {
	a, errA := meta.Accessor(before)
	b, errB := meta.Accessor(after)
	return errA == nil && errB == nil && (a.GetResourceVersion() == b.GetResourceVersion() && a.GetResourceVersion() != "" ||
		reflect.DeepEqual(before, after))
}

func (o *Observer) informers() []cache.SharedIndexInformer {
	informers := []cache.SharedIndexInformer{o.crds}
	for _, informer := range o.owned {
		informers = append(informers, informer)
	}
	return informers
}

// Observation is what the cache shows of one object.
type Observation struct {
	// Object is nil where the cache shows none.
	Object metav1.Object
	// SyncedTo is the resource version up to which the cache of the kind is complete.
	SyncedTo string
}

// newest is the newest resource version at which the observation is known to hold.
func (o Observation) newest() string {
	if o.Object != nil {
		return o.Object.GetResourceVersion()
	}
	return o.SyncedTo
}

// Observe tells what the cache shows of that object.
func (o *Observer) Observe(key Key) Observation {
	informer, ok := o.owned[key.GVK]
	if !ok {
		return Observation{}
	}
	observation := Observation{SyncedTo: informer.GetStore().LastStoreSyncResourceVersion()} // The informer's own is that of what it has yet to store.
	name := key.Name
	if key.Namespace != "" {
		name = key.Namespace + "/" + name
	}
	if object, exists, err := informer.GetStore().GetByKey(name); err == nil && exists {
		observation.Object, _ = object.(metav1.Object)
	}
	return observation
}

// Owned is an object that carries the owner label.
type Owned struct {
	Key
	// Object is what the cache shows of it.
	Object metav1.Object
	// Component is the value of its component label.
	Component string
}

// Owned lists the objects of that owner, in the order of Kinds. The label alone
// makes no owner: controllers copy labels to what they derive.
func (o *Observer) Owned(owner string) []Owned {
	var owned []Owned
	for _, kind := range kinds {
		informer, ok := o.owned[kind.GVK]
		if !ok {
			continue
		}
		for _, item := range informer.GetStore().List() {
			object, ok := item.(metav1.Object)
			if !ok || object.GetLabels()[v1.OwnerLabel] != owner || ownFields(object) == nil {
				continue
			}
			key := Key{GVK: kind.GVK, Namespace: object.GetNamespace(), Name: object.GetName()}
			owned = append(owned, Owned{Key: key, Object: object, Component: object.GetLabels()[v1.ComponentLabel]})
		}
	}
	return owned
}

// CRDs lists all CRDs of the cluster: names, owner label and annotations of the
// Gateway API, nothing else.
func (o *Observer) CRDs() []metav1.Object {
	var crds []metav1.Object
	for _, item := range o.crds.GetStore().List() {
		crds = append(crds, item.(metav1.Object))
	}
	return crds
}

// clients are what the informers list and watch with.
type clients struct {
	metadata      metadata.Interface
	kubernetes    kubernetes.Interface
	apiextensions apiextensions.ApiextensionsV1Interface
}

func newClients(config *rest.Config) (*clients, error) {
	protobuf := rest.CopyConfig(config)
	protobuf.ContentType, protobuf.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	all := &clients{}
	var errs [3]error
	all.metadata, errs[0] = metadata.NewForConfig(metadata.ConfigFor(config))
	all.kubernetes, errs[1] = kubernetes.NewForConfig(protobuf)
	all.apiextensions, errs[2] = apiextensions.NewForConfig(protobuf)
	return all, errors.Join(errs[:]...)
}

func (c *clients) informer(kind Kind) cache.SharedIndexInformer {
	switch kind.GVK {
	case deploymentKind.GVK:
		client := c.kubernetes.AppsV1().Deployments("")
		return newInformer(listWatch(client.List, client.Watch), v1.OwnerLabel, &appsv1.Deployment{})
	case daemonSetKind.GVK:
		client := c.kubernetes.AppsV1().DaemonSets("")
		return newInformer(listWatch(client.List, client.Watch), v1.OwnerLabel, &appsv1.DaemonSet{})
	case crdKind.GVK:
		client := c.apiextensions.CustomResourceDefinitions()
		return newInformer(listWatch(client.List, client.Watch), v1.OwnerLabel, &apiextensionsv1.CustomResourceDefinition{})
	default:
		return newInformer(c.metadataOf(kind), v1.OwnerLabel, &metav1.PartialObjectMetadata{})
	}
}

func (c *clients) metadataOf(kind Kind) *cache.ListWatch {
	client := c.metadata.Resource(kind.gvr())
	return listWatch(client.List, client.Watch)
}

func listWatch[L runtime.Object](
	list func(context.Context, metav1.ListOptions) (L, error), watches func(context.Context, metav1.ListOptions) (watch.Interface, error),
) *cache.ListWatch {
	return &cache.ListWatch{
		ListWithContextFunc:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return list(ctx, o) },
		WatchFuncWithContext: watches,
	}
}

// newInformer makes an informer for the objects that match the label selector.
func newInformer(source *cache.ListWatch, selector string, example runtime.Object) cache.SharedIndexInformer {
	list, watches := source.ListWithContextFunc, source.WatchFuncWithContext
	return cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = selector
			return list(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = selector
			return watches(ctx, o)
		},
	}, example, 0, cache.Indexers{})
}

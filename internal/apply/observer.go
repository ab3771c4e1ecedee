// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/typed/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/informers"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// Observer watches the objects that carry the owner label, and all CRDs of the
// cluster by name and annotations. Memory follows the mesh, not the cluster: all
// but Deployments, DaemonSets, ServiceAccounts and our CRDs are watched as metadata.
type Observer struct {
	owned  map[source]cache.SharedIndexInformer
	crds   cache.SharedIndexInformer
	denied *denied
}

// source is what one informer watches.
type source struct {
	gvk schema.GroupVersionKind
	// namespace is empty for cluster-scoped kinds, and where all namespaces are watched.
	namespace string
}

// Scope is where an observer watches namespaced kinds.
type Scope struct {
	// InstallNamespaces are the namespaces that a mesh may be installed in. None: all
	// namespaces are watched.
	InstallNamespaces []string
	// ProbeNamespace is the namespace of the probes, in which only their kinds are watched.
	// Empty: there is none.
	ProbeNamespace string
}

// NewObserver makes an observer; Start fills it.
func NewObserver(config *rest.Config, scope Scope) (*Observer, error) {
	clients, err := newClients(config)
	if err != nil {
		return nil, err
	}
	observer := &Observer{
		owned:  map[source]cache.SharedIndexInformer{},
		denied: newDenied(),
		crds:   clients.ofMetadata(object.CustomResourceDefinition, metav1.NamespaceAll, informers.Selection{Transform: keepBundleAnnotations}),
	}
	for _, kind := range object.Kinds() {
		if kind.Unwatched {
			continue
		}
		for _, namespace := range scope.of(kind) {
			at := source{kind.GVK, namespace}
			observer.owned[at] = clients.informer(kind, namespace, observer.denied.of(at))
		}
	}
	return observer, nil
}

// probeKinds are the kinds of the probes' objects that are watched.
var probeKinds = []object.Kind{object.DaemonSet, object.Service, object.ServiceAccount}

// of lists the namespaces in which a kind is watched; the empty one is all there are.
func (s Scope) of(k object.Kind) []string {
	switch {
	case !k.Namespaced || len(s.InstallNamespaces) == 0:
		return []string{metav1.NamespaceAll}
	case s.ProbeNamespace != "" && slices.Contains(probeKinds, k) && !slices.Contains(s.InstallNamespaces, s.ProbeNamespace):
		return append(slices.Clone(s.InstallNamespaces), s.ProbeNamespace)
	default:
		return s.InstallNamespaces
	}
}

// informerOf finds the informer that would show an object.
func (o *Observer) informerOf(key object.Key) (cache.SharedIndexInformer, bool) {
	if informer, ok := o.owned[source{key.GVK, key.Namespace}]; ok {
		return informer, true
	}
	informer, ok := o.owned[source{gvk: key.GVK}]
	return informer, ok
}

// Start runs the watches until the context ends. Standbys watch too, so that they
// can take over at once.
func (o *Observer) Start(ctx context.Context) error {
	for _, informer := range o.all() {
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
	for _, informer := range o.all() {
		synced = append(synced, informer.HasSynced)
	}
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return fmt.Errorf("waiting for the caches: %w", ctx.Err())
	}
	return nil
}

// WaitForAnswers waits until everything has been seen that may be read: see Reads.
func (o *Observer) WaitForAnswers(ctx context.Context) error {
	if !cache.WaitForCacheSync(ctx.Done(), func() bool { return o.Synced(nil) == nil }) {
		return fmt.Errorf("waiting for the caches: %w", ctx.Err())
	}
	return nil
}

// Synced is a readiness check: it fails until everything that the cluster holds
// has been seen. A namespace that may not be read keeps no other one waiting.
func (o *Observer) Synced(*http.Request) error {
	synced := o.crds.HasSynced()
	for at, informer := range o.owned {
		synced = synced && (informer.HasSynced() || at.namespace != "" && o.denied.has(at))
	}
	if !synced {
		return errors.New("the caches are not synced yet")
	}
	return nil
}

// Reads reports whether everything of that namespace has been seen and may be read on. It
// holds where all namespaces are watched.
func (o *Observer) Reads(namespace string) bool {
	for at, informer := range o.owned {
		if at.namespace == namespace && (!informer.HasSynced() || o.denied.has(at)) {
			return false
		}
	}
	return true
}

// Failed calls report whenever a list or a watch fails. Call it before Start.
func (o *Observer) Failed(report func(error)) error {
	for _, informer := range o.all() {
		err := informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { report(err) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Notify calls changed with the owner of each object that appears, changes or
// goes, and with an empty name when a CRD of another owner does.
func (o *Observer) Notify(changed func(owner string)) error {
	for _, informer := range o.owned {
		if err := informers.Notify(informer, func(object metav1.Object) { changed(object.GetLabels()[v1.OwnerLabel]) }); err != nil {
			return err
		}
	}
	return informers.Notify(o.crds, func(object metav1.Object) {
		if _, owned := object.GetLabels()[v1.OwnerLabel]; !owned {
			changed("")
		}
	})
}

func (o *Observer) all() []cache.SharedIndexInformer {
	all := []cache.SharedIndexInformer{o.crds}
	for _, informer := range o.owned {
		all = append(all, informer)
	}
	return all
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

// Observe returns what the cache shows of that object.
func (o *Observer) Observe(key object.Key) Observation {
	informer, ok := o.informerOf(key)
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
	object.Key
	// Object is what the cache shows of it.
	Object metav1.Object
	// Component is the value of its component label.
	Component string
}

// Owned lists the objects of that owner, in the order of Kinds. The label alone
// makes no owner: controllers copy labels to what they derive.
func (o *Observer) Owned(owner string) []Owned {
	var owned []Owned
	for _, kind := range object.Kinds() {
		for _, item := range o.items(kind) {
			made, ok := item.(metav1.Object)
			if !ok || made.GetLabels()[v1.OwnerLabel] != owner || ownFields(made) == nil {
				continue
			}
			key := object.Key{GVK: kind.GVK, Namespace: made.GetNamespace(), Name: made.GetName()}
			owned = append(owned, Owned{Key: key, Object: made, Component: made.GetLabels()[v1.ComponentLabel]})
		}
	}
	return owned
}

// items lists what the caches show of a kind.
func (o *Observer) items(kind object.Kind) []any {
	var items []any
	for source, informer := range o.owned {
		if source.gvk == kind.GVK {
			items = append(items, informer.GetStore().List()...)
		}
	}
	return items
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

func (c *clients) informer(kind object.Kind, namespace string, answered func(error)) cache.SharedIndexInformer {
	owned := informers.Selection{Labels: v1.OwnerLabel, OnResult: answered}
	switch kind.GVK {
	case object.Deployment.GVK:
		return informers.New(c.kubernetes.AppsV1().Deployments(namespace), owned, &appsv1.Deployment{})
	case object.DaemonSet.GVK:
		return informers.New(c.kubernetes.AppsV1().DaemonSets(namespace), owned, &appsv1.DaemonSet{})
	case object.ServiceAccount.GVK:
		return informers.New(c.kubernetes.CoreV1().ServiceAccounts(namespace), owned, &corev1.ServiceAccount{})
	case object.CustomResourceDefinition.GVK:
		owned.Transform = dropSchemas
		return informers.New(c.apiextensions.CustomResourceDefinitions(), owned, &apiextensionsv1.CustomResourceDefinition{})
	default:
		return c.ofMetadata(kind, namespace, owned)
	}
}

func (c *clients) ofMetadata(kind object.Kind, namespace string, selection informers.Selection) cache.SharedIndexInformer {
	return informers.New(c.metadata.Resource(kind.GVR()).Namespace(namespace), selection, &metav1.PartialObjectMetadata{})
}

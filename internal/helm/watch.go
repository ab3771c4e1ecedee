// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/gloo-operator/gloo-operator/internal/informers"
)

// Watch watches the metadata of the Secrets of Helm releases. It keeps nothing of their
// content. A namespace that cannot be read yet blocks no other.
type Watch struct {
	// namespaces are the informers by namespace. The empty key is for all namespaces.
	namespaces map[string]cache.SharedIndexInformer
}

// NewWatch returns a watch of those namespaces, or of all if none is given. It has no data
// before Start.
func NewWatch(config *rest.Config, namespaces ...string) (*Watch, error) {
	client, err := metadata.NewForConfig(metadata.ConfigFor(config))
	if err != nil {
		return nil, fmt.Errorf("watching Helm releases: %w", err)
	}
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	w := &Watch{namespaces: map[string]cache.SharedIndexInformer{}}
	secrets := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"})
	for _, namespace := range namespaces {
		w.namespaces[namespace] = informers.New(secrets.Namespace(namespace),
			informers.Selection{Labels: ownerSelector, Transform: trimSecret}, &metav1.PartialObjectMetadata{})
	}
	return w, nil
}

// trimSecret removes what no Revision is read from.
func trimSecret(object any) (any, error) {
	secret, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return object, nil
	}
	secret.Annotations, secret.OwnerReferences, secret.Finalizers = nil, nil, nil
	return secret, nil
}

// Start runs the watches until the context ends.
func (w *Watch) Start(ctx context.Context) error {
	for _, informer := range w.namespaces {
		go informer.RunWithContext(ctx)
	}
	<-ctx.Done()
	return nil
}

// NeedLeaderElection makes the manager start the watch on standbys as well.
func (w *Watch) NeedLeaderElection() bool { return false }

// Notify registers a function that is called with the name of each release of which a
// revision is added, changed or deleted. Call it before Start.
func (w *Watch) Notify(changed func(release string)) error {
	for _, informer := range w.namespaces {
		if err := informers.Notify(informer, func(secret metav1.Object) { changed(secret.GetLabels()["name"]) }); err != nil {
			return err
		}
	}
	return nil
}

// Revisions returns the revisions of a release, and the resource version up to which they
// are known. That is empty until the namespace was read.
func (w *Watch) Revisions(namespace, release string) (Revisions, string) {
	informer, ok := w.namespaces[namespace]
	if !ok {
		informer, ok = w.namespaces[metav1.NamespaceAll]
	}
	if !ok || !informer.HasSynced() {
		return nil, ""
	}
	upTo := informer.GetStore().LastStoreSyncResourceVersion()
	var revisions Revisions
	for _, item := range informer.GetStore().List() {
		secret, ok := item.(metav1.Object)
		if !ok || secret.GetNamespace() != namespace {
			continue
		}
		if r, ok := revisionOf(secret); ok && r.Release == release {
			revisions = append(revisions, r)
		}
	}
	return revisions, upTo
}

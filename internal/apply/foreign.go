// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// Foreign is an object of the plan's name that another client made.
type Foreign struct {
	object.Key
	// By is its owner, such as "Helm release istiod in istio-system" or the field
	// manager that made it.
	By string
	// Object is what the API server shows of it.
	Object metav1.Object
}

func (f Foreign) String() string { return fmt.Sprintf("%s (%s)", f.Key, f.By) }

// Foreign finds those of the objects that exist and are not ours. It asks the API
// server only about objects of which nothing is known yet, one list for each kind
// and namespace, and no more once it has found nobody's. CRDs and namespaces are
// shared and never count.
func (a *Applier) Foreign(ctx context.Context, objects []object.Object) ([]Foreign, error) {
	unknown := a.unknown(objects)
	if len(unknown) == 0 {
		return nil, nil
	}
	if err := a.listAgain(ctx); err != nil {
		return nil, err
	}
	missing := map[string]bool{}
	var foreign []Foreign
	for _, group := range slices.SortedFunc(maps.Keys(unknown), compareKeys) {
		items, err := a.listGroup(ctx, group, missing)
		if err != nil {
			return nil, err
		}
		for i := range items {
			key := object.Key{GVK: group.GVK, Namespace: items[i].Namespace, Name: items[i].Name}
			if unknown[group][key] && !ours(&items[i]) {
				foreign = append(foreign, Foreign{Key: key, By: maker(&items[i]), Object: &items[i]})
			}
		}
	}
	if len(foreign) == 0 {
		a.markUnclaimed(unknown)
	}
	return foreign, nil
}

// listGroup lists the objects of a group's kind: none where its namespace is missing.
func (a *Applier) listGroup(ctx context.Context, group object.Key, missing map[string]bool) ([]metav1.PartialObjectMetadata, error) {
	kind, err := group.Kind()
	if err != nil {
		return nil, err
	}
	if kind.Namespaced {
		gone, err := a.namespaceMissing(ctx, group.Namespace, missing)
		if err != nil || gone {
			return nil, err
		}
	}
	return a.list(ctx, kind, group.Namespace)
}

// list lists what the cluster holds of a kind: nothing where it does not serve it.
func (a *Applier) list(ctx context.Context, kind object.Kind, namespace string) ([]metav1.PartialObjectMetadata, error) {
	list, err := a.resource(kind, namespace).List(ctx, metav1.ListOptions{})
	missing := apierrors.IsNotFound(err)
	a.listed(listing{kind, namespace}, err == nil || missing)
	if missing {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", kind.Resource, err)
	}
	return list.Items, nil
}

// listing is a list of a kind in a namespace, or of all of a cluster-scoped kind.
type listing struct {
	kind      object.Kind
	namespace string
}

// listed remembers the listing that failed last, until it works.
func (a *Applier) listed(l listing, worked bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !worked:
		a.unlisted = &l
	case a.unlisted != nil && *a.unlisted == l:
		a.unlisted = nil
	}
}

// listAgain begins a look with the listing that failed last: while it fails, a try costs
// one request.
func (a *Applier) listAgain(ctx context.Context) error {
	a.mu.Lock()
	failed := a.unlisted
	a.mu.Unlock()
	if failed == nil {
		return nil
	}
	_, err := a.list(ctx, failed.kind, failed.namespace)
	return err
}

// Leftovers finds what those makers, named as in Foreign.By, have in the cluster, and
// in that namespace, besides the plan's objects.
func (a *Applier) Leftovers(ctx context.Context, makers []string, namespace string, objects []object.Object) ([]Foreign, error) {
	if err := a.listAgain(ctx); err != nil {
		return nil, err
	}
	wanted := map[object.Key]bool{}
	for _, object := range objects {
		wanted[object.Key()] = true
	}
	var leftovers []Foreign
	for _, kind := range object.Kinds() {
		if kind.Retained || kind.Unwatched {
			continue
		}
		items, err := a.list(ctx, kind, namespace)
		if err != nil {
			return nil, err
		}
		for i := range items {
			key := object.Key{GVK: kind.GVK, Namespace: items[i].Namespace, Name: items[i].Name}
			if by := maker(&items[i]); slices.Contains(makers, by) && !wanted[key] && !ours(&items[i]) {
				leftovers = append(leftovers, Foreign{Key: key, By: by, Object: &items[i]})
			}
		}
	}
	return leftovers, nil
}

// MarkUnclaimed notes that no other installation has any of the objects, so that they are
// not looked for again.
func (a *Applier) MarkUnclaimed(objects []object.Object) { a.markUnclaimed(a.unknown(objects)) }

func (a *Applier) markUnclaimed(unknown map[object.Key]map[object.Key]bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, group := range unknown {
		maps.Copy(a.free, group)
	}
}

// unknown groups the objects of which neither the records nor the cache know, by
// kind and namespace.
func (a *Applier) unknown(objects []object.Object) map[object.Key]map[object.Key]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	groups := map[object.Key]map[object.Key]bool{}
	for _, o := range objects {
		kind, err := o.Kind()
		_, recorded := a.records[o.Key()]
		if err != nil || kind.Retained || kind.Private || recorded || a.free[o.Key()] || a.observer.Observe(o.Key()).Object != nil {
			continue
		}
		group := object.Key{GVK: o.GVK, Namespace: o.Namespace}
		if groups[group] == nil {
			groups[group] = map[object.Key]bool{}
		}
		groups[group][o.Key()] = true
	}
	return groups
}

func (a *Applier) namespaceMissing(ctx context.Context, name string, known map[string]bool) (bool, error) {
	if missing, ok := known[name]; ok {
		return missing, nil
	}
	missing, err := a.NamespaceMissing(ctx, name)
	if err != nil {
		return false, err
	}
	known[name] = missing
	return missing, nil
}

// NamespaceMissing reports whether there is no such namespace.
func (a *Applier) NamespaceMissing(ctx context.Context, name string) (bool, error) {
	_, err := a.resource(object.Namespace, "").Get(ctx, name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("looking for namespace %s: %w", name, err)
	}
	return err != nil, nil
}

// ours recognizes an object that the operator made, even if its label was removed.
func ours(object metav1.Object) bool {
	_, labelled := object.GetLabels()[v1.OwnerLabel]
	return labelled || ownFields(object) != nil
}

// ByRelease names a Helm release as the maker of objects.
func ByRelease(name, namespace string) string {
	return fmt.Sprintf("Helm release %s in %s", name, namespace)
}

// maker returns the owner of an object.
func maker(object metav1.Object) string {
	if release := object.GetAnnotations()[v1.HelmReleaseAnnotation]; release != "" {
		return ByRelease(release, object.GetAnnotations()[v1.HelmNamespaceAnnotation])
	}
	if manager := makerOf(object.GetManagedFields()); manager != "" {
		return "made by " + manager
	}
	return "of unknown origin"
}

func unix(t *metav1.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// SPDX-License-Identifier: Apache-2.0

package object

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Object is one object that the cluster should hold.
type Object struct {
	// GVK is the object's group, version and kind.
	GVK schema.GroupVersionKind
	// Namespace is empty for cluster-scoped objects.
	Namespace string
	// Name of the object.
	Name string
	// Wave is when the object is applied within its component: all of one wave
	// before the next, in parallel within it.
	Wave int
	// Body is the object as JSON.
	Body []byte
	// Hash identifies this body.
	Hash string
}

// Key names an object of the cluster.
type Key struct {
	// GVK is the object's group, version and kind.
	GVK schema.GroupVersionKind
	// Namespace is empty for cluster-scoped objects.
	Namespace string
	// Name of the object.
	Name string
}

// Key names the object.
func (o Object) Key() Key { return Key{GVK: o.GVK, Namespace: o.Namespace, Name: o.Name} }

// Kind is the object's row in the table of kinds. It fails where there is none.
func (o Object) Kind() (Kind, error) { return KindOf(o.GVK) }

// Watched reports whether a watch shows the object.
func (o Object) Watched() bool {
	kind, err := o.Kind()
	return err == nil && !kind.Unwatched
}

// Kind is the object's row in the table of kinds. It fails where there is none.
func (k Key) Kind() (Kind, error) { return KindOf(k.GVK) }

// Unwatched reports whether the object is of a known kind that no watch shows.
func (k Key) Unwatched() bool {
	kind, err := k.Kind()
	return err == nil && kind.Unwatched
}

// Workload reports whether the object runs pods.
func (k Key) Workload() bool { return k.GVK == Deployment.GVK || k.GVK == DaemonSet.GVK }

// String is what users see, such as "DaemonSet istio-system/ztunnel".
func (k Key) String() string {
	if k.Namespace == "" {
		return k.GVK.Kind + " " + k.Name
	}
	return k.GVK.Kind + " " + k.Namespace + "/" + k.Name
}

// SecretKey names a Secret.
func SecretKey(namespace, name string) Key {
	return Key{GVK: Secret.GVK, Namespace: namespace, Name: name}
}

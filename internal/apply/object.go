// SPDX-License-Identifier: Apache-2.0

package apply

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
	// Wave tells when the object is applied: all of one wave before the next, in
	// parallel within it.
	Wave int
	// Body is the object as JSON.
	Body []byte
	// Hash tells this body from another.
	Hash string
}

// Key names an object of the cluster.
type Key struct {
	GVK             schema.GroupVersionKind
	Namespace, Name string
}

// Key names the object.
func (o Object) Key() Key { return Key{GVK: o.GVK, Namespace: o.Namespace, Name: o.Name} }

// String is what users see, such as "DaemonSet istio-system/ztunnel".
func (k Key) String() string {
	if k.Namespace == "" {
		return k.GVK.Kind + " " + k.Name
	}
	return k.GVK.Kind + " " + k.Namespace + "/" + k.Name
}

// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// State compares an object with the cluster.
type State int

// The states.
const (
	// Stale objects differ from the cluster, or nothing is known of them: they are to
	// be applied.
	Stale State = iota
	// Behind objects have been applied, and the cache does not show it yet.
	Behind
	// InSync objects are in the cluster as they were applied, or are to be left alone.
	InSync
	// Contested objects differ because another client keeps changing them: they are
	// to be applied later.
	Contested
)

// State reports without a request how an object compares with the cluster.
func (a *Applier) State(o object.Object) State {
	a.mu.Lock()
	known, ok := a.records[o.Key()]
	a.mu.Unlock()
	kind, err := o.Kind()
	seen := a.observer.Observe(o.Key())
	switch {
	case seen.Object != nil && ignored(seen.Object):
		return InSync
	case !ok || known.hash != o.Hash:
		return Stale
	case err != nil || kind.Unwatched:
		return InSync
	}
	switch {
	case OlderResourceVersion(seen.newest(), known.resourceVersion):
		return Behind
	case seen.Object != nil && a.shows(kind, o, seen.Object, known):
		return InSync
	default:
		return a.stateOfDrift(o.Key())
	}
}

// shows asks what the cache has of an object once for each resource version.
func (a *Applier) shows(kind object.Kind, o object.Object, seen metav1.Object, known record) bool {
	if seen.GetResourceVersion() == known.shown {
		return true
	}
	if !known.shows(kind, o, seen) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if latest, ok := a.records[o.Key()]; ok && latest.hash == o.Hash && latest.resourceVersion == known.resourceVersion {
		latest.shown = seen.GetResourceVersion()
		a.records[o.Key()] = latest
	}
	return true
}

// shows reports whether an object still is as the apply left it, as far as our fields
// go.
func (m record) shows(kind object.Kind, o object.Object, seen metav1.Object) bool {
	if seen.GetResourceVersion() == m.resourceVersion {
		return true
	}
	return m.keeps(kind, o, seen) && !m.misses(o, seen)
}

// keeps reports whether nobody has taken a field of ours, and that nobody has applied in our
// name. Mostly nobody has touched any: a status is all that was written.
func (m record) keeps(kind object.Kind, o object.Object, seen metav1.Object) bool {
	if ownTime(seen) != m.time {
		return false
	}
	own := ownFields(seen)
	if bytes.Equal(own, m.fields) {
		return true
	}
	yields := yieldsOf(kind, o.Body, seen)
	return fingerprint(own, yields) == fingerprint(m.fields, yields)
}

// misses reports whether the list, which the apply left to another manager because ours was part
// of it, has lost some of ours since.
func (m record) misses(o object.Object, seen metav1.Object) bool {
	l := listOf(o.GVK)
	if len(l.wanted(o.Body)) == 0 || l.covers(seen, o.Body) {
		return false
	}
	fields, err := decodeFields(m.fields)
	return err == nil && !owns(fields, string(l))
}

// stateOfDrift returns whether an object that was changed is to be reverted now.
func (a *Applier) stateOfDrift(key object.Key) State {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now().Before(a.backoffs[key].until) {
		return Contested
	}
	return Stale
}

// OlderResourceVersion reports whether resource version a comes before b; false where one
// of them is none. Versions of one resource are comparable since Kubernetes 1.35 by
// specification, and with etcd always were.
func OlderResourceVersion(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}

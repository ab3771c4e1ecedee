// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
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
	// Contested objects differ because somebody changes them again and again: they are
	// to be applied later.
	Contested
)

// State tells without a request how an object compares with the cluster.
func (a *Applier) State(object Object) State {
	a.mu.Lock()
	remembered, ok := a.memories[object.Key()]
	a.mu.Unlock()
	kind, err := kindOf(object.GVK)
	seen := a.observer.Observe(object.Key())
	switch {
	case seen.Object != nil && ignored(seen.Object):
		return InSync
	case !ok || remembered.hash != object.Hash:
		return Stale
	case err != nil || kind.Unwatched:
		return InSync
	}
	switch {
	case Older(seen.newest(), remembered.resourceVersion):
		return Behind
	case seen.Object != nil && a.shows(kind, object, seen.Object, remembered):
		return InSync
	default:
		return a.drifted(object.Key())
	}
}

// shows asks what the cache has of an object once for each resource version.
func (a *Applier) shows(kind Kind, object Object, seen metav1.Object, remembered memory) bool {
	if seen.GetResourceVersion() == remembered.shown {
		return true
	}
	if !remembered.shows(kind, object, seen) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if latest, ok := a.memories[object.Key()]; ok && latest.hash == object.Hash && latest.resourceVersion == remembered.resourceVersion {
		latest.shown = seen.GetResourceVersion()
		a.memories[object.Key()] = latest
	}
	return true
}

// shows tells whether an object still is as the apply left it, as far as our fields
// go.
func (m memory) shows(kind Kind, object Object, seen metav1.Object) bool {
	if seen.GetResourceVersion() == m.resourceVersion {
		return true
	}
	return m.keeps(kind, object, seen) && !m.misses(object, seen)
}

// keeps tells that nobody has taken a field of ours, and that nobody has applied in our
// name. Mostly nobody has touched any: a status is all that was written.
func (m memory) keeps(kind Kind, object Object, seen metav1.Object) bool {
	if ownTime(seen) != m.time {
		return false
	}
	own := ownFields(seen)
	if bytes.Equal(own, m.fields) {
		return true
	}
	yields := yieldsOf(kind, object.Body, seen)
	return fingerprint(own, yields) == fingerprint(m.fields, yields)
}

// misses tells that the list, which the apply left to somebody because ours was part
// of it, has lost some of ours since.
func (m memory) misses(object Object, seen metav1.Object) bool {
	l := listOf(object.GVK)
	if len(l.wanted(object.Body)) == 0 || l.covers(seen, object.Body) {
		return false
	}
	fields, err := decodeFields(m.fields)
	return err == nil && !owns(fields, string(l))
}

// drifted tells whether an object that somebody changed is to be put back now.
func (a *Applier) drifted(key Key) State {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now().Before(a.contests[key].until) {
		return Contested
	}
	return Stale
}

// Older tells that resource version a comes before b; false where one of them is none.
// Versions of one resource are comparable since Kubernetes 1.35 by specification, and with
// etcd always were.
func Older(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}

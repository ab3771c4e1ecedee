// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

// ownFields returns the fields that our last apply owns, as the API server keeps
// them. Nil where there is no entry of ours.
func ownFields(object metav1.Object) []byte {
	if entry := appliedEntry(object); entry != nil {
		return entry.FieldsV1.GetRawBytes()
	}
	return nil
}

// ownTime returns the second in which an apply in our name last changed the object:
// one that changes nothing leaves it as it is, and so does whoever takes a field
// (k8s.io/apimachinery/pkg/util/managedfields/internal, managedFieldsUpdater). Zero
// where there is no entry of ours.
func ownTime(object metav1.Object) int64 {
	if entry := appliedEntry(object); entry != nil {
		return unix(entry.Time)
	}
	return 0
}

// appliedEntry is the managedFields entry of our applies. Nil: there is none.
func appliedEntry(object metav1.Object) *metav1.ManagedFieldsEntry {
	entries := object.GetManagedFields()
	for i := range entries {
		entry := &entries[i]
		if entry.Manager == v1.FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" && entry.FieldsV1 != nil {
			return entry
		}
	}
	return nil
}

// ownEntry returns the fields that our last apply owns together with the time at which
// one of them got another value. Empty where there is no entry of ours.
func ownEntry(object metav1.Object) string {
	entry := appliedEntry(object)
	if entry == nil {
		return ""
	}
	return fmt.Sprintf("%d %s", unix(entry.Time), entry.FieldsV1.GetRawBytes())
}

// yields are the fields of one object that belong to whoever changes them after
// its creation.
type yields func(fieldpath.Path) bool

// yieldsOf returns what an object yields: a ValidatingWebhookConfiguration its
// failurePolicy, which istiod turns from Ignore to Fail once it can answer, a
// Deployment whose body names no replicas these, to an autoscaler, and an object its
// list that people add to, while ours is part of it. Nil: nothing.
func yieldsOf(kind object.Kind, body []byte, live metav1.Object) yields {
	if kind.GVK == object.ValidatingWebhookConfiguration.GVK {
		return func(path fieldpath.Path) bool { return strings.HasSuffix(path.String(), ".failurePolicy") }
	}
	var paths []string
	if kind.GVK == object.Deployment.GVK && !namesReplicas(body) {
		paths = append(paths, replicasPath)
	}
	if l := listOf(kind.GVK); l.covers(live, body) {
		paths = append(paths, string(l))
	}
	if paths == nil {
		return nil
	}
	return func(path fieldpath.Path) bool { return slices.Contains(paths, path.String()) }
}

// replicasPath is the field of a Deployment that an autoscaler sets.
const replicasPath = ".spec.replicas"

// fingerprint hashes owned fields without those that are yielded. Two fingerprints
// of an object are equal while nobody has taken a field of ours away.
func fingerprint(fields []byte, yields yields) string {
	if yields != nil {
		if set, err := decodeFields(fields); err == nil {
			if encoded, err := without(set, yields).ToJSON(); err == nil {
				fields = encoded
			}
		}
	}
	sum := sha256.Sum256(fields)
	return string(sum[:])
}

func without(set *fieldpath.Set, drop yields) *fieldpath.Set {
	kept := &fieldpath.Set{}
	for path := range set.All() {
		if drop == nil || !drop(path) {
			kept.Insert(path.Copy())
		}
	}
	return kept
}

func decodeFields(fields []byte) (*fieldpath.Set, error) {
	set := &fieldpath.Set{}
	if err := set.FromJSON(bytes.NewReader(fields)); err != nil {
		return nil, fmt.Errorf("reading managed fields: %w", err)
	}
	return set, nil
}

// LostFields is what another manager has changed of an object.
type LostFields struct {
	// Managers are the field managers that own them now; empty where the fields were
	// removed.
	Managers []string
	// Fields are paths such as .spec.template.spec.containers[name="ztunnel"].image. Empty
	// beside a manager: values changed, and nobody knows of which fields.
	Fields []string
}

// ObjectDeleted reports whether the whole object was deleted.
func (t LostFields) ObjectDeleted() bool { return len(t.Fields)+len(t.Managers) == 0 }

// appliedInOurName is what is known of an apply by another client under our field manager.
func appliedInOurName() LostFields { return LostFields{Managers: []string{v1.FieldManager}} }

// lostFields compares the fields that we owned with what an object shows now.
func lostFields(before []byte, object metav1.Object, yields yields) LostFields {
	had, err := decodeFields(before)
	if err != nil {
		return LostFields{}
	}
	if has, err := decodeFields(ownFields(object)); err == nil {
		had = had.Difference(has)
	}
	missing := without(had, yields).Leaves()
	lost := LostFields{}
	for path := range missing.All() {
		lost.Fields = append(lost.Fields, path.String())
	}
	slices.Sort(lost.Fields)
	for _, entry := range object.GetManagedFields() {
		if entry.FieldsV1 == nil || entry.Manager == v1.FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply {
			continue
		}
		if theirs, err := decodeFields(entry.FieldsV1.GetRawBytes()); err == nil && !theirs.Intersection(missing).Empty() {
			lost.Managers = append(lost.Managers, entry.Manager)
		}
	}
	slices.Sort(lost.Managers)
	lost.Managers = slices.Compact(lost.Managers)
	return lost
}

// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// Effect is what a plan would do to an object.
type Effect string

// The effects.
const (
	// EffectAdded: the object is not there.
	EffectAdded Effect = "Added"
	// EffectChanged: fields of it would change.
	EffectChanged Effect = "Changed"
	// EffectRemoved: the plan no longer holds it.
	EffectRemoved Effect = "Removed"
	// EffectIgnored: fields of it would change, were it not annotated to be left alone.
	EffectIgnored Effect = "Ignored"
)

// Difference is what a plan would do to one object.
type Difference struct {
	object.Key
	Effect Effect
	// Fields that would change, for EffectChanged and EffectIgnored. Empty: not known.
	Fields []Field
	// RestartsPods reports whether the pods of a workload that is there would be replaced.
	RestartsPods bool
}

// Preview asks the API server what applying the wanted objects would change, and changes
// nothing. What differs is listed in the order of the wanted objects, then those of the
// owned that are no longer wanted and would be removed. Each object costs two requests; failures are joined, each is an
// *ObjectError, and the differences of the other objects come with them.
func (a *Applier) Preview(ctx context.Context, wanted []object.Object, owned []Owned) ([]Difference, error) {
	found := make([]*Difference, len(wanted))
	failures := together(len(wanted), func(i int) (err error) {
		if found[i], err = a.difference(ctx, wanted[i]); err != nil {
			return &ObjectError{Key: wanted[i].Key(), cause: err}
		}
		return nil
	})
	var differences []Difference
	for _, difference := range found {
		if difference != nil {
			differences = append(differences, *difference)
		}
	}
	for _, object := range Removable(Unwanted(owned, wanted)) {
		differences = append(differences, Difference{Key: object.Key, Effect: EffectRemoved})
	}
	return differences, errors.Join(failures...)
}

// difference is nil where applying the object would change nothing.
func (a *Applier) difference(ctx context.Context, o object.Object) (*Difference, error) {
	kind, err := o.Kind()
	if err != nil {
		return nil, err
	}
	resource := a.wholeResource(kind, o.Namespace)
	live, err := find(ctx, resource, o.Name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading it: %w", err)
	case live == nil:
		return addition(ctx, resource, o)
	case !ignored(live):
		return a.change(ctx, kind, o, live)
	}
	difference, err := a.change(ctx, kind, o, live)
	if difference != nil {
		difference.Effect, difference.RestartsPods = EffectIgnored, false
	}
	return difference, err
}

// change is nil where applying the object would change nothing of what the cluster has. It
// has no fields where the API server cannot say which ones would change.
func (a *Applier) change(ctx context.Context, kind object.Kind, o object.Object, live *unstructured.Unstructured) (*Difference, error) {
	decoded, err := decodeListed(live)
	if err != nil {
		return nil, err
	}
	body, err := bodyFor(kind, o, decoded)
	if err != nil {
		return nil, err
	}
	after, err := a.wholeResource(kind, o.Namespace).Patch(ctx, o.Name, types.ApplyPatchType, body, applying(metav1.DryRunAll))
	switch {
	case otherType(kind, err):
		return &Difference{Key: o.Key(), Effect: EffectChanged, Fields: []Field{{Path: ".type", Hidden: true}}}, nil
	case undecided(err):
		return &Difference{Key: o.Key(), Effect: EffectChanged, RestartsPods: o.Key().Workload()}, nil // The worst that it can be.
	case err != nil:
		return nil, err
	default:
		return compare(o.Key(), live, after), nil
	}
}

// find reads an object by a list, since the operator has no right to get one; nil where
// there is none.
func find(ctx context.Context, resource dynamic.ResourceInterface, name string) (*unstructured.Unstructured, error) {
	list, err := resource.List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()})
	if err != nil || len(list.Items) == 0 {
		if apierrors.IsNotFound(err) { // The kind is not served.
			err = nil
		}
		return nil, err
	}
	return &list.Items[0], nil
}

// addition is the difference of an object that is not there, unless the API server would refuse it.
func addition(ctx context.Context, resource dynamic.ResourceInterface, o object.Object) (*Difference, error) {
	_, err := resource.Patch(ctx, o.Name, types.ApplyPatchType, o.Body, applying(metav1.DryRunAll))
	if err != nil && !undecided(err) {
		return nil, err
	}
	return &Difference{Key: o.Key(), Effect: EffectAdded}, nil
}

func (a *Applier) wholeResource(kind object.Kind, namespace string) dynamic.ResourceInterface {
	resource := a.whole.Resource(kind.GVR())
	if kind.Namespaced {
		return resource.Namespace(namespace)
	}
	return resource
}

// compare is nil where two states of an object are the same but for what the API server
// writes into every answer.
func compare(key object.Key, before, after *unstructured.Unstructured) *Difference {
	difference := &Difference{Key: key, Effect: EffectChanged, Fields: differing(before.Object, after.Object)}
	if len(difference.Fields) == 0 {
		return nil
	}
	for i, field := range difference.Fields {
		if key.GVK == object.Secret.GVK {
			difference.Fields[i] = Field{Path: field.Path, Hidden: true}
		}
		inTemplate := strings.HasPrefix(field.Path, ".spec.template.")
		difference.RestartsPods = difference.RestartsPods || inTemplate && key.Workload()
	}
	return difference
}

// Summary is one sentence without a period, such as "2 objects added, 1 changed; pods
// restart: Deployment istio-system/istiod". It names objects and holds no values.
func Summary(differences []Difference) string {
	counts := map[Effect]int{}
	var restarting []string
	for _, difference := range differences {
		counts[difference.Effect]++
		if difference.RestartsPods {
			restarting = append(restarting, difference.String())
		}
	}
	if len(differences) == 0 {
		return "nothing changes"
	}
	if len(restarting) == 0 {
		return counted(counts) + "; no pods restart"
	}
	return counted(counts) + "; pods restart: " + wording.List(restarting)
}

// counted names the noun once: "1 object added, 2 removed".
func counted(counts map[Effect]int) string {
	var parts []string
	for _, effect := range []Effect{EffectAdded, EffectChanged, EffectRemoved, EffectIgnored} {
		count, noun := counts[effect], ""
		switch {
		case count == 0:
			continue
		case len(parts) == 0 && count == 1:
			noun = " object"
		case len(parts) == 0:
			noun = " objects"
		}
		parts = append(parts, fmt.Sprintf("%d%s %s", count, noun, strings.ToLower(string(effect))))
	}
	return strings.Join(parts, ", ")
}

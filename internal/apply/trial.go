// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Try asks the API server whether it would take those of the objects that the plan
// has changed since they were applied, and changes nothing. What it took once is not
// asked again. Failures are joined; each is an *ObjectError.
func (a *Applier) Try(ctx context.Context, objects []Object) error {
	changed := slices.DeleteFunc(slices.Clone(objects), func(o Object) bool { return !a.untried(o) })
	if len(changed) == 0 {
		return nil
	}
	_, err := a.each(len(changed), func(i int) error {
		if err := a.try(ctx, changed[i]); err != nil {
			return &ObjectError{Key: changed[i].Key(), cause: err}
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.tried[changed[i].Key()] = changed[i].Hash
		return nil
	})
	return err
}

// untried tells an object of which the API server has not seen this form.
func (a *Applier) untried(object Object) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.memories[object.Key()].hash != object.Hash && a.tried[object.Key()] != object.Hash
}

func (a *Applier) try(ctx context.Context, object Object) error {
	kind, err := kindOf(object.GVK)
	if err != nil {
		return err
	}
	body, err := bodyFor(kind, object, a.observer.Observe(object.Key()).Object)
	if err != nil {
		return err
	}
	_, err = a.send(ctx, kind, object.Key(), body, metav1.DryRunAll)
	if undecided(err) || otherType(kind, err) { // Apply makes such a Secret anew.
		return nil
	}
	return err
}

// undecided tells an answer that says nothing of the object: what it stands in comes
// with the same plan, or a webhook cannot be asked without consequences
// (k8s.io/apiserver/pkg/admission/plugin/webhook/errors, NewDryRunUnsupportedErr).
func undecided(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "does not support dry run")
}

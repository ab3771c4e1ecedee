// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/internal/object"
)

// DryRun asks the API server whether it would accept those of the objects that the plan
// has changed since they were applied, and changes nothing. An object that was accepted is
// not asked about again. Failures are joined; each is an *ObjectError.
func (a *Applier) DryRun(ctx context.Context, objects []object.Object) error {
	changed := slices.DeleteFunc(slices.Clone(objects), func(o object.Object) bool { return !a.needsDryRun(o) })
	if len(changed) == 0 {
		return nil
	}
	_, err := a.each(len(changed), func(i int) error {
		if err := a.dryRun(ctx, changed[i]); err != nil {
			return &ObjectError{Key: changed[i].Key(), cause: err}
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.accepted[changed[i].Key()] = changed[i].Hash
		return nil
	})
	return err
}

// needsDryRun reports whether the API server has not seen this form of the object.
func (a *Applier) needsDryRun(o object.Object) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.records[o.Key()].hash != o.Hash && a.accepted[o.Key()] != o.Hash
}

func (a *Applier) dryRun(ctx context.Context, o object.Object) error {
	kind, err := o.Kind()
	if err != nil {
		return err
	}
	body, err := bodyFor(kind, o, a.observer.Observe(o.Key()).Object)
	if err != nil {
		return err
	}
	_, err = a.send(ctx, kind, o.Key(), body, metav1.DryRunAll)
	if undecided(err) || otherType(kind, err) { // Apply makes such a Secret again.
		return nil
	}
	return err
}

// undecided recognizes an answer that says nothing of the object: what it stands in comes
// with the same plan, or a webhook cannot be asked without consequences
// (k8s.io/apiserver/pkg/admission/plugin/webhook/errors, NewDryRunUnsupportedErr).
func undecided(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "does not support dry run")
}

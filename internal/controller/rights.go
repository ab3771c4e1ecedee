// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// outside stops a resource whose install namespace the operator has no rights in.
func (r *Reconciler) outside(smc *v1.ServiceMeshController) *stop {
	namespace := namespaceOf(smc)
	if len(r.installNamespaces) == 0 || slices.Contains(r.installNamespaces, namespace) {
		return nil
	}
	return &stop{
		reason: v1.ReasonNamespaceNotAllowed, phase: v1.PhaseFailed,
		message: fmt.Sprintf("this operator installs into %s, not into %s: add it to installNamespaces of the operator's Helm chart",
			wording.List(r.installNamespaces), namespace),
	}
}

// advice is an error with what to do where the operator lacks a right. Its rights
// in the install namespace go when somebody deletes that namespace.
func advice(err error) string {
	if apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot ") {
		return err.Error() + "; the operator's rights come with its Helm chart: run helm upgrade for it"
	}
	return err.Error()
}

// removeSecrets deletes what no watch shows, the copies of pull secrets among it, and the
// records of Helm releases, and tells how many records are left. Where the namespace has gone, they went with
// it, and so did the right to look.
func (r *Reconciler) removeSecrets(ctx context.Context, smc *v1.ServiceMeshController) (left int, err error) {
	namespace, m := namespaceOf(smc), r.remembered(smc)
	if !m.cleared {
		_, err = r.deleteUnwatched(ctx, smc, nil)
	}
	if err == nil {
		m.cleared = true
		left, err = helm.NewRecorder(r.secrets.CoreV1().Secrets(namespace)).Forget(ctx, removal)
	}
	if !apierrors.IsForbidden(err) {
		return left, err
	}
	if missing, lookErr := r.applier.NamespaceMissing(ctx, namespace); lookErr == nil && missing {
		return 0, nil
	}
	return left, err
}

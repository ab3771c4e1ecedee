// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// pullSecrets returns the secrets to copy from the operator's namespace: those that exist there
// and are not provided in the install namespace. It ends the watches of secrets that spec no
// longer names, and makes the applier apply a copy again that was changed.
func (r *Reconciler) pullSecrets(ctx context.Context, smc *v1.ServiceMeshController) ([]plan.PullSecret, error) {
	namespace := namespaceOf(smc)
	r.pull.Retain(r.followed(smc)...)
	if smc.Spec.Image == nil || namespace == r.namespace {
		return nil, nil
	}
	var wanted []plan.PullSecret
	for _, name := range pullSecretNames(smc) {
		source, err := r.pull.Get(ctx, r.namespace, name)
		if err != nil {
			return nil, err
		}
		there, err := r.pull.Get(ctx, namespace, name)
		if err != nil {
			return nil, err
		}
		if source == nil || there != nil && !copied(there, smc.Name) {
			continue
		}
		if there == nil || !maps.EqualFunc(source.Data, there.Data, slices.Equal) {
			r.applier.Invalidate(object.SecretKey(namespace, name))
		}
		wanted = append(wanted, plan.PullSecret{Name: name, From: r.namespace, Type: string(source.Type), Data: source.Data})
	}
	return wanted, nil
}

// notCopied lists the pull secrets that the install namespace must have by itself.
func notCopied(smc *v1.ServiceMeshController, built *plan.Plan) []string {
	return slices.DeleteFunc(pullSecretNames(smc), func(name string) bool {
		return slices.ContainsFunc(built.Objects(), func(o object.Object) bool { return o.Key() == object.SecretKey(namespaceOf(smc), name) })
	})
}

// copied recognizes a copy that the operator has made for that resource.
func copied(secret *corev1.Secret, owner string) bool {
	return secret.Labels[v1.OwnerLabel] == owner && secret.Annotations[v1.CopiedFromAnnotation] != ""
}

// followed names the Secrets that are looked at for spec.image.secrets.
func (r *Reconciler) followed(smc *v1.ServiceMeshController) []types.NamespacedName {
	var names []types.NamespacedName
	for _, name := range pullSecretNames(smc) {
		names = append(names, types.NamespacedName{Namespace: r.namespace, Name: name},
			types.NamespacedName{Namespace: namespaceOf(smc), Name: name})
	}
	return names
}

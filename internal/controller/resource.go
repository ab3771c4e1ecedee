// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"slices"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/component"
)

// namespaceOf returns the install namespace.
func namespaceOf(smc *v1.ServiceMeshController) string {
	return cmp.Or(smc.Spec.InstallNamespace, v1.DefaultInstallNamespace)
}

// paused reports whether a resource is annotated to be left as it is.
func paused(smc *v1.ServiceMeshController) bool {
	return smc.Annotations[v1.PausedAnnotation] == "true"
}

func pullSecretsOf(smc *v1.ServiceMeshController) []string {
	if smc.Spec.Image == nil {
		return nil
	}
	var names []string
	for _, secret := range smc.Spec.Image.Secrets {
		names = append(names, secret.Name)
	}
	return names
}

// pullSecretNames lists the names, each once.
func pullSecretNames(smc *v1.ServiceMeshController) []string {
	names := pullSecretsOf(smc)
	slices.Sort(names)
	return slices.Compact(names)
}

// removal lists the components in the order in which they are removed: the reverse of the
// installation. A removal needs no plan, so that it works when charts are unavailable.
var removal = component.RemovalOrder()

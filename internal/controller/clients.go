// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// NewScheme returns a scheme of the kinds that clients handle by their types.
func NewScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(v1.AddToScheme(scheme), corev1.AddToScheme(scheme))
}

// StaticMapper knows the two kinds that the manager's client and cache handle, so
// that no discovery is asked for them, and the operator may start before the CRD is
// served.
func StaticMapper(*rest.Config, *http.Client) (meta.RESTMapper, error) {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1.GroupVersion, corev1.SchemeGroupVersion})
	mapper.Add(corev1.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
	mapper.Add(v1.GroupVersion.WithKind("ServiceMeshController"), meta.RESTScopeRoot)
	return mapper, nil
}

// clientConfig logs no API warnings, and leaves throttling to the API server's priority
// and fairness: an installation is some fifty requests once.
func clientConfig(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{} // Istio's charts draw some at each apply: nothing that a user could fix.
	return config
}

// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// gatewayAPI is the prefix of the annotations with which the Gateway API's CRDs report
// their version and channel.
const gatewayAPI = "gateway.networking.k8s.io/"

// keepBundleAnnotations keeps of a CRD what the plan asks about: the Gateway API's bundle and
// the Helm release. The
// resource version is dropped as well, so that an update that changes none of
// this is no news.
func keepBundleAnnotations(object any) (any, error) {
	crd, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return object, nil
	}
	kept := metav1.ObjectMeta{Name: crd.Name, UID: crd.UID}
	for key, value := range crd.Annotations {
		if strings.HasPrefix(key, gatewayAPI) || key == v1.HelmReleaseAnnotation || key == v1.HelmNamespaceAnnotation {
			metav1.SetMetaDataAnnotation(&kept, key, value)
		}
	}
	if ours(crd) { // Also if its label was removed.
		kept.Labels = map[string]string{v1.OwnerLabel: crd.Labels[v1.OwnerLabel]}
	}
	return &metav1.PartialObjectMetadata{TypeMeta: crd.TypeMeta, ObjectMeta: kept}, nil
}

// dropSchemas drops the bulk of our own CRDs, which nothing asks about.
func dropSchemas(object any) (any, error) {
	if crd, ok := object.(*apiextensionsv1.CustomResourceDefinition); ok {
		crd.Spec = apiextensionsv1.CustomResourceDefinitionSpec{}
	}
	return object, nil
}

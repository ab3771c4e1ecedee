// SPDX-License-Identifier: Apache-2.0

// Package v1 is the API operator.gloo.solo.io/v1: the types of a
// ServiceMeshController and every phase, condition type, reason, label and
// annotation that a user can meet.
//
// +kubebuilder:object:generate=true
// +groupName=operator.gloo.solo.io
package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "operator.gloo.solo.io", Version: "v1"}

// AddToScheme registers the kinds of this package with a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &ServiceMeshController{}, &ServiceMeshControllerList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}

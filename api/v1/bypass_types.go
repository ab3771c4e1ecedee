// SPDX-License-Identifier: Apache-2.0

package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// BypassStatus is what the operator knows of pods whose traffic may not go through the mesh.
type BypassStatus struct {
	// lastCheckTime is when the operator last checked the pods that are to be in the mesh.
	// Empty: it has not, and message says why.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="timestamp(self) >= timestamp('1970-01-01T00:00:00Z')",message="must be a time such as 2026-01-31T12:00:00Z"
	LastCheckTime *metav1.Time `json:"lastCheckTime,omitempty"`

	// suspects is the number of pods whose traffic may bypass the mesh.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Suspects int32 `json:"suspects,omitempty"`

	// pods are the first twenty of them, sorted by namespace and name.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Pods []SuspectPod `json:"pods,omitempty"`

	// message says what to do about these pods, or why they are not checked. Empty: no pod is
	// suspected.
	// +optional
	Message string `json:"message,omitempty"`
}

// SuspectPod is a pod whose traffic may bypass the mesh.
type SuspectPod struct {
	// namespace of the pod.
	// +required
	Namespace string `json:"namespace"`

	// name of the pod.
	// +required
	Name string `json:"name"`

	// node that the pod runs on.
	// +required
	Node string `json:"node"`

	// reason is NotRedirected if istio-cni has not put the pod into the mesh, although it is to
	// be in it, or StartedWithoutCNI if the node booted and the pod started again while istio-cni
	// was not ready.
	// +required
	Reason string `json:"reason"`
}

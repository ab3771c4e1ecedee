// SPDX-License-Identifier: Apache-2.0

package v1

// Image is the source of Istio's images.
//
// +kubebuilder:validation:XValidation:rule="!has(self.registry) || size(self.registry) == 0 || !has(self.repository) || !self.repository.contains(':')",message="image.repository must not have a port if image.registry is set: put the registry's host and port into image.registry"
type Image struct {
	// registry is the registry's host, such as docker.io or registry.example.com:5000.
	// Default: the first part of repository if it is a host, else docker.io.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[[][0-9a-fA-F:]+[]])(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)?$')",message="image.registry must be a registry's host without a scheme, such as docker.io or registry.example.com:5000"
	Registry string `json:"registry,omitempty"`

	// repository is the path in the registry, such as istio. Images are
	// registry/repository/pilot, …/install-cni, …/ztunnel and …/proxyv2. Default: istio.
	// Without registry, the first part of the path is the registry if it has a dot or a
	// colon or is localhost, as in us-docker.pkg.dev/project/istio.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^/*(([a-z0-9]([-a-z0-9.]*[a-z0-9])?:[0-9]+/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*/*)?$')",message="image.repository must be a path of lower-case names, such as istio or mirror/istio, without a tag"
	Repository string `json:"repository,omitempty"`

	// secrets are pull secrets in the install namespace. If a Secret does not exist there
	// but exists in the operator's own namespace, the operator copies it and keeps the
	// copy up to date.
	// +optional
	// +kubebuilder:validation:MaxItems=16
	Secrets []LocalSecret `json:"secrets,omitempty"`
}

// LocalSecret names a Secret of the install namespace.
type LocalSecret struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",message="image.secrets must name Secrets: lower-case letters, digits, - and ."
	Name string `json:"name"`
}

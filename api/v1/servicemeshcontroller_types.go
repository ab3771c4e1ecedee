// SPDX-License-Identifier: Apache-2.0

package v1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ServiceMeshController describes one Istio mesh of the cluster. Applying it
// installs the mesh; changing spec.version upgrades it without restarting
// applications; deleting it removes the mesh and keeps what users made with it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=servicemeshcontrollers,singular=servicemeshcontroller,scope=Cluster,shortName=smc
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`,description="Istio version that runs"
// +kubebuilder:printcolumn:name="Istiod",type=string,JSONPath=`.status.components[?(@.name=="istiod")].pods`,description="istiod pods: up to date and ready / desired"
// +kubebuilder:printcolumn:name="CNI",type=string,JSONPath=`.status.components[?(@.name=="istio-cni")].pods`,description="istio-cni pods: up to date and ready / desired"
// +kubebuilder:printcolumn:name="Ztunnel",type=string,JSONPath=`.status.components[?(@.name=="ztunnel")].pods`,description="ztunnel pods: up to date and ready / desired"
// +kubebuilder:printcolumn:name="Progress",type=string,JSONPath=`.status.rollout.progress`,description="component that is being rolled out, versions, and its pods: up to date and ready / desired"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.message`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="the name is used as a label value: at most 63 characters"
type ServiceMeshController struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the mesh that should run.
	// +required
	Spec ServiceMeshControllerSpec `json:"spec"`

	// status is what the operator has observed. It is written by the operator alone.
	// +optional
	Status ServiceMeshControllerStatus `json:"status,omitempty"`

	// DecodeError names the fields that could not be decoded, and that are empty here.
	// It is no part of the API. Empty: everything was decoded.
	DecodeError string `json:"-"`
}

// ServiceMeshControllerList is a list of ServiceMeshControllers.
//
// +kubebuilder:object:root=true
type ServiceMeshControllerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ServiceMeshController `json:"items"`
}

// ServiceMeshControllerSpec is the desired mesh.
//
// +kubebuilder:validation:XValidation:rule="self.dataplaneMode == 'Sidecar' || self.trafficCaptureMode == 'Auto'",message="trafficCaptureMode InitContainer needs dataplaneMode Sidecar: ambient always captures traffic through istio-cni"
type ServiceMeshControllerSpec struct {
	// version is the Istio version to run, such as 1.29.1, without a leading v.
	// Changing it starts a rolling upgrade: istiod first, then istio-cni, then ztunnel.
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]+[.][0-9]+[.][0-9]+([-+][0-9A-Za-z.+-]+)?$')",message="version must be a full Istio version without a leading v, such as 1.29.1"
	Version string `json:"version"`

	// dataplaneMode is how workloads join the mesh. Ambient runs a ztunnel on each
	// node; Sidecar injects a proxy into each pod and runs no ztunnel.
	// +optional
	// +kubebuilder:default=Ambient
	DataplaneMode DataplaneMode `json:"dataplaneMode,omitempty"`

	// installNamespace is where istiod, istio-cni and ztunnel run. The operator
	// creates it when it is not there and never deletes it. It cannot be changed.
	// +optional
	// +kubebuilder:default=istio-system
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="installNamespace must be a namespace's name: lower-case letters, digits and -"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]+(e[0-9]+)?|0[xob][0-9a-f]+|y|n|yes|no|on|off|true|false|null)$')",message="installNamespace must be a name that YAML takes for a text"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="installNamespace cannot be changed: delete this ServiceMeshController and apply it anew with the other namespace"
	InstallNamespace string `json:"installNamespace,omitempty"`

	// cluster is this cluster's name in the mesh (Helm value
	// global.multiCluster.clusterName). Istio's own default is Kubernetes. It becomes
	// the value of the label topology.istio.io/cluster.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",message="cluster must be a label value that begins with a letter: letters, digits, -, _ and ."
	// +kubebuilder:validation:XValidation:rule="!self.matches('^(?i:y|n|yes|no|on|off|true|false|null)$')",message="cluster must be a name that YAML does not take for true, false or null"
	Cluster string `json:"cluster,omitempty"`

	// network is the name of the network that this cluster's pods share (Helm value
	// global.network). Empty: one flat network. It becomes the value of the label
	// topology.istio.io/network.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",message="network must be a label value that begins with a letter: letters, digits, -, _ and ."
	// +kubebuilder:validation:XValidation:rule="!self.matches('^(?i:y|n|yes|no|on|off|true|false|null)$')",message="network must be a name that YAML does not take for true, false or null"
	Network string `json:"network,omitempty"`

	// trustDomain is the SPIFFE trust domain of the mesh's identities (Helm value
	// meshConfig.trustDomain). Istio's own default is cluster.local.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*[.]?)?$')",message="trustDomain must be a DNS name such as cluster.local: lower-case letters, digits, - and ."
	TrustDomain string `json:"trustDomain,omitempty"`

	// distribution selects ordinary or FIPS-restricted cryptography. FIPS sets
	// Istio's COMPLIANCE_POLICY; images built for FIPS are chosen with image.
	// +optional
	// +kubebuilder:default=Standard
	Distribution Distribution `json:"distribution,omitempty"`

	// scalingProfile sizes istiod. Default: two replicas, spread over nodes. Demo: one
	// small replica. Large: autoscaled from four replicas with bigger requests.
	// +optional
	// +kubebuilder:default=Default
	ScalingProfile ScalingProfile `json:"scalingProfile,omitempty"`

	// trafficCaptureMode is how traffic of a pod reaches its proxy. Auto: through
	// istio-cni. InitContainer: through an init container in each pod, for dataplaneMode
	// Sidecar where no CNI plugin may be installed.
	// +optional
	// +kubebuilder:default=Auto
	TrafficCaptureMode TrafficCaptureMode `json:"trafficCaptureMode,omitempty"`

	// onConflict is what to do about objects of an Istio that somebody else installed.
	// Abort: touch nothing, name them, and go to phase ABORTED. Force: take them over.
	// +optional
	// +kubebuilder:default=Abort
	OnConflict OnConflict `json:"onConflict,omitempty"`

	// repository is where charts of Istio versions come from that are not compiled in.
	// Those of versions that are always come from the operator itself.
	// +optional
	Repository *Repository `json:"repository,omitempty"`

	// image is where Istio's images come from. Default: docker.io/istio.
	// +optional
	Image *Image `json:"image,omitempty"`

	// upgrade is how changes of the mesh are carried out.
	// +optional
	Upgrade *Upgrade `json:"upgrade,omitempty"`

	// values are Helm values in one tree, as `istioctl install` takes them: pilot, cni,
	// ztunnel, base, global, meshConfig. They win over all other settings. Keys that no
	// chart of the version reads are kept and named in the status.
	// +optional
	// +kubebuilder:validation:Type=object
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	Values *apiextensionsv1.JSON `json:"values,omitempty"`
}

// DataplaneMode is how workloads join the mesh.
// +kubebuilder:validation:Enum=Ambient;Sidecar
type DataplaneMode string

// The data plane modes.
const (
	Ambient DataplaneMode = "Ambient"
	Sidecar DataplaneMode = "Sidecar"
)

// Distribution selects the cryptography.
// +kubebuilder:validation:Enum=Standard;FIPS
type Distribution string

// The distributions.
const (
	Standard Distribution = "Standard"
	FIPS     Distribution = "FIPS"
)

// ScalingProfile sizes istiod.
// +kubebuilder:validation:Enum=Default;Demo;Large
type ScalingProfile string

// The scaling profiles.
const (
	ScalingDefault ScalingProfile = "Default"
	ScalingDemo    ScalingProfile = "Demo"
	ScalingLarge   ScalingProfile = "Large"
)

// TrafficCaptureMode is how traffic reaches a proxy.
// +kubebuilder:validation:Enum=Auto;InitContainer
type TrafficCaptureMode string

// The traffic capture modes.
const (
	CaptureAuto          TrafficCaptureMode = "Auto"
	CaptureInitContainer TrafficCaptureMode = "InitContainer"
)

// OnConflict is what to do about objects that somebody else owns.
// +kubebuilder:validation:Enum=Abort;Force
type OnConflict string

// The answers to a conflict.
const (
	Abort OnConflict = "Abort"
	Force OnConflict = "Force"
)

// Repository is a source of Helm charts.
type Repository struct {
	// url is the folder of an OCI registry that has the charts base, istiod, cni and
	// ztunnel (oci://…), or a Helm repository (https://…).
	// +required
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.startsWith('oci://') || self.startsWith('https://')",message="repository.url must start with oci:// or https://"
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@?#]*$')",message="repository.url must hold no user, password, query or fragment: credentials go into repository.secrets"
	URL string `json:"url"`

	// secrets are pull secrets for the repository: of type kubernetes.io/dockerconfigjson;
	// or of type kubernetes.io/basic-auth or with the keys username and password, and with
	// the annotation operator.gloo.solo.io/repository-host, which names the url's host. The
	// key ca.crt of any of them holds certificates, in PEM, of CAs to trust besides the
	// system's.
	// +optional
	// +kubebuilder:validation:MaxItems=16
	Secrets []NamespacedSecret `json:"secrets,omitempty"`

	// insecureSkipVerify turns off the check of the repository's TLS certificate.
	// +optional
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`
}

// NamespacedSecret names a Secret.
type NamespacedSecret struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// namespace of the Secret. Default: the operator's own.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
}

// Image is where Istio's images come from.
type Image struct {
	// registry is the registry's host, such as docker.io or registry.example.com:5000.
	// Default: docker.io.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[[][0-9a-fA-F:]+[]])(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)?$')",message="image.registry must be a registry's host without a scheme, such as docker.io or registry.example.com:5000"
	Registry string `json:"registry,omitempty"`

	// repository is the path in the registry, such as istio. Images are
	// registry/repository/pilot, …/install-cni, …/ztunnel and …/proxyv2. Default: istio.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^/*([a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*/*)?$')",message="image.repository must be a path of lower-case names, such as istio or mirror/istio, without a tag"
	Repository string `json:"repository,omitempty"`

	// secrets are pull secrets in the install namespace. One that is not there and is
	// in the operator's own namespace is copied, and the copy follows its source.
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

// ServiceMeshControllerStatus is the observed mesh.
type ServiceMeshControllerStatus struct {
	// observedGeneration is the generation of spec that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase sums the status up in one word. SUCCEEDED: the mesh is as spec says and
	// every pod is ready. FAILED and ABORTED: a person has to act, message says how.
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// version is the Istio version that runs: the newest that was complete, spec.version
	// at the end.
	// +optional
	Version string `json:"version,omitempty"`

	// planDigest identifies the objects and values that were complete last. A change is
	// whatever has another digest: see spec.upgrade.approve.
	// +optional
	PlanDigest string `json:"planDigest,omitempty"`

	// message says in one sentence what is going on, or what to do.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Message string `json:"message,omitempty"`

	// environment is what was found out about the cluster.
	// +optional
	Environment *EnvironmentStatus `json:"environment,omitempty"`

	// components are the mesh's parts in the order in which they are installed.
	// +optional
	// +listType=map
	// +listMapKey=name
	Components []ComponentStatus `json:"components,omitempty"`

	// rollout is the change that is under way. Empty when none is.
	// +optional
	Rollout *RolloutStatus `json:"rollout,omitempty"`

	// proposal is the change that waits to be approved. Empty when none does.
	// +optional
	Proposal *Proposal `json:"proposal,omitempty"`

	// failedRollout is the rollout that was rolled back last. It is forgotten when spec
	// changes.
	// +optional
	FailedRollout *FailedRollout `json:"failedRollout,omitempty"`

	// history are the last ten changes of the mesh, the newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	History []HistoryEntry `json:"history,omitempty"`

	// conditions are, in this order: Initialized, CRDInstalled, ControlPlaneDeployed,
	// CNIDeployed, ZtunnelDeployed, WebhookDeployed, Ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// EnvironmentStatus is what was found out about the cluster.
type EnvironmentStatus struct {
	// kubernetes is the API server's version, such as v1.37.2+k3s1.
	// +optional
	Kubernetes string `json:"kubernetes,omitempty"`

	// platform is k3s, k3d, minikube, microk8s, gke, eks, aks or openshift. Empty: none
	// that needs anything special.
	// +optional
	Platform string `json:"platform,omitempty"`

	// cni names the CNI plugins that were found, such as Cilium. Empty: none that is
	// known.
	// +optional
	CNI string `json:"cni,omitempty"`
}

// ComponentStatus is the state of one part of the mesh.
type ComponentStatus struct {
	// name is gateway-api, istio-base, istiod, istio-cni or ztunnel.
	// +required
	Name string `json:"name"`

	// version was last applied in full: Istio's, or the Gateway API's for gateway-api.
	// +optional
	Version string `json:"version,omitempty"`

	// pods is "up to date and ready / desired", empty for a component without pods.
	// +optional
	Pods string `json:"pods,omitempty"`

	// desired is the number of pods that should run.
	// +optional
	Desired int32 `json:"desired,omitempty"`

	// updated is the number of pods of the current template.
	// +optional
	Updated int32 `json:"updated,omitempty"`

	// ready is the number of ready pods, of whichever template.
	// +optional
	Ready int32 `json:"ready,omitempty"`

	// message says what the component waits for. Empty when it is complete.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Message string `json:"message,omitempty"`
}

// SPDX-License-Identifier: Apache-2.0

package v1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ServiceMeshController describes one Istio mesh of the cluster. Applying it
// installs the mesh. Changing spec.version upgrades the mesh without restarting
// applications. Deleting it removes the mesh and keeps the objects that users created.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=servicemeshcontrollers,singular=servicemeshcontroller,scope=Cluster,shortName=smc
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`,description="Istio version that runs"
// +kubebuilder:printcolumn:name="Istiod",type=string,JSONPath=`.status.components[?(@.name=="istiod")].pods`,description="istiod pods: up to date and ready / desired"
// +kubebuilder:printcolumn:name="CNI",type=string,JSONPath=`.status.components[?(@.name=="istio-cni")].pods`,description="istio-cni pods: up to date and ready / desired"
// +kubebuilder:printcolumn:name="Ztunnel",type=string,JSONPath=`.status.components[?(@.name=="ztunnel")].pods`,description="ztunnel pods: up to date and ready / desired"
// +kubebuilder:printcolumn:name="Traffic",type=string,JSONPath=`.status.traffic.proven`,description="nodes whose traffic is proven to go through the mesh / nodes with a probe: see spec.probe"
// +kubebuilder:printcolumn:name="Progress",type=string,JSONPath=`.status.rollout.progress`,description="component that is being rolled out, versions, and its pods: up to date and ready / desired"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.message`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="the name is used as a label value: at most 63 characters"
type ServiceMeshController struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired mesh.
	// +required
	Spec ServiceMeshControllerSpec `json:"spec"`

	// status is the observed mesh. Only the operator writes it.
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
	// node. Sidecar injects a proxy into each pod and runs no ztunnel.
	// +optional
	// +kubebuilder:default=Ambient
	DataplaneMode DataplaneMode `json:"dataplaneMode,omitempty"`

	// installNamespace is the namespace of istiod, istio-cni and ztunnel. The operator
	// creates it if it does not exist, and never deletes it. It cannot be changed.
	// +optional
	// +kubebuilder:default=istio-system
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="installNamespace must be a namespace's name: lower-case letters, digits and -"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]+(e[0-9]+)?|0[xob][0-9a-f]+|y|n|yes|no|on|off|true|false|null)$')",message="installNamespace must be a name that YAML reads as a string, not as a number, a boolean or null"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="installNamespace cannot be changed: delete this ServiceMeshController, then create it with the other namespace"
	InstallNamespace string `json:"installNamespace,omitempty"`

	// cluster is this cluster's name in the mesh (Helm value
	// global.multiCluster.clusterName). Istio's own default is Kubernetes. It is used as
	// the value of the label topology.istio.io/cluster.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",message="cluster must be a label value that begins with a letter: letters, digits, -, _ and ."
	// +kubebuilder:validation:XValidation:rule="!self.matches('^(?i:y|n|yes|no|on|off|true|false|null)$')",message="cluster must be a name that YAML does not read as a boolean or null"
	Cluster string `json:"cluster,omitempty"`

	// network is the name of the network that this cluster's pods share (Helm value
	// global.network). Empty: one flat network. It is used as the value of the label
	// topology.istio.io/network.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",message="network must be a label value that begins with a letter: letters, digits, -, _ and ."
	// +kubebuilder:validation:XValidation:rule="!self.matches('^(?i:y|n|yes|no|on|off|true|false|null)$')",message="network must be a name that YAML does not read as a boolean or null"
	Network string `json:"network,omitempty"`

	// trustDomain is the SPIFFE trust domain of the mesh's identities (Helm value
	// meshConfig.trustDomain). Istio's own default is cluster.local.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*[.]?)?$')",message="trustDomain must be a DNS name such as cluster.local: lower-case letters, digits, - and ."
	TrustDomain string `json:"trustDomain,omitempty"`

	// distribution selects standard or FIPS-restricted cryptography. FIPS sets
	// Istio's COMPLIANCE_POLICY. To use images that are built for FIPS, set image.
	// +optional
	// +kubebuilder:default=Standard
	Distribution Distribution `json:"distribution,omitempty"`

	// scalingProfile sizes istiod. Default: two replicas, spread over nodes. Demo: one
	// small replica. Large: autoscaling with at least four replicas and larger requests.
	// +optional
	// +kubebuilder:default=Default
	ScalingProfile ScalingProfile `json:"scalingProfile,omitempty"`

	// trafficCaptureMode is how the traffic of a pod is redirected to its proxy. Auto:
	// by istio-cni. InitContainer: by an init container in each pod, for dataplaneMode
	// Sidecar in clusters that do not allow another CNI plugin.
	// +optional
	// +kubebuilder:default=Auto
	TrafficCaptureMode TrafficCaptureMode `json:"trafficCaptureMode,omitempty"`

	// onConflict is how to handle objects of an Istio that is not managed by this
	// operator. Abort: change nothing, name the objects, and set the phase to ABORTED.
	// Force: take over the objects.
	// +optional
	// +kubebuilder:default=Abort
	OnConflict OnConflict `json:"onConflict,omitempty"`

	// gatewayAPI is who manages the CRDs of the Gateway API. Auto: the operator installs
	// and upgrades them, unless the cluster has its own. Manage: the operator also takes
	// over CRDs of the standard channel that are not newer than its own. Ignore: the
	// operator never installs, upgrades or manages them.
	// +optional
	// +kubebuilder:default=Auto
	GatewayAPI GatewayAPIMode `json:"gatewayAPI,omitempty"`

	// repository is the source of charts for Istio versions that are not bundled with the
	// operator. Default: the operator's default repository, which is Istio's own unless the
	// operator's chart sets another one or none. Bundled versions always use the bundled
	// charts.
	// +optional
	Repository *Repository `json:"repository,omitempty"`

	// image is the source of Istio's images. Default: docker.io/istio.
	// +optional
	Image *Image `json:"image,omitempty"`

	// upgrade is how changes of the mesh are rolled out.
	// +optional
	Upgrade *Upgrade `json:"upgrade,omitempty"`

	// probe proves on each node that the traffic of pods goes through the mesh. It is for
	// dataplaneMode Ambient.
	// +optional
	Probe *Probe `json:"probe,omitempty"`

	// values are Helm values in one tree, as `istioctl install` takes them: pilot, cni,
	// ztunnel, base, global, meshConfig. They override all other settings, except values
	// that spec decides. Keys that no chart of the version reads are kept and named in
	// the status.
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

// OnConflict is how to handle objects that are not managed by this operator.
// +kubebuilder:validation:Enum=Abort;Force
type OnConflict string

// The answers to a conflict.
const (
	Abort OnConflict = "Abort"
	Force OnConflict = "Force"
)

// Repository is a source of Helm charts.
type Repository struct {
	// url is the path in an OCI registry that contains the charts base, istiod, cni and
	// ztunnel (oci://…), or the URL of a Helm repository (https://…).
	// +required
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.startsWith('oci://') || self.startsWith('https://')",message="repository.url must start with oci:// or https://"
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@?#]*$')",message="repository.url must not contain a user, a password, a query or a fragment: put credentials into repository.secrets"
	URL string `json:"url"`

	// secrets are pull secrets for the repository. A Secret is either of type
	// kubernetes.io/dockerconfigjson, or of type kubernetes.io/basic-auth or with the keys
	// username and password. The latter needs the annotation
	// operator.gloo.solo.io/repository-host, which names the url's host. The key ca.crt of
	// any Secret contains certificates, in PEM, of CAs to trust in addition to the system's.
	// +optional
	// +kubebuilder:validation:MaxItems=16
	Secrets []NamespacedSecret `json:"secrets,omitempty"`

	// insecureSkipVerify turns off the verification of the repository's TLS certificate.
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

// ServiceMeshControllerStatus is the observed mesh.
type ServiceMeshControllerStatus struct {
	// observedGeneration is the generation of spec that this status describes.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase summarizes the status in one word. SUCCEEDED: the mesh matches spec and
	// every pod is ready. FAILED and ABORTED: you must act, and message says how.
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// version is the Istio version that runs: the last one that was complete. At the end
	// of an upgrade, it is spec.version.
	// +optional
	Version string `json:"version,omitempty"`

	// chartSource is where the charts of the version that the operator applies come from:
	// bundled, or the URL of a repository.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	ChartSource string `json:"chartSource,omitempty"`

	// planDigest identifies the objects and values that were complete last. Before the
	// first ones are complete, it identifies those that the takeover of another
	// installation started with. Objects and values with another digest are a change: see
	// spec.upgrade.approve.
	// +optional
	PlanDigest string `json:"planDigest,omitempty"`

	// message describes in one sentence what happens, or what to do.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Message string `json:"message,omitempty"`

	// environment is what the operator detected about the cluster.
	// +optional
	Environment *EnvironmentStatus `json:"environment,omitempty"`

	// components are the components of the mesh, in installation order.
	// +optional
	// +listType=map
	// +listMapKey=name
	Components []ComponentStatus `json:"components,omitempty"`

	// bypass is what the operator knows of pods whose traffic may not go through the mesh.
	// Empty without ambient.
	// +optional
	Bypass *BypassStatus `json:"bypass,omitempty"`

	// traffic is what the probes have found. Empty without spec.probe.
	// +optional
	Traffic *TrafficStatus `json:"traffic,omitempty"`

	// certificates are those of the mesh's CA. Empty: none are known yet.
	// +optional
	Certificates *CertificatesStatus `json:"certificates,omitempty"`

	// rollout is the change in progress. Empty if there is none.
	// +optional
	Rollout *RolloutStatus `json:"rollout,omitempty"`

	// proposal is the change that waits for approval. Empty if there is none.
	// +optional
	Proposal *Proposal `json:"proposal,omitempty"`

	// failedRollout is the last rollout that was rolled back. It is removed when spec
	// changes.
	// +optional
	FailedRollout *FailedRollout `json:"failedRollout,omitempty"`

	// history is the last ten changes of the mesh, newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	History []HistoryEntry `json:"history,omitempty"`

	// conditions are, in this order: Initialized, CRDInstalled, ControlPlaneDeployed,
	// CNIDeployed, ZtunnelDeployed, WebhookDeployed, TrafficProven with spec.probe, Ready, and
	// CertificatesValid once certificates are known. While phase is FAILED or ABORTED,
	// Stalled follows with the reason and the message of Ready. Otherwise it is absent.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// EnvironmentStatus is what the operator detected about the cluster.
type EnvironmentStatus struct {
	// kubernetes is the API server's version, such as v1.37.2+k3s1.
	// +optional
	Kubernetes string `json:"kubernetes,omitempty"`

	// platform is k3s, k3d, minikube, microk8s, gke, eks, aks or openshift. Empty: a
	// platform that needs no special settings.
	// +optional
	Platform string `json:"platform,omitempty"`

	// cni names the detected CNI plugins, such as Cilium. Empty: no known plugin.
	// +optional
	CNI string `json:"cni,omitempty"`
}

// ComponentStatus is the state of one component of the mesh.
type ComponentStatus struct {
	// name is gateway-api, istio-base, istiod, istio-cni, ztunnel or probe.
	// +required
	Name string `json:"name"`

	// version is the version that was last applied completely: Istio's version, or the
	// Gateway API's version for gateway-api and the operator's for probe.
	// +optional
	Version string `json:"version,omitempty"`

	// pods is "up to date and ready / desired", empty for a component without pods.
	// +optional
	Pods string `json:"pods,omitempty"`

	// desired is the number of pods that should run.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2147483647
	Desired int32 `json:"desired,omitempty"`

	// updated is the number of pods of the current template.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2147483647
	Updated int32 `json:"updated,omitempty"`

	// ready is the number of ready pods, of any template.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2147483647
	Ready int32 `json:"ready,omitempty"`

	// message says what the component waits for. Empty when it is complete.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Message string `json:"message,omitempty"`
}

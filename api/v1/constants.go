// SPDX-License-Identifier: Apache-2.0

package v1

// Phase sums a ServiceMeshController's status up in one word.
// +kubebuilder:validation:Enum=PENDING;INSTALLING;UPGRADING;SUCCEEDED;DEGRADED;FAILED;ABORTED;UNINSTALLING
type Phase string

// The phases. Scripts wait for SUCCEEDED and give up on FAILED or ABORTED, so
// these two mean that a person has to act.
const (
	// PhasePending: accepted, nothing has been changed yet.
	PhasePending Phase = "PENDING"
	// PhaseInstalling: the first installation is under way.
	PhaseInstalling Phase = "INSTALLING"
	// PhaseUpgrading: a change of an installed mesh is rolling out.
	PhaseUpgrading Phase = "UPGRADING"
	// PhaseSucceeded: every component is complete and every pod ready.
	PhaseSucceeded Phase = "SUCCEEDED"
	// PhaseDegraded: the mesh is installed as spec says, but pods are not ready.
	PhaseDegraded Phase = "DEGRADED"
	// PhaseFailed: spec cannot be carried out; message says what to change.
	PhaseFailed Phase = "FAILED"
	// PhaseAborted: objects that this operator does not manage conflict with the mesh, and onConflict is Abort.
	PhaseAborted Phase = "ABORTED"
	// PhaseUninstalling: the resource is being deleted.
	PhaseUninstalling Phase = "UNINSTALLING"
)

// Phases lists the phases.
func Phases() []Phase {
	return []Phase{
		PhasePending, PhaseInstalling, PhaseUpgrading, PhaseSucceeded, PhaseDegraded, PhaseFailed, PhaseAborted, PhaseUninstalling,
	}
}

// The condition types, in the order in which they stand in the status.
const (
	ConditionInitialized          = "Initialized"
	ConditionCRDInstalled         = "CRDInstalled"
	ConditionControlPlaneDeployed = "ControlPlaneDeployed"
	ConditionCNIDeployed          = "CNIDeployed"
	ConditionZtunnelDeployed      = "ZtunnelDeployed"
	ConditionWebhookDeployed      = "WebhookDeployed"
	ConditionReady                = "Ready"
)

// ConditionStalled is after all others while the phase is FAILED or ABORTED, and absent
// otherwise: kstatus reports such a resource as failed.
const ConditionStalled = "Stalled"

// ConditionTrafficProven is before Ready where spec.probe is enabled, and absent otherwise.
const ConditionTrafficProven = "TrafficProven"

// ConditionCertificatesValid is after Ready once certificates of the mesh's CA are known, and
// absent until then. Ready does not depend on it.
const ConditionCertificatesValid = "CertificatesValid"

// ConditionTypes lists the condition types that are always there, in their order.
func ConditionTypes() []string {
	return []string{
		ConditionInitialized, ConditionCRDInstalled, ConditionControlPlaneDeployed, ConditionCNIDeployed,
		ConditionZtunnelDeployed, ConditionWebhookDeployed, ConditionReady,
	}
}

// The reasons of conditions and events.
const (
	// ReasonComplete: what the condition names is done.
	ReasonComplete = "Complete"
	// ReasonNotRequired: spec does not ask for what the condition names.
	ReasonNotRequired = "NotRequired"
	// ReasonWaiting: an earlier component is not complete yet.
	ReasonWaiting = "Waiting"
	// ReasonProgressing: objects are applied, pods are not all ready yet.
	ReasonProgressing = "Progressing"
	// ReasonDegraded: was complete, and pods have become unready since.
	ReasonDegraded = "Degraded"
	// ReasonValuesNotRead: values hold keys that no chart of this version reads.
	ReasonValuesNotRead = "ValuesNotRead"
	// ReasonValuesOverridden: values hold settings that spec decides.
	ReasonValuesOverridden = "ValuesOverridden"
	// ReasonRegistryRetired: images or charts are at a place that the Istio project gives up.
	ReasonRegistryRetired = "RegistryRetired"
	// ReasonInvalidValues: values cannot be rendered.
	ReasonInvalidValues = "InvalidValues"
	// ReasonValuesTooLarge: values are larger, deeper or more than any mesh needs.
	ReasonValuesTooLarge = "ValuesTooLarge"
	// ReasonReservedValue: values ask for what spec decides, or for what would take the
	// mesh apart.
	ReasonReservedValue = "ReservedValue"
	// ReasonUnexpectedObject: values would make a chart write what is no part of a mesh.
	ReasonUnexpectedObject = "UnexpectedObject"
	// ReasonObjectRefused: the API server would refuse an object that the values make.
	ReasonObjectRefused = "ObjectRefused"
	// ReasonDowngrade: spec.version is of an older minor version, and spec does not allow that.
	ReasonDowngrade = "DowngradeNotAllowed"
	// ReasonUpgradePathUnknown: the way to spec.version has a step that is not known.
	ReasonUpgradePathUnknown = "UpgradePathUnknown"
	// ReasonApprovalNeeded: a change waits for approval.
	ReasonApprovalNeeded = "ApprovalNeeded"
	// ReasonRolloutFailed: a component does not get ready.
	ReasonRolloutFailed = "RolloutFailed"
	// ReasonNodesNotReady: nodes that are not ready keep a component from being complete,
	// or are left out.
	ReasonNodesNotReady = "NodesNotReady"
	// ReasonRollingBack: a rollout failed, and the mesh goes back to what ran before.
	ReasonRollingBack = "RollingBack"
	// ReasonRolledBack: a rollout failed, and what ran before runs again.
	ReasonRolledBack = "RolledBack"
	// ReasonPullSecret: a pull secret cannot be read.
	ReasonPullSecret = "PullSecretUnreadable"
	// ReasonInvalidExtensions: the extensions ConfigMap cannot be read.
	ReasonInvalidExtensions = "InvalidExtensions"
	// ReasonUnknownVersion: no charts of spec.version are bundled, and there is no repository.
	ReasonUnknownVersion = "UnknownVersion"
	// ReasonFetchingCharts: charts are being fetched from spec.repository.
	ReasonFetchingCharts = "FetchingCharts"
	// ReasonRepositoryUnavailable: spec.repository does not answer as it should; it is
	// asked again.
	ReasonRepositoryUnavailable = "RepositoryUnavailable"
	// ReasonRepositoryDenied: spec.repository refuses the request, or its credentials.
	ReasonRepositoryDenied = "RepositoryDenied"
	// ReasonRepositoryUntrusted: nothing that is trusted signed the certificate of
	// spec.repository.
	ReasonRepositoryUntrusted = "RepositoryUntrusted"
	// ReasonRepositoryInvalid: spec.repository is no chart repository, or names none.
	ReasonRepositoryInvalid = "RepositoryInvalid"
	// ReasonRepositorySecret: a Secret of spec.repository cannot be used.
	ReasonRepositorySecret = "RepositorySecretInvalid"
	// ReasonChartNotFound: spec.repository has no chart of spec.version.
	ReasonChartNotFound = "ChartNotFound"
	// ReasonChartDigest: a chart is not what the repository says it is.
	ReasonChartDigest = "ChartDigestMismatch"
	// ReasonChartInvalid: a file of the repository is not Istio's chart of spec.version, or
	// takes too much to read.
	ReasonChartInvalid = "ChartInvalid"
	// ReasonChartStopped: rendering a chart took too long, or too much.
	ReasonChartStopped = "ChartRenderingStopped"
	// ReasonChartRenderingUnavailable: the process that renders a chart cannot be started;
	// it is tried again.
	ReasonChartRenderingUnavailable = "ChartRenderingUnavailable"
	// ReasonObjectNotAllowed: a chart renders an object that no Istio component has.
	ReasonObjectNotAllowed = "ObjectNotAllowed"
	// ReasonCRDsMissing: this binary was built without the Gateway API CRDs.
	ReasonCRDsMissing = "GatewayAPINotCompiledIn"
	// ReasonClusterNotRead: what has to be known of the cluster cannot be read.
	ReasonClusterNotRead = "ClusterNotRead"
	// ReasonConflict: objects that this operator does not manage conflict with the mesh.
	ReasonConflict = "Conflict"
	// ReasonApplyFailed: the API server refused an object.
	ReasonApplyFailed = "ApplyFailed"
	// ReasonNotOldest: another ServiceMeshController is older.
	ReasonNotOldest = "AnotherServiceMeshController"
	// ReasonNamespaceNotAllowed: the operator may not write to spec.installNamespace.
	ReasonNamespaceNotAllowed = "NamespaceNotAllowed"
	// ReasonNamespaceMissing: there is no namespace spec.installNamespace.
	ReasonNamespaceMissing = "NamespaceMissing"
	// ReasonNamespaceTerminating: the install namespace is being deleted.
	ReasonNamespaceTerminating = "NamespaceTerminating"
	// ReasonNamespaceForbidden: the operator lacks permissions in the install namespace.
	ReasonNamespaceForbidden = "NamespaceForbidden"
	// ReasonInstalling: an installation starts.
	ReasonInstalling = "Installing"
	// ReasonUpgrading: a change of an installed mesh starts.
	ReasonUpgrading = "Upgrading"
	// ReasonSucceeded: the mesh is complete.
	ReasonSucceeded = "Succeeded"
	// ReasonUninstalling: the mesh is being removed.
	ReasonUninstalling = "Uninstalling"
	// ReasonPaused: the resource is annotated to be left as it is.
	ReasonPaused = "Paused"
	// ReasonContested: another client keeps changing an owned object.
	ReasonContested = "Contested"
	// ReasonWorkloadIgnored: a workload is annotated to be left alone; with a condition that
	// is false, it is not what the mesh should have.
	ReasonWorkloadIgnored = "WorkloadIgnored"
	// ReasonTookOver: objects of another installation are the operator's from now on.
	ReasonTookOver = "TookOver"
	// ReasonPruned: objects that are not part of the mesh are removed.
	ReasonPruned = "Pruned"
	// ReasonHelmReleaseRetired: Helm's records of another installation were removed.
	ReasonHelmReleaseRetired = "HelmReleaseRetired"
	// ReasonLeftAlone: objects of another installation stay as they are.
	ReasonLeftAlone = "LeftAlone"
	// ReasonUndecodable: the stored resource has fields that the operator cannot decode.
	ReasonUndecodable = "Undecodable"
	// ReasonWorkloadsEnrolled: pods in the mesh would be cut off, and hold a removal or a
	// change.
	ReasonWorkloadsEnrolled = "WorkloadsEnrolled"
	// ReasonWorkloadsCutOff: CutOffAnnotation made the operator go on, and pods are cut off
	// until they are restarted.
	ReasonWorkloadsCutOff = "WorkloadsCutOff"
	// ReasonPodsBypassMesh: traffic of pods may not go through the mesh: see status.bypass.
	ReasonPodsBypassMesh = "PodsBypassMesh"
	// ReasonTrafficProven: the traffic of all nodes goes through the mesh.
	ReasonTrafficProven = "TrafficProven"
	// ReasonTrafficNotProven: the traffic of nodes does not get through the mesh, or bypasses it.
	ReasonTrafficNotProven = "TrafficNotProven"
	// ReasonTrafficUnknown: probes do not run or have no result yet.
	ReasonTrafficUnknown = "TrafficUnknown"
	// ReasonCertificatesValid: the certificates of the mesh's CA are valid for a while yet.
	ReasonCertificatesValid = "CertificatesValid"
	// ReasonCertificateExpiring: a certificate of the mesh's CA expires soon.
	ReasonCertificateExpiring = "CertificateExpiring"
	// ReasonCertificateExpired: a certificate of the mesh's CA has expired.
	ReasonCertificateExpired = "CertificateExpired"
	// ReasonRootMismatch: istiod does not publish the root of the Secret that it signs with.
	ReasonRootMismatch = "RootMismatch"
	// ReasonCertificateUnreadable: certificates of the mesh's CA cannot be read.
	ReasonCertificateUnreadable = "CertificateUnreadable"
	// ReasonProbeNotAllowed: spec.probe asks for what the operator's Helm chart does not allow.
	ReasonProbeNotAllowed = "ProbeNotAllowed"
	// ReasonWorkloadsTakenOut: the operator removed DataplaneModeLabel from namespaces.
	ReasonWorkloadsTakenOut = "WorkloadsTakenOut"
	// ReasonWorkloadsRestored: the operator restored DataplaneModeLabel on namespaces.
	ReasonWorkloadsRestored = "WorkloadsRestored"
	// ReasonDriftCorrected: another client's change to an owned object was reverted.
	ReasonDriftCorrected = "DriftCorrected"
)

// Names of the parts of a mesh, in status.components and in ComponentLabel.
const (
	ComponentGatewayAPI = "gateway-api"
	ComponentBase       = "istio-base"
	ComponentIstiod     = "istiod"
	ComponentCNI        = "istio-cni"
	ComponentZtunnel    = "ztunnel"
	ComponentProbe      = "probe"
)

const (
	// ExtensionsName is the name of a ConfigMap in the operator's own namespace with
	// Helm values for single charts, merged below spec.values.
	ExtensionsName = "gloo-extensions-config"
	// OwnerLabel is on every object that the operator owns; its value is the name of
	// the ServiceMeshController.
	OwnerLabel = "operator.gloo.solo.io/owner"
	// ComponentLabel is on every object that the operator owns; its value is the
	// component's name.
	ComponentLabel = "operator.gloo.solo.io/component"
	// PausedAnnotation on a ServiceMeshController, with the value "true", stops all
	// changes of its mesh.
	PausedAnnotation = "operator.gloo.solo.io/paused"
	// ApproveAnnotation on a ServiceMeshController approves the proposal of that digest, where
	// spec.upgrade.approve is Manual.
	ApproveAnnotation = "operator.gloo.solo.io/approve"
	// IgnoreAnnotation on an owned object, with the value "true", leaves that object
	// alone: it is neither changed nor deleted.
	IgnoreAnnotation = "operator.gloo.solo.io/ignore"
	// CutOffAnnotation on a ServiceMeshController, with the value "true", lets a removal or a
	// change go on although it cuts off pods that are in the mesh until they are restarted.
	CutOffAnnotation = "operator.gloo.solo.io/cut-off-workloads"
	// TakenOutAnnotation is on a namespace from which the operator has removed
	// DataplaneModeLabel; its value is the name of the ServiceMeshController.
	TakenOutAnnotation = "operator.gloo.solo.io/taken-out-by"
	// RestoreAnnotation on a ServiceMeshController, with the value "true", restores
	// DataplaneModeLabel on the namespaces whose TakenOutAnnotation names it, once its mesh is
	// complete.
	RestoreAnnotation = "operator.gloo.solo.io/restore-workloads"
	// DataplaneModeLabel on a namespace or a pod chooses its data plane:
	// https://istio.io/latest/docs/ambient/usage/add-workloads/.
	DataplaneModeLabel = "istio.io/dataplane-mode"
	// DataplaneModeAmbient is the value of DataplaneModeLabel that puts pods into the mesh.
	DataplaneModeAmbient = "ambient"
	// ConfigDigestAnnotation is on the pods of a workload; its value identifies the configuration
	// that they read only when they start from another.
	ConfigDigestAnnotation = "operator.gloo.solo.io/config-digest"
	// CopiedFromAnnotation is on the copy of a pull secret; its value is the namespace
	// and the name of the source.
	CopiedFromAnnotation = "operator.gloo.solo.io/copied-from"
	// HelmReleaseAnnotation names the release on what Helm installed. Helm takes over
	// nothing without it: helm.sh/helm/v3/pkg/action, setMetadataVisitor.
	HelmReleaseAnnotation = "meta.helm.sh/release-name"
	// HelmNamespaceAnnotation names that release's namespace.
	HelmNamespaceAnnotation = "meta.helm.sh/release-namespace"
	// HelmPolicyAnnotation is, with the value "keep", on what outlives a Helm release:
	// https://helm.sh/docs/howto/charts_tips_and_tricks/#tell-helm-not-to-uninstall-a-resource.
	HelmPolicyAnnotation = "helm.sh/resource-policy"
	// RepositoryHostAnnotation on a Secret with username and password names the one host,
	// with its port where the URL has one, that spec.repository may send them to.
	RepositoryHostAnnotation = "operator.gloo.solo.io/repository-host"
	// Finalizer holds a ServiceMeshController until its mesh is removed.
	Finalizer = "operator.gloo.solo.io/finalizer"
	// FieldManager is the operator's name in managedFields.
	FieldManager = "gloo-operator"
	// NamespaceRole is the name of the ClusterRole with what the operator may do in an
	// install namespace, and of the RoleBinding to it in each: the operator's chart.
	NamespaceRole = "gloo-operator-namespaced"
	// ChartsBundled is the status.chartSource of a version that is bundled with the operator.
	ChartsBundled = "bundled"
	// DefaultInstallNamespace is used where spec.installNamespace is empty.
	DefaultInstallNamespace = "istio-system"
)

// Reasons of what is found wrong with the cluster before anything is written:
// internal/preflight, docs/preflight.md.
const (
	// ReasonKubernetesTooOld: Kubernetes is older than this Istio supports.
	ReasonKubernetesTooOld = "KubernetesTooOld"
	// ReasonKubernetesUntested: Kubernetes is newer than this Istio was tested with.
	ReasonKubernetesUntested = "KubernetesUntested"
	// ReasonReleaseUnsupported: the Istio project does not support the minor version any more.
	ReasonReleaseUnsupported = "ReleaseUnsupported"
	// ReasonNodesNotLinux: some nodes do not run Linux.
	ReasonNodesNotLinux = "NodesNotLinux"
	// ReasonCiliumExclusive: Cilium removes other CNI plugins.
	ReasonCiliumExclusive = "CiliumExclusive"
	// ReasonCiliumZtunnel: Cilium runs a ztunnel of its own.
	ReasonCiliumZtunnel = "CiliumZtunnel"
	// ReasonCiliumDefaultDeny: Cilium denies the kubelet's probes of ambient pods.
	ReasonCiliumDefaultDeny = "CiliumDefaultDeny"
	// ReasonCiliumSocketLB: Cilium balances inside pods.
	ReasonCiliumSocketLB = "CiliumSocketLB"
	// ReasonCiliumMasquerade: Cilium masquerades by BPF.
	ReasonCiliumMasquerade = "CiliumBPFMasquerade"
	// ReasonCNIFolders: the CNI directories in values are not those of the platform.
	ReasonCNIFolders = "CNIFolders"
	// ReasonPlatformDiffers: global.platform does not match the platform of the nodes.
	ReasonPlatformDiffers = "PlatformDiffers"
	// ReasonNamespaceRestricted: the install namespace forbids privileged pods.
	ReasonNamespaceRestricted = "NamespaceRestricted"
	// ReasonQuotaTooSmall: a quota leaves no room for istio-cni and ztunnel.
	ReasonQuotaTooSmall = "QuotaTooSmall"
	// ReasonIstiodUnreachable: NetworkPolicies of the install namespace cut istiod off.
	ReasonIstiodUnreachable = "IstiodUnreachable"
	// ReasonPullSecretMissing: a pull secret does not exist.
	ReasonPullSecretMissing = "PullSecretMissing"
	// ReasonGatewayAPIOlder: the Gateway API is older than this Istio was made for.
	ReasonGatewayAPIOlder = "GatewayAPIOlder"
	// ReasonGatewayAPINewer: the Gateway API is newer than this Istio was made for.
	ReasonGatewayAPINewer = "GatewayAPINewer"
	// ReasonGatewayAPIExperimental: the Gateway API is of the experimental channel.
	ReasonGatewayAPIExperimental = "GatewayAPIExperimental"
	// ReasonGatewayAPIGuarded: a policy refuses the Gateway API of this Istio.
	ReasonGatewayAPIGuarded = "GatewayAPIGuarded"
	// ReasonGatewayAPIMissing: spec.gatewayAPI is Ignore, and there are no Gateway API CRDs.
	ReasonGatewayAPIMissing = "GatewayAPIMissing"
	// ReasonGatewayAPIUnversioned: spec.gatewayAPI is Manage, and the version of the Gateway
	// API CRDs is unknown.
	ReasonGatewayAPIUnversioned = "GatewayAPIUnversioned"
	// ReasonGatewayClassTaken: a GatewayClass with one of Istio's names belongs to another controller.
	ReasonGatewayClassTaken = "GatewayClassTaken"
	// ReasonAnotherIstiod: another istiod serves the default revision.
	ReasonAnotherIstiod = "AnotherIstiod"
)

// The reasons of SuspectPod.
const (
	// SuspectNotRedirected: the pod is to be in the mesh, and istio-cni has not put it in.
	SuspectNotRedirected = "NotRedirected"
	// SuspectStartedWithoutCNI: the node booted, and the pod started again while istio-cni was not
	// ready. Its annotation is of the time before.
	SuspectStartedWithoutCNI = "StartedWithoutCNI"
)

// MaxSuspects is how many pods status.bypass names.
const MaxSuspects = 20

// The reasons of FailingNode. The probe has the same: internal/probe.
const (
	// TrafficNotCaptured: the traffic of the node's probe is not redirected to ztunnel.
	TrafficNotCaptured = "NotCaptured"
	// TrafficNotEnforced: a port that no identity may reach has answered.
	TrafficNotEnforced = "NotEnforced"
	// TrafficRefusedByPeer: other nodes close the connections of the node's probe.
	TrafficRefusedByPeer = "RefusedByPeer"
	// TrafficNoRoute: other nodes cannot be reached.
	TrafficNoRoute = "NoRoute"
	// TrafficNoCertificate: ztunnel has no valid certificate for the node's probe.
	TrafficNoCertificate = "NoCertificate"
	// TrafficZtunnelDown: no ztunnel listens in the network of the node's probe.
	TrafficZtunnelDown = "ZtunnelDown"
	// TrafficDNSFailed: the name of the probes' Service cannot be resolved.
	TrafficDNSFailed = "DNSFailed"
	// TrafficNotReached: no other probe has reached the one of the node lately.
	TrafficNotReached = "NotReached"
	// TrafficUnknown: the node's probe does not run, or has no result yet.
	TrafficUnknown = "Unknown"
)

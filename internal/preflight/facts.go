// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Facts are the state of the cluster outside the mesh.
type Facts struct {
	// KubernetesVersion is the API server's, such as v1.37.2+k3s1.
	KubernetesVersion string
	// Nodes of the cluster.
	Nodes []Node
	// CNIs are the CNI plugins, sorted, such as Cilium, that were detected by DaemonSets in
	// their own namespaces.
	CNIs []string
	// Cilium is the data of Cilium's ConfigMap. Nil: there is none.
	Cilium map[string]string
	// CiliumPolicies are Cilium's cluster-wide network policies.
	CiliumPolicies []CiliumPolicy
	// NetworkPolicies are those of the install namespace, without their rules for egress.
	NetworkPolicies []networkingv1.NetworkPolicy
	// PodSecurity is the Pod Security level that the install namespace enforces. Empty:
	// none, or no such namespace.
	PodSecurity string
	// Quotas are the ResourceQuotas of the install namespace.
	Quotas []corev1.ResourceQuota
	// PullSecrets are those of the mesh's pull secrets that exist.
	PullSecrets []string
	// CRDs are the names of all CRDs.
	CRDs []string
	// GatewayAPI are the Gateway API's CRDs.
	GatewayAPI []GatewayCRD
	// SafeUpgradeVersion is the bundle version of the Gateway API's policy that refuses
	// older bundles. Empty: there is none.
	SafeUpgradeVersion string
	// GatewayClasses are the controllers of all GatewayClasses, by name.
	GatewayClasses map[string]string
	// Istiods are the cluster's istiods that this operator does not manage. Each has a
	// ClusterRoleBinding: labels alone are no evidence.
	Istiods []Istiod
}

// Node is a node of the cluster.
type Node struct {
	// Name of the node.
	Name string
	// NotReady reports whether its condition Ready exists and is not true.
	NotReady bool
	// Kubelet is the kubelet's version, such as v1.37.2+k3s1.
	Kubelet string
	// BootID changes each time the node boots.
	BootID string
	// OS is linux or windows, Image the name of the distribution.
	OS, Image string
	// Runtime is the container runtime with its version, such as containerd://2.2.1.
	Runtime string
	// ControlPlane reports whether it is reserved for the cluster's control plane by a taint.
	ControlPlane bool
	// Labels are those that identify platforms.
	Labels map[string]string
}

// GatewayCRD is a CRD of the Gateway API.
type GatewayCRD struct {
	Name string
	// Version and Channel are those of its bundle. Empty: it has no such annotation.
	Version, Channel string
	// Owned reports whether this operator manages it, and no Helm release does.
	Owned bool
}

// Istiod is a control plane that this operator does not manage.
type Istiod struct {
	// Namespace and Name of its Deployment.
	Namespace, Name string
	// Revision is the revision that it serves: default if its label is missing.
	Revision string
}

// Mesh is the mesh to be installed.
type Mesh struct {
	// Version of Istio.
	Version string
	// Unsupported says since when the Istio project does not support this minor version.
	// Empty: it does, or this is not known.
	Unsupported string
	// KubernetesMin and KubernetesMax bound the minor versions of Kubernetes 1.x that this
	// Istio supports.
	KubernetesMin, KubernetesMax int
	// GatewayAPI is the bundle that this Istio was built for; GatewayAPIInstalled reports
	// that the operator applies it.
	GatewayAPI          string
	GatewayAPIInstalled bool
	// GatewayAPIMode is spec.gatewayAPI.
	GatewayAPIMode v1.GatewayAPIMode
	// Namespace to install into.
	Namespace string
	// CNI and Ztunnel report whether these components are part of the mesh.
	CNI, Ztunnel bool
	// IstiodLabels are the labels of istiod's pods. Nil: they are not asked about.
	IstiodLabels map[string]string
	// PullSecrets that its pods name.
	PullSecrets []string
	// Platform, CNIBinDir and CNIConfDir are set by users. Empty: not set.
	Platform, CNIBinDir, CNIConfDir string
}

// SPDX-License-Identifier: Apache-2.0

package preflight

import corev1 "k8s.io/api/core/v1"

// Facts are what the operator knows of the cluster besides the mesh.
type Facts struct {
	// KubernetesVersion is the API server's, such as v1.37.2+k3s1.
	KubernetesVersion string
	// Nodes of the cluster.
	Nodes []Node
	// CNIs are the CNI plugins that are known by their DaemonSets in their own namespaces,
	// sorted, such as Cilium.
	CNIs []string
	// Cilium is the data of Cilium's ConfigMap. Nil: there is none.
	Cilium map[string]string
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
	// GatewayGuard is the bundle version of the Gateway API's policy that refuses older
	// bundles. Empty: there is none.
	GatewayGuard string
	// GatewayClasses are the controllers of all GatewayClasses, by name.
	GatewayClasses map[string]string
	// Istiods are the istiods of the cluster that this operator does not manage. Each has a
	// ClusterRoleBinding: labels alone are no evidence.
	Istiods []Istiod
}

// Node is what is known of a node.
type Node struct {
	// Name of the node.
	Name string
	// NotReady tells that its condition Ready is there and not true.
	NotReady bool
	// Kubelet is the kubelet's version, such as v1.37.2+k3s1.
	Kubelet string
	// OS is linux or windows, Image the name of the distribution.
	OS, Image string
	// Runtime is the container runtime with its version, such as containerd://2.2.1.
	Runtime string
	// Labels are those by which platforms are known.
	Labels map[string]string
}

// GatewayCRD is a CRD of the Gateway API.
type GatewayCRD struct {
	Name string
	// Version and Channel of its bundle. Empty where it does not tell.
	Version, Channel string
	// Owned by this operator.
	Owned bool
}

// Istiod is a control plane that somebody else runs.
type Istiod struct {
	// Namespace and Name of its Deployment.
	Namespace, Name string
	// Revision that it serves; default where it does not tell.
	Revision string
}

// Mesh is what is to be installed.
type Mesh struct {
	// Version of Istio.
	Version string
	// KubernetesMin and KubernetesMax are the minor versions of Kubernetes 1.x between
	// which this Istio is supported.
	KubernetesMin, KubernetesMax int
	// GatewayAPI is the bundle that this Istio was made for; GatewayAPIInstalled tells
	// that the operator applies it.
	GatewayAPI          string
	GatewayAPIInstalled bool
	// Namespace to install into.
	Namespace string
	// CNI and Ztunnel tell whether these components are part of the mesh.
	CNI, Ztunnel bool
	// PullSecrets that its pods name.
	PullSecrets []string
	// Platform, CNIBinDir and CNIConfDir are what users set. Empty: nothing.
	Platform, CNIBinDir, CNIConfDir string
}

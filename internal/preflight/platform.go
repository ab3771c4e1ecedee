// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// The platforms that Facts.Platform distinguishes.
const (
	K3s       = "k3s"
	K3d       = "k3d"
	Minikube  = "minikube"
	MicroK8s  = "microk8s"
	GKE       = "gke"
	EKS       = "eks"
	AKS       = "aks"
	OpenShift = "openshift"
)

// Cilium is the name of the CNI plugin that most checks are for.
const Cilium = "Cilium"

// openShiftCRD is served by every OpenShift cluster, and by no other:
// https://docs.redhat.com/en/documentation/openshift_container_platform, ClusterVersion.
const openShiftCRD = "clusterversions.config.openshift.io"

// platformLabels are labels that a platform puts on its nodes, checked in this
// order.
var platformLabels = []struct{ label, value, platform string }{
	{"minikube.k8s.io/name", "", Minikube},           // minikube: pkg/minikube/bootstrapper/kubeadm
	{"microk8s.io/cluster", "", MicroK8s},            // https://microk8s.io/docs/clustering
	{"cloud.google.com/gke-nodepool", "", GKE},       // https://cloud.google.com/kubernetes-engine/docs
	{"kubernetes.azure.com/cluster", "", AKS},        // https://learn.microsoft.com/azure/aks/use-labels
	{"eks.amazonaws.com/nodegroup", "", EKS},         // https://docs.aws.amazon.com/eks/latest/userguide
	{"eks.amazonaws.com/compute-type", "", EKS},      // the same: EKS Auto Mode and Fargate
	{"node.openshift.io/os_id", "", OpenShift},       // openshift/machine-config-operator
	{"node.kubernetes.io/instance-type", "k3s", K3s}, // k3s: pkg/cloudprovider
}

// kubeletSuffixes are what distributions append to the kubelet's version.
var kubeletSuffixes = []struct{ part, platform string }{{"+k3s", K3s}, {"-gke.", GKE}, {"-eks-", EKS}}

// Platform returns the platform of most nodes. Empty: none that needs special settings.
func (f Facts) Platform() string {
	if slices.Contains(f.CRDs, openShiftCRD) {
		return OpenShift
	}
	votes := map[string]int{}
	for _, node := range f.Nodes {
		votes[platformOf(node)]++
	}
	most := ""
	for _, platform := range slices.Sorted(maps.Keys(votes)) {
		if votes[platform] > votes[most] {
			most = platform
		}
	}
	return most
}

func platformOf(node Node) string {
	for _, known := range platformLabels {
		if value, found := node.Labels[known.label]; found && (known.value == "" || known.value == value) {
			return k3dOr(known.platform, node)
		}
	}
	for _, known := range kubeletSuffixes {
		if strings.Contains(node.Kubelet, known.part) {
			return k3dOr(known.platform, node)
		}
	}
	return ""
}

// k3dOr distinguishes k3d from K3s: k3d runs K3s's container image, which reports itself as
// the operating system.
func k3dOr(platform string, node Node) string {
	if platform == K3s && strings.HasPrefix(node.Image, "K3s") {
		return K3d
	}
	return platform
}

// SingleNode reports whether exactly one node takes ordinary pods. A node that is cordoned or
// not ready counts: it is so for a while only.
func (f Facts) SingleNode() bool {
	count := 0
	for _, node := range f.Nodes {
		if !node.ControlPlane && (node.OS == "" || node.OS == "linux") {
			count++
		}
	}
	return count == 1
}

// HelmPlatform returns the value of global.platform for Istio's charts. Empty: none is
// needed.
//
// minikube's profile uses Docker's network namespaces, which are elsewhere with containerd:
// https://istio.io/latest/docs/ambient/install/platform-prerequisites/.
func (f Facts) HelmPlatform() string {
	switch platform := f.Platform(); platform {
	case EKS, AKS:
		return ""
	case Minikube:
		if !slices.ContainsFunc(f.Nodes, func(n Node) bool { return strings.HasPrefix(n.Runtime, "docker:") }) {
			return ""
		}
		return Minikube
	default:
		return platform
	}
}

// CNI returns the names of the detected CNI plugins, such as Cilium. K3s has a built-in
// Flannel, which runs in no pod.
func (f Facts) CNI() string {
	names := slices.Clone(f.CNIs)
	if f.Cilium != nil && !slices.Contains(names, Cilium) {
		names = append(names, Cilium)
	}
	slices.Sort(names)
	own := ""
	if platform := f.Platform(); platform == K3s || platform == K3d {
		own = "Flannel of K3s"
	}
	return cmp.Or(wording.List(names), own)
}

// replacesFlannel reports whether another CNI plugin replaces K3s's built-in Flannel: K3s
// has directories of its own for Flannel only (k3s: pkg/agent/templates, NoFlannel).
func (f Facts) replacesFlannel() bool { return f.Cilium != nil || len(f.CNIs) > 0 }

// The default directories of CNI plugins and their configuration in containerd:
// https://github.com/containerd/containerd/blob/main/docs/cri/config.md#cni-config.
const (
	standardBinDir  = "/opt/cni/bin"
	standardConfDir = "/etc/cni/net.d"
)

// StandardCNIDirectories reports whether CNI plugins are in containerd's default
// directories although the platform has its own: on K3s with another CNI plugin than
// Flannel.
func (f Facts) StandardCNIDirectories() bool {
	platform := f.Platform()
	return (platform == K3s || platform == K3d) && f.replacesFlannel()
}

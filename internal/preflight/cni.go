// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// cniDaemonSet identifies a CNI plugin by its DaemonSet.
type cniDaemonSet struct{ namespace, name, plugin string }

// cniDaemonSets are the DaemonSets of CNI plugins, each in the namespaces in which the
// plugin is installed by default. A name in any other namespace is no evidence: a tenant
// who can create DaemonSets there could choose the host directories that istio-cni writes
// to.
var cniDaemonSets = []cniDaemonSet{
	{"kube-system", "cilium", Cilium}, // cilium/cilium: Documentation/installation/k8s-install-helm.rst
	{"cilium", "cilium", Cilium},      // the same: k8s-install-openshift-okd.rst
	{"kube-system", "anetd", Cilium},  // https://cloud.google.com/kubernetes-engine/docs/concepts/dataplane-v2

	{"kube-system", "calico-node", "Calico"},   // projectcalico/calico: manifests/calico.yaml
	{"calico-system", "calico-node", "Calico"}, // tigera/operator: pkg/common, CalicoNamespace; RKE2 and AKS use it

	{"kube-system", "canal", "Canal"},      // projectcalico/calico: manifests/canal.yaml
	{"kube-system", "rke2-canal", "Canal"}, // rancher/rke2-charts: rke2-canal

	{"kube-flannel", "kube-flannel-ds", "Flannel"}, // flannel-io/flannel: Documentation/kube-flannel.yml
	{"kube-system", "kube-flannel-ds", "Flannel"},  // the same, before 0.20
	{"kube-system", "kube-flannel", "Flannel"},     // rancher/rke: templates of Flannel

	{"kube-system", "aws-node", "Amazon VPC CNI"},     // aws/amazon-vpc-cni-k8s: config/master
	{"kube-system", "azure-cns", "Azure CNI"},         // Azure/azure-container-networking: cns
	{"kube-system", "kindnet", "kindnet"},             // kubernetes-sigs/kind: images/base, default CNI
	{"kube-system", "weave-net", "Weave Net"},         // weaveworks/weave: prog/weave-kube
	{"kube-system", "antrea-agent", "Antrea"},         // antrea-io/antrea: build/yamls/antrea.yml
	{"kube-system", "kube-router", "kube-router"},     // cloudnativelabs/kube-router: daemonset
	{"ovn-kubernetes", "ovnkube-node", ovn},           // ovn-kubernetes/ovn-kubernetes: helm, dist
	{"openshift-ovn-kubernetes", "ovnkube-node", ovn}, // openshift/cluster-network-operator: bindata
}

const ovn = "OVN-Kubernetes"

// cniNamespaces returns the namespaces of that table, sorted.
func cniNamespaces() []string {
	var namespaces []string
	for _, known := range cniDaemonSets {
		namespaces = append(namespaces, known.namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces)
}

// pluginsOf returns the CNI plugins that the DaemonSets belong to, sorted.
func pluginsOf(daemonSets []*metav1.PartialObjectMetadata) []string {
	var plugins []string
	for _, set := range daemonSets {
		for _, known := range cniDaemonSets {
			if known.namespace == set.Namespace && known.name == set.Name {
				plugins = append(plugins, known.plugin)
			}
		}
	}
	slices.Sort(plugins)
	return slices.Compact(plugins)
}

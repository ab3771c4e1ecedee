// SPDX-License-Identifier: Apache-2.0

package preflight_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

func kubelet(version string) preflight.Node {
	return preflight.Node{Kubelet: version, OS: "linux", Image: "Debian GNU/Linux 13", Runtime: "containerd://2.2.1"}
}

func labelled(label, value string) preflight.Node {
	node := kubelet("v1.34.1")
	node.Labels = map[string]string{label: value}
	return node
}

func k3dNode() preflight.Node {
	node := kubelet("v1.34.1+k3s1")
	node.Image = "K3s v1.34.1+k3s1"
	return node
}

func minikubeNode(runtime string) preflight.Node {
	node := labelled("minikube.k8s.io/name", "minikube")
	node.Runtime = runtime
	return node
}

var _ = DescribeTable("The platform is", func(platform, helm string, facts preflight.Facts) {
	Expect(facts.Platform()).To(Equal(platform))
	Expect(facts.HelmPlatform()).To(Equal(helm))
},
	Entry("nothing special without nodes", "", "", preflight.Facts{}),
	Entry("nothing special by default", "", "", nodes(kubelet("v1.34.1"))),
	Entry("nothing special on RKE2", "", "", nodes(kubelet("v1.34.1+rke2r1"))),
	Entry("K3s by the kubelet", "k3s", "k3s", nodes(kubelet("v1.34.1+k3s1"))),
	Entry("K3s by the label of its cloud provider", "k3s", "k3s", nodes(labelled("node.kubernetes.io/instance-type", "k3s"))),
	Entry("nothing special by another instance type", "", "", nodes(labelled("node.kubernetes.io/instance-type", "m5.large"))),
	Entry("k3d by the operating system", "k3d", "k3d", nodes(k3dNode())),
	Entry("minikube, with Docker's directories", "minikube", "minikube", nodes(minikubeNode("docker://28.0.0"))),
	Entry("minikube, with containerd's directories", "minikube", "", nodes(minikubeNode("containerd://2.2.1"))),
	Entry("MicroK8s", "microk8s", "microk8s", nodes(labelled("microk8s.io/cluster", "true"))),
	Entry("GKE by its label", "gke", "gke", nodes(labelled("cloud.google.com/gke-nodepool", "default-pool"))),
	Entry("GKE by the kubelet", "gke", "gke", nodes(kubelet("v1.34.1-gke.1829001"))),
	Entry("EKS, which needs nothing", "eks", "", nodes(kubelet("v1.34.1-eks-113cf36"))),
	Entry("EKS by the label of a nodegroup", "eks", "", nodes(labelled("eks.amazonaws.com/nodegroup", "a"))),
	Entry("EKS by the label of its compute type", "eks", "", nodes(labelled("eks.amazonaws.com/compute-type", "auto"))),
	Entry("AKS, which needs nothing", "aks", "", nodes(labelled("kubernetes.azure.com/cluster", "a"))),
	Entry("OpenShift by its CRDs", "openshift", "openshift", preflight.Facts{CRDs: []string{"x", "clusterversions.config.openshift.io"}}),
	Entry("OpenShift by its label", "openshift", "openshift", nodes(labelled("node.openshift.io/os_id", "rhcos"))),
	Entry("nothing special where as many nodes need nothing", "", "", nodes(kubelet("v1.34.1"), kubelet("v1.34.1+k3s1"))),
	Entry("that of most nodes", "k3s", "k3s", nodes(labelled("microk8s.io/cluster", "true"), kubelet("v1.34.1+k3s1"), kubelet("v1.34.1+k3s1"))),
)

var _ = DescribeTable("The CNI plugin is", func(name string, standard bool, facts preflight.Facts) {
	Expect(facts.CNI()).To(Equal(name))
	Expect(facts.StandardCNIDirectories()).To(Equal(standard))
},
	Entry("unknown", "", false, nodes(kubelet("v1.34.1"))),
	Entry("the Flannel of K3s, in its own directories", "Flannel of K3s", false, nodes(kubelet("v1.34.1+k3s1"))),
	Entry("the Flannel of k3d, in its own directories", "Flannel of K3s", false, nodes(k3dNode())),
	Entry("Cilium on K3s, in the standard directories", "Cilium", true, with(nodes(kubelet("v1.34.1+k3s1")), func(f *preflight.Facts) { f.Cilium = map[string]string{} })),
	Entry("Calico on K3s, in the standard directories", "Calico", true, with(nodes(kubelet("v1.34.1+k3s1")), func(f *preflight.Facts) { f.CNIs = []string{"Calico"} })),
	Entry("Cilium on k3d, in the standard directories", "Cilium", true, with(nodes(k3dNode()), func(f *preflight.Facts) { f.CNIs = []string{"Cilium"} })),
	Entry("Cilium elsewhere, where the directories are standard anyway", "Cilium", false, with(nodes(kubelet("v1.34.1")), func(f *preflight.Facts) { f.Cilium = map[string]string{} })),
	Entry("named once", "Cilium", false, with(preflight.Facts{}, func(f *preflight.Facts) { f.Cilium, f.CNIs = map[string]string{}, []string{"Cilium"} })),
	Entry("two of them", "Amazon VPC CNI, Cilium", false, with(preflight.Facts{}, func(f *preflight.Facts) { f.CNIs = []string{"Cilium", "Amazon VPC CNI"} })),
)

func nodes(list ...preflight.Node) preflight.Facts { return preflight.Facts{Nodes: list} }

func with(facts preflight.Facts, change func(*preflight.Facts)) preflight.Facts {
	change(&facts)
	return facts
}

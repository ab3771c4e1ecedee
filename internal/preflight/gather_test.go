// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// seenDaemonSet is what the gatherer holds of a DaemonSet.
func seenDaemonSet(namespace, name string) map[string][]any {
	return map[string][]any{sourceDaemonSets: {&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}}}
}

// seenIstiod is what the gatherer holds of an istiod in the namespace other-mesh, and of
// a ClusterRoleBinding with that subject.
func seenIstiod(labels map[string]string, subject *rbacv1.Subject) map[string][]any {
	seen := map[string][]any{sourceIstiods: {
		&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "other-mesh", Name: "istiod", Labels: labels}},
	}}
	if subject != nil {
		seen[sourceBindings] = []any{&rbacv1.ClusterRoleBinding{Subjects: []rbacv1.Subject{*subject}}}
	}
	return seen
}

func serviceAccountIn(namespace string) *rbacv1.Subject {
	return &rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "istiod", Namespace: namespace}
}

var _ = DescribeTable("A DaemonSet tells the CNI plugin", func(namespace, name, plugin string) {
	Expect(interpret(seenDaemonSet(namespace, name), Question{}).CNI()).To(Equal(plugin))
},
	Entry("Calico by its manifest", "kube-system", "calico-node", "Calico"),
	Entry("Calico by its operator", "calico-system", "calico-node", "Calico"),
	Entry("Cilium", "kube-system", "cilium", "Cilium"),
	Entry("Cilium on OpenShift", "cilium", "cilium", "Cilium"),
	Entry("Flannel", "kube-flannel", "kube-flannel-ds", "Flannel"),
	Entry("OVN-Kubernetes", "openshift-ovn-kubernetes", "ovnkube-node", "OVN-Kubernetes"),
	Entry("tells nothing by another name", "kube-system", "kube-proxy", ""),
	// Hardened: a tenant's DaemonSet named calico-node | istio-cni moved to other host directories, and restarted on all nodes
	Entry("tells nothing in a tenant's namespace: istio-cni keeps its directories", "team-a", "calico-node", ""),
	Entry("tells nothing in the namespace of another plugin", "kube-flannel", "calico-node", ""),
)

var _ = It("Namespaces of CNI plugins are the only ones whose DaemonSets are watched", func() {
	var namespaces []string
	for _, source := range sources(Question{Namespace: "istio-system"}) {
		if source.name == sourceDaemonSets {
			namespaces = append(namespaces, source.namespace)
		}
	}
	Expect(namespaces).To(Equal([]string{"calico-system", "cilium", "kube-flannel", "kube-system", "openshift-ovn-kubernetes", "ovn-kubernetes"}))
})

var _ = DescribeTable("A Deployment with the labels of istiod", func(seen map[string][]any, expected []Istiod) {
	Expect(interpret(seen, Question{}).Istiods).To(Equal(expected))
},
	Entry("is another istiod where its ServiceAccount is bound",
		seenIstiod(nil, serviceAccountIn("other-mesh")), []Istiod{{Namespace: "other-mesh", Name: "istiod", Revision: "default"}}),
	Entry("has the revision of its label", seenIstiod(map[string]string{revisionLabel: "canary"}, serviceAccountIn("other-mesh")),
		[]Istiod{{Namespace: "other-mesh", Name: "istiod", Revision: "canary"}}),
	// Hardened: a tenant's Deployment with the label app=istiod | the installation of the mesh was blocked
	Entry("blocks nothing where no ClusterRoleBinding binds a ServiceAccount of its namespace", seenIstiod(nil, nil), nil),
	Entry("blocks nothing where the ClusterRoleBinding is another mesh's", seenIstiod(nil, serviceAccountIn("istio-system")), nil),
	Entry("blocks nothing where a user is bound", seenIstiod(nil, &rbacv1.Subject{Kind: rbacv1.UserKind, Namespace: "other-mesh"}), nil),
	Entry("blocks nothing where it is the operator's own", seenIstiod(map[string]string{v1.OwnerLabel: "mesh"}, serviceAccountIn("other-mesh")), nil),
)

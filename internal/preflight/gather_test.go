// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"errors"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
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
	Expect(factsFrom(seenDaemonSet(namespace, name), Query{}).CNI()).To(Equal(plugin))
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

var _ = It("CNI plugins are sorted, and each is named once", func() {
	seen := map[string][]any{sourceDaemonSets: slices.Concat(
		seenDaemonSet("kube-system", "cilium")[sourceDaemonSets], seenDaemonSet("kube-flannel", "kube-flannel-ds")[sourceDaemonSets],
		seenDaemonSet("cilium", "cilium")[sourceDaemonSets],
	)}
	Expect(factsFrom(seen, Query{}).CNIs).To(Equal([]string{"Cilium", "Flannel"}))
})

var _ = Describe("Facts", func() {
	It("have nodes in the order of their names", func() {
		var list []any
		for _, name := range []string{"f", "b", "e", "a", "d", "c"} {
			list = append(list, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
		var names []string
		for _, node := range factsFrom(map[string][]any{sourceNodes: list}, Query{}).Nodes {
			names = append(names, node.Name)
		}
		Expect(names).To(Equal([]string{"a", "b", "c", "d", "e", "f"}))
	})

	It("tell a Cilium without settings from none", func() {
		Expect(factsFrom(nil, Query{}).Cilium).To(BeNil())
		Expect(factsFrom(map[string][]any{sourceCilium: {&corev1.ConfigMap{}}}, Query{}).Cilium).To(And(BeEmpty(), Not(BeNil())))
	})

	It("have the version of the policy that refuses older Gateway APIs", func() {
		policy := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{bundleVersion: "v1.5.1"}}}
		Expect(factsFrom(map[string][]any{sourcePolicies: {policy}}, Query{}).SafeUpgradeVersion).To(Equal("v1.5.1"))
	})
})

var _ = It("Namespaces of CNI plugins are the only ones whose DaemonSets are watched", func() {
	var namespaces []string
	for _, source := range sources(Query{Namespace: "istio-system"}) {
		if source.name == sourceDaemonSets {
			namespaces = append(namespaces, source.namespace)
		}
	}
	Expect(namespaces).To(Equal([]string{"calico-system", "cilium", "kube-flannel", "kube-system", "openshift-ovn-kubernetes", "ovn-kubernetes"}))
})

// cordoned is a cordoned node with another taint of that key. Empty: with no other.
func cordoned(name, key string, effect corev1.TaintEffect) *corev1.Node {
	full := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	full.Spec.Unschedulable = true
	full.Spec.Taints = []corev1.Taint{{Key: "node.kubernetes.io/unschedulable", Effect: corev1.TaintEffectNoSchedule}}
	if key != "" {
		full.Spec.Taints = append(full.Spec.Taints, corev1.Taint{Key: key, Effect: effect})
	}
	return full
}

var _ = DescribeTable("One node takes ordinary pods", func(single bool, nodes ...*corev1.Node) {
	var seen []any
	for _, node := range nodes {
		kept, err := trimNode(node)
		Expect(err).NotTo(HaveOccurred())
		seen = append(seen, kept)
	}
	Expect(factsFrom(map[string][]any{sourceNodes: seen}, Query{}).SingleNode()).To(Equal(single))
},
	Entry("where there is one, also while it is cordoned", true, cordoned("a", "", "")),
	Entry("where the other is the control plane's", true, cordoned("a", "", ""), cordoned("b", "node-role.kubernetes.io/control-plane", corev1.TaintEffectNoSchedule)),
	Entry("not where there are two, also while they are cordoned", false, cordoned("a", "", ""), cordoned("b", "", "")),
	Entry("not where the other has a taint that may go", false, cordoned("a", "", ""), cordoned("b", "node.cilium.io/agent-not-ready", corev1.TaintEffectNoSchedule)),
	Entry("not where the control plane rather has none", false, cordoned("a", "", ""), cordoned("b", "node-role.kubernetes.io/control-plane", corev1.TaintEffectPreferNoSchedule)),
	Entry("not where there is none yet", false),
)

var _ = DescribeTable("A Deployment with the labels of istiod", func(seen map[string][]any, expected []Istiod) {
	Expect(factsFrom(seen, Query{}).Istiods).To(Equal(expected))
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

var _ = DescribeTable("Of several failures the one is reported", func(failures []error, expected error) {
	if expected == nil {
		Expect(firstError(failures)).To(Succeed())
	} else {
		Expect(firstError(failures)).To(MatchError(expected))
	}
},
	Entry("that is none where there is none", []error{nil, nil}, nil),
	Entry("that waits", []error{nil, ErrGathering, nil}, ErrGathering),
	Entry("that does not go away by waiting", []error{ErrGathering, errForbidden, ErrGathering}, errForbidden),
)

var errForbidden = errors.New("forbidden")

var _ = It("Nodes that do not run Linux take no pods of the mesh", func() {
	Expect(Facts{Nodes: []Node{{OS: "linux"}, {OS: "windows"}}}.SingleNode()).To(BeTrue())
	Expect(Facts{Nodes: []Node{{OS: "windows"}, {OS: "windows"}, {OS: "linux"}, {}}}.SingleNode()).To(BeFalse())
})

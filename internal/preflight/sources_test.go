// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/cache"
)

// whole is what the API server sends of an object, kept is what identifies it.
func whole(name string, labels, annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: "ns", Name: name, UID: "u", ResourceVersion: "7", Labels: labels, Annotations: annotations,
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubelet"}},
	}
}

func kept(name string, labels, annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "ns", Name: name, UID: "u", Labels: labels, Annotations: annotations}
}

func ready(status corev1.ConditionStatus) corev1.NodeStatus {
	return corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse}, {Type: corev1.NodeReady, Status: status}},
		NodeInfo: corev1.NodeSystemInfo{
			KubeletVersion: "v1.34.1", OperatingSystem: "linux", OSImage: "Debian", ContainerRuntimeVersion: "containerd://2", MachineID: "m", BootID: "b",
		},
	}
}

// nodeStatus is what is kept of that.
func nodeStatus(conditions ...corev1.NodeCondition) corev1.NodeStatus {
	return corev1.NodeStatus{Conditions: conditions, NodeInfo: corev1.NodeSystemInfo{
		KubeletVersion: "v1.34.1", OperatingSystem: "linux", OSImage: "Debian", ContainerRuntimeVersion: "containerd://2", BootID: "b",
	}}
}

func gatewayClass(spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": map[string]any{"name": "c", "uid": "u"}, "spec": spec,
	}}
}

var _ = DescribeTable("A watch keeps", func(trim cache.TransformFunc, object, expected any) {
	Expect(trim(object)).To(Equal(expected))
},
	Entry("of a node that is ready what identifies its platform", cache.TransformFunc(trimNode),
		&corev1.Node{ObjectMeta: whole("n", map[string]string{"microk8s.io/cluster": "true", "zone": "a"}, nil), Status: ready(corev1.ConditionTrue)},
		&corev1.Node{ObjectMeta: kept("n", map[string]string{"microk8s.io/cluster": "true"}, nil), Status: nodeStatus()}),
	Entry("of a node that is not ready that it is not", cache.TransformFunc(trimNode),
		&corev1.Node{ObjectMeta: whole("n", nil, nil), Status: ready(corev1.ConditionUnknown)},
		&corev1.Node{ObjectMeta: kept("n", nil, nil), Status: nodeStatus(corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse})}),
	Entry("of metadata the labels and annotations that checks read", cache.TransformFunc(trimMetadata),
		&metav1.PartialObjectMetadata{
			TypeMeta:   metav1.TypeMeta{Kind: "Deployment"},
			ObjectMeta: whole("d", map[string]string{revisionLabel: "canary", "app": "x"}, map[string]string{bundleVersion: "v1.4.0", "note": "x"}),
		},
		&metav1.PartialObjectMetadata{
			TypeMeta:   metav1.TypeMeta{Kind: "Deployment"},
			ObjectMeta: kept("d", map[string]string{revisionLabel: "canary"}, map[string]string{bundleVersion: "v1.4.0"}),
		}),
	Entry("of metadata no annotation that is not there", cache.TransformFunc(trimMetadata),
		&metav1.PartialObjectMetadata{ObjectMeta: whole("d", nil, map[string]string{"note": "x"})}, &metav1.PartialObjectMetadata{ObjectMeta: kept("d", nil, nil)}),
	Entry("of a ConfigMap its data", cache.TransformFunc(trimConfigMap),
		&corev1.ConfigMap{ObjectMeta: whole("c", nil, nil), Data: map[string]string{"a": "b"}, BinaryData: map[string][]byte{"b": nil}},
		&corev1.ConfigMap{ObjectMeta: kept("c", nil, nil), Data: map[string]string{"a": "b"}}),
	Entry("of a quota its limits", cache.TransformFunc(trimQuota),
		&corev1.ResourceQuota{
			ObjectMeta: whole("q", nil, nil), Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"pods": resource.MustParse("3")}},
			Status: corev1.ResourceQuotaStatus{Used: corev1.ResourceList{"pods": resource.MustParse("2")}},
		},
		&corev1.ResourceQuota{ObjectMeta: kept("q", nil, nil), Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"pods": resource.MustParse("3")}}}),
	Entry("of a ClusterRoleBinding its subjects", cache.TransformFunc(trimBinding),
		&rbacv1.ClusterRoleBinding{ObjectMeta: whole("b", nil, nil), Subjects: []rbacv1.Subject{*serviceAccountIn("x")}, RoleRef: rbacv1.RoleRef{Name: "r"}},
		&rbacv1.ClusterRoleBinding{ObjectMeta: kept("b", nil, nil), Subjects: []rbacv1.Subject{*serviceAccountIn("x")}}),
	Entry("of a NetworkPolicy what it says of ingress", cache.TransformFunc(trimNetworkPolicy),
		&networkingv1.NetworkPolicy{ObjectMeta: whole("p", nil, nil), Spec: networkingv1.NetworkPolicySpec{
			Ingress: []networkingv1.NetworkPolicyIngressRule{{}}, Egress: []networkingv1.NetworkPolicyEgressRule{{}},
		}},
		&networkingv1.NetworkPolicy{ObjectMeta: kept("p", nil, nil), Spec: networkingv1.NetworkPolicySpec{Ingress: []networkingv1.NetworkPolicyIngressRule{{}}}}),
	Entry("of a CiliumClusterwideNetworkPolicy what identifies it, and answers", cache.TransformFunc(trimCiliumPolicy),
		&unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", "metadata": map[string]any{"name": "p", "uid": "u"},
			"spec": map[string]any{"description": "x"},
		}},
		&unstructured.Unstructured{Object: map[string]any{"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", "metadata": map[string]any{"name": "p"}}}),
	Entry("of a GatewayClass its controller", cache.TransformFunc(trimClass),
		gatewayClass(map[string]any{"controllerName": "example.com/gateway", "description": "x"}),
		&unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": map[string]any{"name": "c"},
			"spec": map[string]any{"controllerName": "example.com/gateway"},
		}}),
)

var _ = Describe("A watch", func() {
	It("keeps when a namespace began to end", func() {
		now := metav1.Now()
		namespace := &metav1.PartialObjectMetadata{ObjectMeta: whole("ns", nil, nil)}
		namespace.DeletionTimestamp = &now
		trimmed, err := trimNamespace(namespace)
		Expect(err).NotTo(HaveOccurred())
		Expect(trimmed).To(And(HaveField("DeletionTimestamp", &now), HaveField("ManagedFields", BeEmpty())))
	})

	It("passes on what it does not know, such as an object that was deleted unseen", func() {
		unseen := cache.DeletedFinalStateUnknown{Key: "ns/x"}
		for _, trim := range []cache.TransformFunc{trimNode, trimMetadata, trimNamespace, trimConfigMap, trimQuota, trimBinding, trimClass, trimNetworkPolicy, trimCiliumPolicy} {
			Expect(trim(unseen)).To(Equal(unseen))
		}
	})

	It("fails where a GatewayClass cannot be one", func() {
		_, err := trimClass(gatewayClass(map[string]any{"controllerName": int64(1)}))
		Expect(err).To(HaveOccurred())
	})
})

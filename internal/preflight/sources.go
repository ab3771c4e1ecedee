// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/informers"
)

// The resources, by the names in error messages about missing permissions.
const (
	sourceNodes      = "nodes"
	sourceDaemonSets = "daemonsets"
	sourceIstiods    = "deployments"
	sourceBindings   = "clusterrolebindings"
	sourceCilium     = "the ConfigMap kube-system/cilium-config"
	sourcePolicies   = "validatingadmissionpolicies"
	sourceClasses    = "gatewayclasses"
	sourceNamespaces = "the install namespace"
	sourceEnrolled   = "the namespaces in the mesh"
	sourceQuotas     = "resourcequotas of the install namespace"
	sourceSecrets    = "secrets of the install namespace"
	sourceNetwork    = "networkpolicies of the install namespace"
	sourceCiliumNet  = "ciliumclusterwidenetworkpolicies"
)

const (
	podSecurityEnforce = "pod-security.kubernetes.io/enforce"
	bundleVersion      = "gateway.networking.k8s.io/bundle-version"
	revisionLabel      = "istio.io/rev"
)

// source is one resource to watch.
type source struct {
	name, namespace string
	// optional reports whether facts are complete without it while it cannot be read.
	optional bool
	informer func(gatherClients) cache.SharedIndexInformer
}

// key identifies a source.
func (s source) key() string { return s.name + " " + s.namespace }

// sources returns what the query needs.
func sources(query Query) []source {
	ns := query.Namespace
	all := []source{
		{name: sourceNodes, informer: func(c gatherClients) cache.SharedIndexInformer {
			return informers.New(c.kubernetes.CoreV1().Nodes(), informers.Selection{Transform: trimNode}, &corev1.Node{})
		}},
		{name: sourceIstiods, informer: ofMetadata("apps", "v1", "deployments", "", informers.Selection{Labels: istiodSelector, Transform: trimMetadata})},
		{name: sourceBindings, informer: func(c gatherClients) cache.SharedIndexInformer {
			return informers.New(c.kubernetes.RbacV1().ClusterRoleBindings(), informers.Selection{Labels: bindingSelector, Transform: trimBinding}, &rbacv1.ClusterRoleBinding{})
		}},
		{name: sourceCilium, informer: func(c gatherClients) cache.SharedIndexInformer {
			named := informers.Selection{Fields: "metadata.name=cilium-config", Transform: trimConfigMap}
			return informers.New(c.kubernetes.CoreV1().ConfigMaps(metav1.NamespaceSystem), named, &corev1.ConfigMap{})
		}},
		{name: sourcePolicies, informer: ofMetadata("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "",
			informers.Selection{Fields: "metadata.name=" + SafeUpgradePolicy, Transform: trimMetadata})},
		namespaceSource(ns),
		{name: sourceQuotas, namespace: ns, informer: func(c gatherClients) cache.SharedIndexInformer {
			return informers.New(c.kubernetes.CoreV1().ResourceQuotas(ns), informers.Selection{Transform: trimQuota}, &corev1.ResourceQuota{})
		}},
		{name: sourceNetwork, namespace: ns, informer: func(c gatherClients) cache.SharedIndexInformer {
			return informers.New(c.kubernetes.NetworkingV1().NetworkPolicies(ns), informers.Selection{Transform: trimNetworkPolicy}, &networkingv1.NetworkPolicy{})
		}},
	}
	// By selector: the right is to all DaemonSets, since there is no Role in a namespace that
	// may not exist.
	for _, namespace := range cniNamespaces() {
		all = append(all, source{name: sourceDaemonSets, namespace: namespace,
			informer: ofMetadata("apps", "v1", "daemonsets", "", informers.Selection{Fields: "metadata.namespace=" + namespace, Transform: trimMetadata})})
	}
	if len(query.PullSecrets) > 0 {
		all = append(all, source{name: sourceSecrets, namespace: ns, informer: ofMetadata("", "v1", "secrets", ns, informers.Selection{Transform: trimMetadata})})
	}
	if query.GatewayClasses {
		all = append(all, source{name: sourceClasses, optional: true, informer: func(c gatherClients) cache.SharedIndexInformer {
			classes := schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"}
			return informers.New(c.dynamic.Resource(classes), informers.Selection{Transform: trimClass}, &unstructured.Unstructured{})
		}})
	}
	if query.CiliumPolicies {
		all = append(all, source{name: sourceCiliumNet, optional: true, informer: func(c gatherClients) cache.SharedIndexInformer {
			policies := schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumclusterwidenetworkpolicies"}
			return informers.New(c.dynamic.Resource(policies), informers.Selection{Transform: trimCiliumPolicy}, &unstructured.Unstructured{})
		}})
	}
	return all
}

// namespaceSource watches one namespace.
func namespaceSource(name string) source {
	named := informers.Selection{Fields: "metadata.name=" + name, Transform: trimNamespace}
	return source{name: sourceNamespaces, namespace: name, informer: ofMetadata("", "v1", "namespaces", "", named)}
}

// enrolledSource watches the namespaces in the mesh.
func enrolledSource() source {
	labeled := informers.Selection{Labels: v1.DataplaneModeLabel + "=" + v1.DataplaneModeAmbient, Transform: trimMetadata}
	return source{name: sourceEnrolled, informer: ofMetadata("", "v1", "namespaces", "", labeled)}
}

func ofMetadata(group, version, resource, namespace string, selection informers.Selection) func(gatherClients) cache.SharedIndexInformer {
	return func(c gatherClients) cache.SharedIndexInformer {
		client := c.metadata.Resource(schema.GroupVersionResource{Group: group, Version: version, Resource: resource})
		if namespace != "" {
			return informers.New(client.Namespace(namespace), selection, &metav1.PartialObjectMetadata{})
		}
		return informers.New(client, selection, &metav1.PartialObjectMetadata{})
	}
}

// notify calls changed whenever an object of the informer has changed.
func notify(informer cache.SharedIndexInformer, changed func()) error {
	return informers.Notify(informer, func(metav1.Object) { changed() })
}

// controlPlaneTaints reserve a node for the cluster's control plane. Other taints may come and
// go: https://kubernetes.io/docs/reference/labels-annotations-taints/.
var controlPlaneTaints = []string{"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"}

// trimNode keeps what identifies the platform and the boot, and whether the node is not ready.
// Heartbeats change nothing of that.
func trimNode(object any) (any, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return object, nil
	}
	info := node.Status.NodeInfo
	kept := &corev1.Node{ObjectMeta: identity(node)}
	for _, known := range platformLabels {
		keepLabel(&kept.ObjectMeta, node, known.label)
	}
	for _, taint := range node.Spec.Taints {
		if slices.Contains(controlPlaneTaints, taint.Key) && taint.Effect != corev1.TaintEffectPreferNoSchedule {
			kept.Spec.Taints = append(kept.Spec.Taints, corev1.Taint{Key: taint.Key, Effect: taint.Effect})
		}
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			kept.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse}}
		}
	}
	kept.Status.NodeInfo = corev1.NodeSystemInfo{
		KubeletVersion: info.KubeletVersion, OperatingSystem: info.OperatingSystem,
		OSImage: info.OSImage, ContainerRuntimeVersion: info.ContainerRuntimeVersion, BootID: info.BootID,
	}
	return kept, nil
}

// trimMetadata keeps names, and the labels and annotations that checks read.
func trimMetadata(object any) (any, error) {
	full, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return object, nil
	}
	kept := identity(full)
	for _, label := range []string{podSecurityEnforce, revisionLabel, v1.OwnerLabel} {
		keepLabel(&kept, full, label)
	}
	if version, found := full.Annotations[bundleVersion]; found {
		metav1.SetMetaDataAnnotation(&kept, bundleVersion, version)
	}
	return &metav1.PartialObjectMetadata{TypeMeta: full.TypeMeta, ObjectMeta: kept}, nil
}

// trimNamespace keeps the deletion timestamp in addition.
func trimNamespace(object any) (any, error) {
	cut, err := trimMetadata(object)
	if full, ok := object.(*metav1.PartialObjectMetadata); ok && err == nil {
		cut.(*metav1.PartialObjectMetadata).DeletionTimestamp = full.DeletionTimestamp
	}
	return cut, err
}

func keepLabel(kept *metav1.ObjectMeta, from metav1.Object, label string) {
	if value, found := from.GetLabels()[label]; found {
		metav1.SetMetaDataLabel(kept, label, value)
	}
}

// trimConfigMap keeps the data.
func trimConfigMap(object any) (any, error) {
	if full, ok := object.(*corev1.ConfigMap); ok {
		return &corev1.ConfigMap{ObjectMeta: identity(full), Data: full.Data}, nil
	}
	return object, nil
}

// trimQuota keeps the limits: the usage changes with every pod.
func trimQuota(object any) (any, error) {
	if full, ok := object.(*corev1.ResourceQuota); ok {
		return &corev1.ResourceQuota{ObjectMeta: identity(full), Spec: full.Spec}, nil
	}
	return object, nil
}

// trimNetworkPolicy keeps what limits ingress.
func trimNetworkPolicy(object any) (any, error) {
	full, ok := object.(*networkingv1.NetworkPolicy)
	if !ok {
		return object, nil
	}
	kept := &networkingv1.NetworkPolicy{ObjectMeta: identity(full), Spec: full.Spec}
	kept.Spec.Egress = nil
	return kept, nil
}

// trimBinding keeps the subjects of a ClusterRoleBinding.
func trimBinding(object any) (any, error) {
	if full, ok := object.(*rbacv1.ClusterRoleBinding); ok {
		return &rbacv1.ClusterRoleBinding{ObjectMeta: identity(full), Subjects: full.Subjects}, nil
	}
	return object, nil
}

// named returns an object of the same kind and name without anything else.
func named(full *unstructured.Unstructured) *unstructured.Unstructured {
	kept := &unstructured.Unstructured{Object: map[string]any{}}
	kept.SetAPIVersion(full.GetAPIVersion())
	kept.SetKind(full.GetKind())
	kept.SetName(full.GetName())
	return kept
}

// trimClass keeps the controller of a GatewayClass.
func trimClass(object any) (any, error) {
	full, ok := object.(*unstructured.Unstructured)
	if !ok {
		return object, nil
	}
	kept := named(full)
	controller, _, err := unstructured.NestedString(full.Object, "spec", "controllerName")
	if err != nil {
		return nil, err
	}
	return kept, unstructured.SetNestedField(kept.Object, controller, "spec", "controllerName")
}

// identity keeps what identifies an object, without the resource version, which changes
// with every update.
func identity(object metav1.Object) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: object.GetName(), Namespace: object.GetNamespace(), UID: object.GetUID()}
}

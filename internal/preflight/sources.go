// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/informers"
)

// What is read, by the names that users see where it may not be read.
const (
	sourceNodes      = "nodes"
	sourceDaemonSets = "daemonsets"
	sourceIstiods    = "deployments"
	sourceBindings   = "clusterrolebindings"
	sourceCilium     = "the ConfigMap kube-system/cilium-config"
	sourceGuards     = "validatingadmissionpolicies"
	sourceClasses    = "gatewayclasses"
	sourceNamespaces = "the install namespace"
	sourceQuotas     = "resourcequotas of the install namespace"
	sourceSecrets    = "secrets of the install namespace"
)

const (
	podSecurityEnforce = "pod-security.kubernetes.io/enforce"
	bundleVersion      = "gateway.networking.k8s.io/bundle-version"
	revisionLabel      = "istio.io/rev"
)

// source is one thing to watch.
type source struct {
	name, namespace string
	// optional lets the facts be told without it, as long as it cannot be read.
	optional bool
	informer func(gatherClients) cache.SharedIndexInformer
}

// key tells a source from all others.
func (s source) key() string { return s.name + " " + s.namespace }

// sources lists what the question needs.
func sources(question Question) []source {
	ns := question.Namespace
	all := []source{
		{name: sourceNodes, informer: func(c gatherClients) cache.SharedIndexInformer {
			return informers.New(c.kubernetes.CoreV1().Nodes(), informers.Selection{Cut: cutNode}, &corev1.Node{})
		}},
		{name: sourceIstiods, informer: ofMetadata("apps", "v1", "deployments", "", informers.Selection{Labels: istiodSelector, Cut: cutMetadata})},
		{name: sourceBindings, informer: func(c gatherClients) cache.SharedIndexInformer {
			return informers.New(c.kubernetes.RbacV1().ClusterRoleBindings(), informers.Selection{Labels: bindingSelector, Cut: cutBinding}, &rbacv1.ClusterRoleBinding{})
		}},
		{name: sourceCilium, informer: func(c gatherClients) cache.SharedIndexInformer {
			named := informers.Selection{Fields: "metadata.name=cilium-config", Cut: cutConfigMap}
			return informers.New(c.kubernetes.CoreV1().ConfigMaps(metav1.NamespaceSystem), named, &corev1.ConfigMap{})
		}},
		{name: sourceGuards, informer: ofMetadata("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "",
			informers.Selection{Fields: "metadata.name=" + GuardPolicy, Cut: cutMetadata})},
		namespaceSource(ns),
		{name: sourceQuotas, namespace: ns, informer: func(c gatherClients) cache.SharedIndexInformer {
			return informers.New(c.kubernetes.CoreV1().ResourceQuotas(ns), informers.Selection{Cut: cutQuota}, &corev1.ResourceQuota{})
		}},
	}
	// By selector: the right is to all DaemonSets, since there is no Role in a namespace that
	// may not exist.
	for _, namespace := range cniNamespaces() {
		all = append(all, source{name: sourceDaemonSets, namespace: namespace,
			informer: ofMetadata("apps", "v1", "daemonsets", "", informers.Selection{Fields: "metadata.namespace=" + namespace, Cut: cutMetadata})})
	}
	if len(question.PullSecrets) > 0 {
		all = append(all, source{name: sourceSecrets, namespace: ns, informer: ofMetadata("", "v1", "secrets", ns, informers.Selection{Cut: cutMetadata})})
	}
	if question.GatewayClasses {
		all = append(all, source{name: sourceClasses, optional: true, informer: func(c gatherClients) cache.SharedIndexInformer {
			classes := schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"}
			return informers.New(c.dynamic.Resource(classes), informers.Selection{Cut: cutClass}, &unstructured.Unstructured{})
		}})
	}
	return all
}

// namespaceSource watches one namespace.
func namespaceSource(name string) source {
	named := informers.Selection{Fields: "metadata.name=" + name, Cut: cutNamespace}
	return source{name: sourceNamespaces, namespace: name, informer: ofMetadata("", "v1", "namespaces", "", named)}
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

// notify calls changed whenever something in an informer is another.
func notify(informer cache.SharedIndexInformer, changed func()) error {
	return informers.Notify(informer, func(metav1.Object) { changed() })
}

// cutNode keeps of a node what platforms are known by, and that it is not ready:
// heartbeats are no news.
func cutNode(object any) (any, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return object, nil
	}
	info := node.Status.NodeInfo
	kept := &corev1.Node{ObjectMeta: identity(node)}
	for _, known := range platformLabels {
		keepLabel(&kept.ObjectMeta, node, known.label)
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			kept.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse}}
		}
	}
	kept.Status.NodeInfo = corev1.NodeSystemInfo{
		KubeletVersion: info.KubeletVersion, OperatingSystem: info.OperatingSystem,
		OSImage: info.OSImage, ContainerRuntimeVersion: info.ContainerRuntimeVersion,
	}
	return kept, nil
}

// cutMetadata keeps names, and what the checks ask about of labels and annotations.
func cutMetadata(object any) (any, error) {
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

// cutNamespace keeps besides whether it is being deleted.
func cutNamespace(object any) (any, error) {
	cut, err := cutMetadata(object)
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

// cutConfigMap keeps the data.
func cutConfigMap(object any) (any, error) {
	if full, ok := object.(*corev1.ConfigMap); ok {
		return &corev1.ConfigMap{ObjectMeta: identity(full), Data: full.Data}, nil
	}
	return object, nil
}

// cutQuota keeps what a quota allows: how much is used moves with every pod.
func cutQuota(object any) (any, error) {
	if full, ok := object.(*corev1.ResourceQuota); ok {
		return &corev1.ResourceQuota{ObjectMeta: identity(full), Spec: full.Spec}, nil
	}
	return object, nil
}

// cutBinding keeps whom a ClusterRoleBinding binds.
func cutBinding(object any) (any, error) {
	if full, ok := object.(*rbacv1.ClusterRoleBinding); ok {
		return &rbacv1.ClusterRoleBinding{ObjectMeta: identity(full), Subjects: full.Subjects}, nil
	}
	return object, nil
}

// cutClass keeps the controller of a GatewayClass.
func cutClass(object any) (any, error) {
	full, ok := object.(*unstructured.Unstructured)
	if !ok {
		return object, nil
	}
	kept := &unstructured.Unstructured{Object: map[string]any{}}
	kept.SetAPIVersion(full.GetAPIVersion())
	kept.SetKind(full.GetKind())
	kept.SetName(full.GetName())
	controller, _, err := unstructured.NestedString(full.Object, "spec", "controllerName")
	if err != nil {
		return nil, err
	}
	return kept, unstructured.SetNestedField(kept.Object, controller, "spec", "controllerName")
}

// identity is what tells an object from others, without the resource version: with it
// every update would be news.
func identity(object metav1.Object) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: object.GetName(), Namespace: object.GetNamespace(), UID: object.GetUID()}
}

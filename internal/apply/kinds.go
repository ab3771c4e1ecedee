// SPDX-License-Identifier: Apache-2.0

// Package apply makes the cluster's objects equal to a plan's, by server-side
// apply, and tells without a request whether they still are. It knows objects
// and no Istio.
package apply

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is a kind of objects that a plan may hold. The operator watches those of
// its own, and its RBAC names them.
type Kind struct {
	GVK schema.GroupVersionKind
	// Resource is the kind's name in URLs.
	Resource string
	// Namespaced is false for cluster-scoped kinds.
	Namespaced bool
	// Lasting kinds are never pruned or deleted: what users made hangs on them.
	Lasting bool
	// Unwatched kinds are not served by every cluster, or too noisy: drift of such an
	// object is put right when the plan changes or the operator restarts. What is to be
	// removed is found by a list, see Attachments and Copies.
	Unwatched bool
	// Private kinds are never read but by name, see Secrets.
	Private bool
}

func kind(group, version, name, resource string) Kind {
	return Kind{GVK: schema.GroupVersionKind{Group: group, Version: version, Kind: name}, Resource: resource}
}

func namespaced(k Kind) Kind { k.Namespaced = true; return k }

func lasting(k Kind) Kind { k.Lasting = true; return k }

func private(k Kind) Kind { k.Private = true; return k }

func unwatched(k Kind) Kind { k.Unwatched = true; return k }

// The kinds that are handled one by one.
var (
	namespaceKind  = lasting(kind("", "v1", "Namespace", "namespaces"))
	crdKind        = lasting(kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions"))
	deploymentKind = namespaced(kind("apps", "v1", "Deployment", "deployments"))
	daemonSetKind  = namespaced(kind("apps", "v1", "DaemonSet", "daemonsets"))
	secretKind     = private(unwatched(namespaced(kind("", "v1", "Secret", "secrets"))))
	// Multus serves it, where there is Multus.
	attachmentKind = unwatched(namespaced(kind("k8s.cni.cncf.io", "v1", "NetworkAttachmentDefinition", "network-attachment-definitions")))
	// ServiceAccounts are watched whole, as workloads are: see list.
	serviceAccountKind = namespaced(kind("", "v1", "ServiceAccount", "serviceaccounts"))
	validatingKind     = kind("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations")
)

// kinds are all that Istio's charts of the supported releases can make.
var kinds = []Kind{
	namespaceKind, crdKind, deploymentKind, daemonSetKind, validatingKind, secretKind,
	kind("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
	kind("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
	kind("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
	kind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles"),
	kind("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings"),
	namespaced(kind("rbac.authorization.k8s.io", "v1", "Role", "roles")),
	namespaced(kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")),
	serviceAccountKind,
	namespaced(kind("", "v1", "ConfigMap", "configmaps")),
	namespaced(kind("", "v1", "Service", "services")),
	namespaced(kind("", "v1", "ResourceQuota", "resourcequotas")),
	namespaced(kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")),
	namespaced(kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")),
	namespaced(kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies")),
	// Kubernetes gives these two the labels of their Service: watching them by label
	// would tell of every pod.
	unwatched(namespaced(kind("", "v1", "Endpoints", "endpoints"))),
	unwatched(namespaced(kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"))),
	attachmentKind,
}

// Kinds lists the kinds of objects that a plan may hold.
func Kinds() []Kind { return slices.Clone(kinds) }

// Unwatched tells that no watch shows the object.
func Unwatched(key Key) bool {
	kind, err := kindOf(key.GVK)
	return err == nil && kind.Unwatched
}

// SecretKey names a Secret.
func SecretKey(namespace, name string) Key {
	return Key{GVK: secretKind.GVK, Namespace: namespace, Name: name}
}

func (k Kind) gvr() schema.GroupVersionResource { return k.GVK.GroupVersion().WithResource(k.Resource) }

// kindOf finds the kind of an object of a plan.
func kindOf(gvk schema.GroupVersionKind) (Kind, error) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.GVK == gvk })
	if i < 0 {
		return Kind{}, fmt.Errorf("%s is no kind of object that this operator installs", gvk)
	}
	return kinds[i], nil
}

// SPDX-License-Identifier: Apache-2.0

package object

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is a kind of objects that a plan may hold. The operator's RBAC names each, and
// the operator watches those that are not Unwatched.
type Kind struct {
	// GVK is the kind's group, version and kind.
	GVK schema.GroupVersionKind
	// Resource is the kind's name in URLs.
	Resource string
	// Wave orders the kinds of one component: what others need to exist comes first,
	// webhooks come last, so that they never call a service that is not there yet.
	Wave int
	// Namespaced is false for cluster-scoped kinds.
	Namespaced bool
	// Retained kinds are never pruned or deleted: what users made depends on them.
	Retained bool
	// Unwatched kinds are not served by every cluster, or change too often: drift of
	// such an object is reverted when the plan changes or the operator restarts. What is
	// to be removed is found by a list.
	Unwatched bool
	// Private kinds are only read by name.
	Private bool
	// OperatorOnly kinds are made by the operator itself. A chart that makes one is none
	// of Istio's.
	OperatorOnly bool
}

// GVR is the kind's resource with group and version.
func (k Kind) GVR() schema.GroupVersionResource {
	return k.GVK.GroupVersion().WithResource(k.Resource)
}

func cluster(wave int, group, version, name, resource string, options ...func(*Kind)) Kind {
	kind := Kind{GVK: schema.GroupVersionKind{Group: group, Version: version, Kind: name}, Resource: resource, Wave: wave}
	for _, option := range options {
		option(&kind)
	}
	return kind
}

func namespaced(wave int, group, version, name, resource string, options ...func(*Kind)) Kind {
	kind := cluster(wave, group, version, name, resource, options...)
	kind.Namespaced = true
	return kind
}

func retained(k *Kind)     { k.Retained = true }
func unwatched(k *Kind)    { k.Unwatched = true }
func private(k *Kind)      { k.Private = true }
func operatorOnly(k *Kind) { k.OperatorOnly = true }

// The groups of more than one kind.
const (
	admission = "admissionregistration.k8s.io"
	rbac      = "rbac.authorization.k8s.io"
	security  = "security.istio.io"
)

// The kinds that are handled one by one.
var (
	// Namespace is the install namespace's kind.
	Namespace = cluster(0, "", "v1", "Namespace", "namespaces", retained, operatorOnly)
	// CustomResourceDefinition is the kind of Istio's and the Gateway API's CRDs.
	CustomResourceDefinition = cluster(1, "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", retained)
	// Deployment is istiod's kind.
	Deployment = namespaced(4, "apps", "v1", "Deployment", "deployments")
	// DaemonSet is the kind of istio-cni and ztunnel.
	DaemonSet = namespaced(4, "apps", "v1", "DaemonSet", "daemonsets")
	// Secret is the kind of copied pull secrets.
	Secret = namespaced(2, "", "v1", "Secret", "secrets", unwatched, private, operatorOnly)
	// NetworkAttachmentDefinition is served by Multus, where there is Multus.
	NetworkAttachmentDefinition = namespaced(3, "k8s.cni.cncf.io", "v1", "NetworkAttachmentDefinition", "network-attachment-definitions", unwatched)
	// AuthorizationPolicy says who may connect to the probes.
	AuthorizationPolicy = namespaced(3, security, "v1", "AuthorizationPolicy", "authorizationpolicies", unwatched, operatorOnly)
	// PeerAuthentication lets clients outside the mesh ask the probes for their results.
	PeerAuthentication = namespaced(3, security, "v1", "PeerAuthentication", "peerauthentications", unwatched, operatorOnly)
	// Service is the kind of istiod's and the probes' Service.
	Service = namespaced(3, "", "v1", "Service", "services")
	// ServiceAccount objects are watched whole, as workloads are.
	ServiceAccount = namespaced(2, "", "v1", "ServiceAccount", "serviceaccounts")
	// ValidatingWebhookConfiguration is the kind of istiod's validation of its CRDs.
	ValidatingWebhookConfiguration = cluster(5, admission, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations")
)

// kinds are all that Istio's charts of the supported releases can make, and what the
// operator adds.
var kinds = []Kind{
	Namespace, CustomResourceDefinition, Deployment, DaemonSet, ValidatingWebhookConfiguration, Secret,
	cluster(5, admission, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
	cluster(5, admission, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
	cluster(6, admission, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
	cluster(2, rbac, "v1", "ClusterRole", "clusterroles"),
	cluster(2, rbac, "v1", "ClusterRoleBinding", "clusterrolebindings"),
	namespaced(2, rbac, "v1", "Role", "roles"),
	namespaced(2, rbac, "v1", "RoleBinding", "rolebindings"),
	ServiceAccount,
	namespaced(2, "", "v1", "ConfigMap", "configmaps"),
	Service,
	namespaced(2, "", "v1", "ResourceQuota", "resourcequotas"),
	namespaced(3, "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
	namespaced(3, "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
	namespaced(3, "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
	// Kubernetes gives these two the labels of their Service: a watch by label would
	// show every pod that comes and goes.
	namespaced(3, "", "v1", "Endpoints", "endpoints", unwatched),
	namespaced(3, "discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", unwatched),
	NetworkAttachmentDefinition, AuthorizationPolicy, PeerAuthentication,
}

// Kinds lists the kinds of objects that a plan may hold.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindOf finds the row of a kind. It fails where there is none.
func KindOf(gvk schema.GroupVersionKind) (Kind, error) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.GVK == gvk })
	if i < 0 {
		return Kind{}, fmt.Errorf("%s is no kind of object that this operator installs", gvk)
	}
	return kinds[i], nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// ownNamespace is the namespace of the chart's release.
const ownNamespace = "{{ $.Release.Namespace }}"

// leaseName is the Lease by which replicas elect a leader: internal/controller has
// the same.
const leaseName = "gloo-operator.operator.gloo.solo.io"

// own is what the operator needs for itself, whatever the mesh. Nothing generates
// it: each rule says what it is for.
func own() []role {
	return []role{
		{sections: []section{
			{comment: "The resource that it is all about. Users choose its name.", rules: []rule{
				{group: v1.GroupVersion.Group, resources: []string{"servicemeshcontrollers"}, verbs: []string{"list", "patch", "watch"}},
				{group: v1.GroupVersion.Group, resources: []string{"servicemeshcontrollers/status"}, verbs: []string{"patch"}},
			}},
			{comment: "The resource that values ask for in managedMesh.", when: ".Values.managedMesh.enabled", rules: []rule{
				{group: v1.GroupVersion.Group, resources: []string{"servicemeshcontrollers"}, verbs: []string{"create"},
					names: []string{"{{ .Values.managedMesh.name }}"}},
			}},
			{comment: "Who scrapes metrics, and whether they may.", when: ".Values.metrics.enabled", rules: []rule{
				{group: "authentication.k8s.io", resources: []string{"tokenreviews"}, verbs: []string{"create"}},
				{group: "authorization.k8s.io", resources: []string{"subjectaccessreviews"}, verbs: []string{"create"}},
			}},
			restoring(),
			{comment: "What is checked before an installation: nodes, the names of CNI DaemonSets and of other istiods, GatewayClasses.", rules: []rule{
				{resources: []string{"nodes"}, verbs: []string{"list", "watch"}},
				{group: "apps", resources: []string{"daemonsets", "deployments"}, verbs: []string{"list", "watch"}},
				{group: "gateway.networking.k8s.io", resources: []string{"gatewayclasses"}, verbs: []string{"list", "watch"}},
			}},
		}},
		{namespace: ownNamespace, sections: []section{
			{comment: "Leader election. The Lease is created by a POST, for which RBAC knows no name.", rules: []rule{
				{group: "coordination.k8s.io", resources: []string{"leases"}, verbs: []string{"create"}},
				{group: "coordination.k8s.io", resources: []string{"leases"}, verbs: []string{"get", "update"}, names: []string{leaseName}},
				{resources: []string{"events"}, verbs: []string{"create"}},
			}},
			{comment: "The extensions: Helm values for single charts.", rules: []rule{
				{resources: []string{"configmaps"}, verbs: []string{"list", "watch"}, names: []string{v1.ExtensionsName}},
			}},
			{comment: "The Secrets of spec.repository and spec.image, one by one: users choose their names.", rules: []rule{
				{resources: []string{"secrets"}, verbs: []string{"get", "list", "watch"}},
			}},
		}},
		{namespace: namespaceName, sections: []section{
			{comment: "Helm's records of releases. Helm lists them by label and creates them by a POST, for which RBAC knows no names.\n" +
				"Their metadata is watched.\n" +
				"Whoever may run pods in this namespace can read its Secrets anyway.", rules: []rule{
				{resources: []string{"secrets"}, verbs: []string{"create", "delete", "get", "list", "update", "watch"}},
			}},
			{comment: "Why pods do not get ready, when a rollout stands still.", rules: []rule{
				{resources: []string{"events", "pods"}, verbs: []string{"list"}},
			}},
			{comment: "The pull secrets of spec.image: whether they are there, and copies of those of the operator's own namespace.", rules: []rule{
				{resources: []string{"secrets"}, verbs: []string{"create", "delete", "get", "list", "patch", "watch"}},
			}},
		}},
		{namespace: "default", sections: []section{
			{comment: "Events about ServiceMeshControllers: those of cluster-scoped objects are in this namespace.", rules: []rule{
				{group: "events.k8s.io", resources: []string{"events"}, verbs: []string{"create", "patch"}},
			}},
		}},
		{namespace: "kube-system", sections: []section{
			{comment: "What is checked before an installation: whether Cilium lets istio-cni chain.", rules: []rule{
				{resources: []string{"configmaps"}, verbs: []string{"list", "watch"}, names: []string{"cilium-config"}},
			}},
		}},
	}
}

// restoring lets the operator make an install namespace that is missing.
func restoring() section {
	group, name := "rbac.authorization.k8s.io", []string{v1.NamespaceRole}
	return section{
		comment: "An install namespace that is missing, and the operator's rights in it. RBAC cannot limit the namespaces\n" +
			"of the RoleBinding, nor what it binds to whom: the policy in admissionpolicy.yaml does.",
		when: `include "gloo-operator.restoresNamespaces" $`,
		rules: []rule{
			{resources: []string{"namespaces"}, verbs: []string{"create"}, names: []string{namespaceName}},
			{group: group, resources: []string{"rolebindings"}, verbs: []string{"create", "patch"}, names: name},
			{group: group, resources: []string{"clusterroles"}, verbs: []string{"bind"}, names: name},
		},
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
)

// ownNamespace is the namespace of the chart's release.
const ownNamespace = "{{ $.Release.Namespace }}"

// probeNamespace is the namespace of the probes.
const probeNamespace = "{{ .Values.probe.namespace }}"

// leaseName is the Lease by which replicas elect a leader: internal/controller has
// the same.
const leaseName = "gloo-operator.operator.gloo.solo.io"

// own are the permissions that the operator needs for itself, whatever the mesh. They are
// not generated: each rule says what it is for.
func own() []role {
	return []role{
		{sections: []section{
			{comment: "The ServiceMeshController resources. Users choose their names.", rules: []rule{
				{group: v1.GroupVersion.Group, resources: []string{"servicemeshcontrollers"}, verbs: []string{"list", "patch", "watch"}},
				{group: v1.GroupVersion.Group, resources: []string{"servicemeshcontrollers/status"}, verbs: []string{"patch"}},
			}},
			{comment: "The ServiceMeshController of managedMesh in values.", when: ".Values.managedMesh.enabled", rules: []rule{
				{group: v1.GroupVersion.Group, resources: []string{"servicemeshcontrollers"}, verbs: []string{"create"},
					names: []string{"{{ .Values.managedMesh.name }}"}},
			}},
			{comment: "Authentication and authorization of metrics requests.", when: ".Values.metrics.enabled", rules: []rule{
				{group: "authentication.k8s.io", resources: []string{"tokenreviews"}, verbs: []string{"create"}},
				{group: "authorization.k8s.io", resources: []string{"subjectaccessreviews"}, verbs: []string{"create"}},
			}},
			findingProbes(),
			restoring(),
			listing(),
			labeling(),
			inspecting(),
		}},
		{namespace: ownNamespace, sections: []section{
			{comment: "Leader election. RBAC cannot limit the name of a Lease that is created by POST.", rules: []rule{
				{group: "coordination.k8s.io", resources: []string{"leases"}, verbs: []string{"create"}},
				{group: "coordination.k8s.io", resources: []string{"leases"}, verbs: []string{"get", "update"}, names: []string{leaseName}},
				{resources: []string{"events"}, verbs: []string{"create"}},
			}},
			{comment: "The extensions: Helm values for single charts.", rules: []rule{
				{resources: []string{"configmaps"}, verbs: []string{"list", "watch"}, names: []string{v1.ExtensionsName}},
			}},
			{comment: "The Secrets of spec.repository and spec.image. Users choose their names.", rules: []rule{
				{resources: []string{"secrets"}, verbs: []string{"get", "list", "watch"}},
			}},
		}},
		{namespace: namespaceName, sections: []section{
			{comment: "Helm's release records. Helm lists them by label and creates them by POST, and RBAC can limit neither by name.\n" +
				"The operator watches their metadata.\n" +
				"A client that may run pods in this namespace can read its Secrets anyway.", rules: []rule{
				{resources: []string{"secrets"}, verbs: []string{"create", "delete", "get", "list", "update", "watch"}},
			}},
			{comment: "The reason why pods do not become ready when a rollout makes no progress.", rules: []rule{
				{resources: []string{"events", "pods"}, verbs: []string{"list"}},
			}},
			{comment: "The pull secrets of spec.image: whether they exist, and copies of those in the operator's namespace.", rules: []rule{
				{resources: []string{"secrets"}, verbs: []string{"create", "delete", "get", "list", "patch", "watch"}},
			}},
		}},
		{namespace: "default", sections: []section{
			{comment: "Events about ServiceMeshControllers: events of cluster-scoped objects are in this namespace.", rules: []rule{
				{group: "events.k8s.io", resources: []string{"events"}, verbs: []string{"create", "patch"}},
			}},
		}},
		probing(),
		{namespace: "kube-system", sections: []section{
			{comment: "Preflight checks: whether Cilium allows istio-cni to chain.", rules: []rule{
				{resources: []string{"configmaps"}, verbs: []string{"list", "watch"}, names: []string{"cilium-config"}},
			}},
		}},
	}
}

// restoring lets the operator create an install namespace that is missing.
func restoring() section {
	group, name := "rbac.authorization.k8s.io", []string{v1.NamespaceRole}
	return section{
		comment: "Creation of a missing install namespace, and the operator's permissions in it. RBAC cannot limit the namespaces\n" +
			"of the RoleBinding, its role and its subjects: the policy in admissionpolicy.yaml does.",
		when: `include "gloo-operator.restoresNamespaces" $`,
		rules: []rule{
			{resources: []string{"namespaces"}, verbs: []string{"create"}, names: []string{namespaceName}},
			{group: group, resources: []string{"rolebindings"}, verbs: []string{"create", "patch"}, names: name},
			{group: group, resources: []string{"clusterroles"}, verbs: []string{"bind"}, names: name},
		},
	}
}

// listing lets the operator find the pods in the mesh.
func listing() section {
	return section{
		comment: "The pods that the removal of ztunnel would cut off, of which the operator reads the metadata alone, and those that may bypass the mesh.",
		when:    "or .Values.rbac.listPods .Values.rbac.detectBypass",
		rules:   []rule{{resources: []string{"pods"}, verbs: []string{"list"}}},
	}
}

// inspecting lets the operator read the facts of the cluster that preflight checks.
func inspecting() section {
	read := []string{"list", "watch"}
	return section{
		comment: "Preflight checks: nodes, the names of CNI DaemonSets and of other istiods, GatewayClasses, Cilium's policies.",
		rules: []rule{
			{resources: []string{"nodes"}, verbs: read},
			{group: "apps", resources: []string{"daemonsets", "deployments"}, verbs: read},
			{group: "gateway.networking.k8s.io", resources: []string{"gatewayclasses"}, verbs: read},
			{group: "cilium.io", resources: []string{"ciliumclusterwidenetworkpolicies"}, verbs: read},
		},
	}
}

// labeling lets the operator take namespaces out of the mesh.
func labeling() section {
	return section{
		comment: "The label by which namespaces join the mesh. The policy in admissionpolicy.yaml limits what the operator changes.",
		when:    `include "gloo-operator.labelsNamespaces" $`,
		rules:   []rule{{resources: []string{"namespaces"}, verbs: []string{"patch"}}},
	}
}

// probesAllowed is the chart's condition for what the probes need.
const probesAllowed = ".Values.probe.enabled"

// findingProbes lets the operator find out whether the namespace of the probes exists.
func findingProbes() section {
	return section{
		comment: "Whether the namespace of the probes exists.",
		when:    probesAllowed,
		rules:   []rule{{resources: []string{"namespaces"}, verbs: []string{"get"}, names: []string{probeNamespace}}},
	}
}

// probing lets the operator run the probes of spec.probe.
func probing() role {
	write := []string{"create", "delete", "patch"}
	names := []string{plan.ProbeName}
	policies := []string{object.AuthorizationPolicy.Resource, object.PeerAuthentication.Resource}
	security := object.AuthorizationPolicy.GVK.Group
	return role{namespace: probeNamespace, when: probesAllowed, sections: []section{
		{comment: "Reads and watches of the probes, to detect drift and to find out which are not ready.", rules: []rule{
			{resources: []string{"serviceaccounts", "services"}, verbs: []string{"list", "watch"}},
			{resources: []string{"pods"}, verbs: []string{"list"}},
			{group: "apps", resources: []string{"daemonsets"}, verbs: []string{"list", "watch"}},
			{group: security, resources: policies, verbs: []string{"list"}},
		}},
		{comment: "Writes to the probes, by name.", rules: []rule{
			{resources: []string{"serviceaccounts", "services"}, verbs: write, names: names},
			{group: "apps", resources: []string{"daemonsets"}, verbs: write, names: []string{plan.ProbeName, plan.ProbePartnerName}},
			{group: security, resources: policies, verbs: write, names: names},
		}},
	}}
}

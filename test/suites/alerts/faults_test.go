// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"context"
	"net"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// fault is what makes an alert fire.
type fault struct {
	// alert that is to fire, and what has happened then.
	alert, story string
	// make makes the fault. It is called once.
	make func()
	// again goes on making it, until the alert fires. Nil: nothing.
	again func(Gomega)
	// fix ends it.
	fix func()
	// stays recognizes an alert that looks at the past, and so goes on for a while.
	stays bool
}

// ztunnels are the pods of ztunnel.
var ztunnels = cluster.Behavior{Selector: map[string]string{"app": "ztunnel"}, Mode: cluster.Unready}

// release ends what Hold began.
var release func()

// faults are made one after another. Between two of them the mesh is whole.
var faults = []fault{
	{
		alert: "GlooOperatorDown", story: "all replicas stand by",
		make: func() {
			env.Kubectl("apply", "-f", file("lease.yaml", lease))
			startOperator()
			Eventually(func() error { _, err := net.Dial("tcp", address); return err }).Should(Succeed())
			code, text := scrape(tokenOf(context.Background(), "scraper"))
			Expect(code).To(Equal(http.StatusOK))
			Expect(text).NotTo(ContainSubstring("gloo_operator_"))
		},
		fix: func() { env.Kubectl("delete", "lease", "-n", OperatorNamespace, "--all") },
	},
	{
		alert: "GlooMeshChangeStuck", story: "an installation waits for pods",
		make: func() {
			release = env.Hold(ztunnels)
			env.Create(Sample("minimal.yaml"))
		},
		fix: whole,
	},
	{
		alert: "GlooMeshComponentNotReady", story: "a pod is not ready any more",
		make: func() { release = env.Hold(ztunnels) },
		fix:  whole,
	},
	{
		alert: "GlooMeshDegraded", story: "pods of an installed mesh are not ready",
		make: func() { release = env.Hold(ztunnels) },
		fix:  whole,
	},
	{
		alert: "GlooMeshPodsBypass", story: "istio-cni does not put a pod into the mesh",
		make: func() {
			env.Kubectl("create", "namespace", "app")
			env.Kubectl("label", "namespace", "app", v1.DataplaneModeLabel+"="+v1.DataplaneModeAmbient)
			env.Kubectl("run", "web", "-n", "app", "--image=web")
		},
		fix: func() { env.Kubectl("delete", "namespace", "app") },
	},
	{
		alert: "GlooMeshTrafficNotProven", story: "the traffic of a node does not get through the mesh",
		make: func() {
			release = env.Hold(cluster.Behavior{Namespace: plan.ProbeNamespace, Mode: cluster.Unready})
			env.Patch(`{"spec":{"probe":{"enabled":true}}}`)
		},
		fix: whole, // The probes stay, for the dashboard.
	},
	{
		alert: "GlooMeshCertificateExpiring", story: "the root expires soon",
		make: func() { env.PublishRoot(CACertificate("soon", 24*time.Hour)) },
		fix:  func() { env.PublishRoot(CACertificate("later", 1000*24*time.Hour)) },
	},
	{
		alert: "GlooMeshFailed", story: "spec asks for a version that there is not",
		make: func() { version = env.Mesh().Spec.Version; env.SetVersion("1.99.0") },
		fix:  func() { env.SetVersion(version) },
	},
	{
		alert: "GlooMeshAborted", story: "another resource is older",
		make: func() { env.Create(Sample("minimal.yaml", Named("another"))) },
		fix:  func() { env.Kubectl("delete", "smc", "another") },
	},
	{
		alert: "GlooMeshPreflightBlocking", story: "a quota leaves no room for pods",
		make: func() { env.Kubectl("create", "quota", "small", "-n", Namespace, "--hard=pods=1") },
		fix:  func() { env.Kubectl("delete", "quota", "small", "-n", Namespace) },
	},
	{
		alert: "GlooOperatorReconcileErrors", story: "a webhook that does not answer refuses what is to be put right", stays: true,
		make: func() {
			env.Kubectl("apply", "-f", file("webhook.yaml", refuser))
			env.Kubectl("delete", "configmap", "-n", Namespace, "istio-cni-config")
		},
		fix: func() { env.Kubectl("delete", "validatingwebhookconfiguration", "refuser") },
	},
	{
		alert: "GlooMeshDriftFight", story: "another client keeps overwriting an object", stays: true,
		make: func() {}, again: rival, fix: func() {},
	},
	{
		alert: "GlooMeshDriftContinues", story: "somebody overwrites many objects", stays: true,
		make: func() {}, again: rivalOfMany, fix: func() {},
	},
}

// version is what spec asked for before a fault.
var version string

func whole() {
	GinkgoHelper()
	release()
	env.EventuallyPhase(v1.PhaseSucceeded)
}

// rival overwrites a label of an object of ours.
func rival(g Gomega) { overwrite(g, env.Ztunnel()) }

// rivalOfMany does so with several of a kind: the first corrections of each follow at once.
func rivalOfMany(g Gomega) {
	all := &corev1.ConfigMapList{}
	g.Expect(env.API.List(context.Background(), all, client.InNamespace(Namespace), client.HasLabels{v1.OwnerLabel})).To(Succeed())
	for i := range all.Items {
		overwrite(g, &all.Items[i])
	}
}

func overwrite(g Gomega, object client.Object) {
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"`+v1.ComponentLabel+`":"theirs"}}}`))
	g.Expect(env.API.Patch(context.Background(), object, patch, client.FieldOwner("rival"))).To(Succeed())
}

// lease is held by somebody who is not there.
var lease = map[string]any{
	"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
	"metadata": map[string]any{"name": "gloo-operator.operator.gloo.solo.io", "namespace": OperatorNamespace},
	"spec": map[string]any{
		"holderIdentity": "somebody", "leaseDurationSeconds": 3600, "leaseTransitions": 0,
		"acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": "2026-01-01T00:00:00.000000Z",
	},
}

// refuser is a webhook for ConfigMaps of the mesh, at an address where nobody answers.
var refuser = map[string]any{
	"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
	"metadata": map[string]any{"name": "refuser"},
	"webhooks": []any{map[string]any{
		"name": "refuser.example.com", "sideEffects": "None", "admissionReviewVersions": []any{"v1"}, "failurePolicy": "Fail", "timeoutSeconds": 1,
		"clientConfig":      map[string]any{"url": "https://127.0.0.1:1/"},
		"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": Namespace}},
		"rules": []any{map[string]any{
			"apiGroups": []any{""}, "apiVersions": []any{"v1"}, "resources": []any{"configmaps"}, "operations": []any{"CREATE", "UPDATE"},
		}},
	}},
}

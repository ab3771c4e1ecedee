// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// addDeadNode adds a node that no kubelet looks after: pods on it never end.
func addDeadNode(name string) {
	GinkgoHelper()
	env.Kubectl("apply", "-f", write(`{"apiVersion":"v1","kind":"Node","metadata":{"name":"`+name+`","labels":{"kubernetes.io/os":"linux","kubernetes.io/hostname":"`+name+`"}}}`))
	setReady(name, "False")
}

func setReady(name, status string) {
	GinkgoHelper()
	env.Kubectl("patch", "node", name, "--subresource=status", "--type=merge", "-p",
		`{"status":{"capacity":{"cpu":"8","memory":"32Gi","pods":"110"},"allocatable":{"cpu":"8","memory":"32Gi","pods":"110"},`+
			`"conditions":[{"type":"Ready","status":"`+status+`","reason":"Test","message":"no","lastHeartbeatTime":"`+
			time.Now().UTC().Format(time.RFC3339)+`","lastTransitionTime":null}]}}`)
}

// gone reports whether the resource is not there any more.
func gone(ctx context.Context) func() bool {
	return func() bool {
		return apierrors.IsNotFound(env.API.Get(ctx, client.ObjectKey{Name: Name}, &v1.ServiceMeshController{}))
	}
}

var _ = Describe("Removing a mesh", Ordered, func() {
	const dead = "dead"

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		mesh := Sample("minimal.yaml")
		env.Install(mesh)
		addDeadNode(dead)
		Eventually(func() string {
			return env.Kubectl("get", "pods", "-n", Namespace, "--field-selector=spec.nodeName="+dead, "-o", "name")
		}).Should(And(ContainSubstring("ztunnel"), ContainSubstring("istio-cni-node")))
	})

	It("waits for the pods of nodes that are ready, and says which", func() {
		pod := env.Kubectl("get", "pods", "-n", Namespace, "-l", "app=ztunnel", "--field-selector=spec.nodeName=node-1", "-o", "name")
		env.Kubectl("patch", "-n", Namespace, pod[:len(pod)-1], "--type=merge", "-p", `{"metadata":{"finalizers":["example.com/held"]}}`)
		env.Kubectl("delete", "smc", Name, "--wait=false")
		Eventually(func() string { return env.Mesh().Status.Message }).WithTimeout(time.Minute).Should(And(
			ContainSubstring("removing ztunnel: waiting for DaemonSet istio-system/ztunnel: 2 of its pods are left: "),
			ContainSubstring("on node node-1"), ContainSubstring("on node "+dead)))
		Expect(env.Component(v1.ComponentZtunnel)).To(And(HaveField("Pods", ""), HaveField("Message", ContainSubstring("is being removed"))))
		Expect(env.Condition(v1.ConditionZtunnelDeployed).Reason).To(Equal(v1.ReasonUninstalling))
		Expect(env.Component(v1.ComponentCNI).Pods).To(MatchRegexp("[0-9]/[0-9]"), "its turn comes later")
		Expect(env.CNINode().DeletionTimestamp).To(BeNil())
		env.Kubectl("patch", "-n", Namespace, pod[:len(pod)-1], "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	})

	// Hardened: kubectl delete smc in a cluster with a dead node | it hung until the node was gone
	It("does not wait for the pods of a dead node, and names it", func(ctx SpecContext) {
		Eventually(gone(ctx)).WithTimeout(2 * time.Minute).Should(BeTrue())
		Eventually(env.Events).Should(ContainElements(
			HavePrefix("NodesNotReady: removing DaemonSet istio-system/ztunnel without waiting for its pods: node "+dead+" is not ready"),
			HavePrefix("NodesNotReady: removing DaemonSet istio-system/istio-cni-node without waiting for its pods: node "+dead+" is not ready")))
		Expect(env.Kubectl("get", "daemonset,deployment", "-n", Namespace)).To(ContainSubstring("No resources found"))
	})

	It("can be followed by another, which needs the dead node no less", func() {
		mesh := Sample("minimal.yaml")
		mesh.Spec.Upgrade = &v1.Upgrade{Timeout: &metav1.Duration{Duration: 10 * time.Second}}
		env.Create(mesh)
		Eventually(func() string { return env.Mesh().Status.Message }).Should(ContainSubstring("node " + dead + " is not ready"))
	})
})

var _ = Describe("A component that leaves the plan while a node is dead", func() {
	It("is deleted at once", func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		one := intstr.FromInt32(1)
		mesh := Sample("minimal.yaml")
		mesh.Spec.Upgrade = &v1.Upgrade{MaxUnavailableNodes: &one}
		env.Install(mesh)
		addDeadNode("dead")
		onDead := func() string {
			return env.Kubectl("get", "pods", "-n", Namespace, "--field-selector=spec.nodeName=dead", "-o", "name")
		}
		Eventually(onDead).Should(ContainSubstring("ztunnel"))
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		Eventually(func() string { return env.Kubectl("get", "daemonsets", "-n", Namespace, "-o", "name") }).WithTimeout(time.Minute).
			ShouldNot(ContainSubstring("ztunnel"))
		Expect(onDead()).To(ContainSubstring("ztunnel"), "its pod ends with the node")
	})
})

var _ = Describe("A NetworkAttachmentDefinition of the mesh", Ordered, func() {
	const (
		attachments = "network-attachment-definitions.k8s.cni.cncf.io"
		multus      = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"network-attachment-definitions.k8s.cni.cncf.io"},` +
			`"spec":{"group":"k8s.cni.cncf.io","scope":"Namespaced","names":{"kind":"NetworkAttachmentDefinition","plural":"network-attachment-definitions"},` +
			`"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}`
	)
	var operator *Operator
	names := func() string { return env.Kubectl("get", attachments, "-n", "default", "-o", "name") }

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, func(o *cluster.Options) { o.Nodes = 1 })
		env.Kubectl("apply", "-f", write(multus))
		env.Kubectl("wait", "--for=condition=Established", "crd/"+attachments)
		env.Kubectl("apply", "-f", write(`{"apiVersion":"k8s.cni.cncf.io/v1","kind":"NetworkAttachmentDefinition",`+
			`"metadata":{"namespace":"default","name":"theirs","labels":{"`+v1.OwnerLabel+`":"`+Name+`"}}}`))
	})

	AfterAll(func() { operator.Stop() })

	// Hardened: cni.provider changed from multus | default/istio-cni stayed for good
	It("goes when the plan no longer has it, found again after a restart", func() {
		operator = LaunchOperator(env.OperatorConfig())
		env.Install(Sample("minimal.yaml", Values(`{"cni":{"provider":"multus"}}`)))
		Expect(names()).To(ContainSubstring("/istio-cni"))
		operator.Stop()
		env.Patch(`{"spec":{"values":null}}`)
		operator = LaunchOperator(env.OperatorConfig())
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(names).ShouldNot(ContainSubstring("/istio-cni"))
	})

	// Hardened: kubectl delete smc on OpenShift | default/istio-cni stayed for good
	It("goes with the mesh, and no other does", func() {
		env.Patch(`{"spec":{"values":{"cni":{"provider":"multus"}}}}`)
		Eventually(names).Should(ContainSubstring("/istio-cni"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		Expect(names()).To(And(Not(ContainSubstring("/istio-cni")), ContainSubstring("/theirs")))
	})

	// Hardened: the install namespace is deleted, and then the resource | default/istio-cni stayed for good
	It("goes with a mesh whose install namespace has gone before", func() {
		env.Install(Sample("minimal.yaml", Values(`{"cni":{"provider":"multus"}}`)))
		Expect(names()).To(ContainSubstring("/istio-cni"))
		operator.Stop()
		env.Kubectl("delete", "namespace", Namespace)
		env.Kubectl("delete", "smc", Name, "--wait=false")
		operator = LaunchOperator(env.OperatorConfig())
		env.Kubectl("wait", "--for=delete", "smc/"+Name, "--timeout=240s")
		Expect(names()).To(And(Not(ContainSubstring("/istio-cni")), ContainSubstring("/theirs")))
	})
})

var _ = Describe("Copies of pull secrets", Ordered, func() {
	names := []string{"first", "second", "third"}
	source := func(ctx context.Context, name string, kind corev1.SecretType, content string) {
		key := map[corev1.SecretType]string{corev1.SecretTypeDockerConfigJson: corev1.DockerConfigJsonKey, corev1.SecretTypeDockercfg: corev1.DockerConfigKey}[kind]
		data := map[string][]byte{key: []byte(content)}
		Expect(env.API.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: OperatorNamespace, Name: name}, Type: kind, Data: data})).To(Succeed())
	}
	copies := func() string {
		return env.Kubectl("get", "secrets", "-n", Namespace, "-l", v1.OwnerLabel, "-o", "jsonpath={.items[*].metadata.name}")
	}
	var operator *Operator

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, func(o *cluster.Options) { o.Nodes = 1 })
		for _, name := range names {
			source(ctx, name, corev1.SecretTypeDockerConfigJson, `{"auths":{}}`)
		}
		operator = LaunchOperator(env.OperatorConfig())
		env.Install(Sample("minimal.yaml", func(smc *v1.ServiceMeshController) {
			smc.Spec.Image = &v1.Image{Secrets: []v1.LocalSecret{{Name: "first"}, {Name: "second"}, {Name: "third"}}}
		}))
		Expect(copies()).To(Equal("first second third"))
		env.Settled()
	})

	AfterAll(func() { operator.Stop() })

	// Hardened: copies of pull secrets taken out of spec while the operator is down | each stayed for good
	It("go when spec stopped naming them while the operator was down", func() {
		operator.Stop()
		env.Patch(`{"spec":{"image":{"secrets":[{"name":"first"},{"name":"second"}]}}}`)
		operator = LaunchOperator(env.OperatorConfig())
		Eventually(copies).Should(Equal("first second"))
		env.Settled()
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
	})

	// Hardened: copies of pull secrets that are made again with another type | the mesh went to FAILED
	It("are made again where their source has another type", func(ctx SpecContext) {
		env.Kubectl("delete", "secret", "-n", OperatorNamespace, "first")
		source(ctx, "first", corev1.SecretTypeDockercfg, "{}")
		Eventually(func() corev1.SecretType {
			found := &corev1.Secret{}
			Expect(client.IgnoreNotFound(env.API.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: "first"}, found))).To(Succeed())
			return found.Type
		}).Should(Equal(corev1.SecretTypeDockercfg))
		env.Settled()
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		Expect(env.Events()).NotTo(ContainElement(ContainSubstring("immutable")))
	})

	// Hardened: copies of pull secrets taken out of spec while paused, then a removal | they stayed past the mesh
	It("go with the mesh, those that spec stopped naming while it was paused included", func(ctx SpecContext) {
		env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"=true")
		operator.Stop()
		env.Patch(`{"spec":{"image":{"secrets":[{"name":"first"}]}}}`)
		operator = LaunchOperator(env.OperatorConfig())
		env.Settled()
		Expect(copies()).To(Equal("first second"), "paused")
		env.Kubectl("delete", "smc", Name, "--wait=false")
		env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"-")
		Eventually(gone(ctx)).Should(BeTrue())
		Expect(copies()).To(BeEmpty())
	})
})

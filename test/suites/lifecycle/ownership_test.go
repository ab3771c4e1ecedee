// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

var _ = Describe("Changes that others make", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Create(Sample("minimal.yaml"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("puts a deleted DaemonSet back with one write to it", func() {
		mark := env.Settled()
		env.Kubectl("delete", "daemonset", "-n", Namespace, "ztunnel")
		Eventually(env.ReadyPods).WithArguments("ztunnel").Should(BeEquivalentTo(Nodes))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(env.Events).Should(ContainElement("DriftCorrected: DaemonSet istio-system/ztunnel was deleted: created again"))
		Expect(env.MeshWrites(mark)).To(HaveLen(1))
	})

	It("puts an overwritten field back with one write, and names who overwrote it", func() {
		mark := env.Settled()
		env.Kubectl("set", "image", "-n", Namespace, "daemonset/ztunnel", "istio-proxy=example.com/other:1", "--field-manager", "somebody")
		Eventually(func() string { return Images(env.Ztunnel().Spec.Template) }).Should(Equal("docker.io/istio/ztunnel:1.29.1-distroless"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(env.Events).Should(ContainElement(And(HavePrefix("DriftCorrected"), ContainSubstring("image"), ContainSubstring("somebody"))))
		Expect(env.MeshWrites(mark)).To(HaveLen(1))
	})

	It("puts the owner label back", func() {
		env.Settled()
		env.Kubectl("label", "serviceaccount", "-n", Namespace, "istiod", v1.OwnerLabel+"-")
		Eventually(func() map[string]string { return Get(env, &corev1.ServiceAccount{}, "istiod").Labels }).Should(HaveKeyWithValue(v1.OwnerLabel, Name))
	})

	It("leaves alone what others add", func() {
		mark := env.Settled()
		env.Kubectl("label", "daemonset", "-n", Namespace, "ztunnel", "team=network")
		env.Kubectl("annotate", "deployment", "-n", Namespace, "istiod", "example.com/note=x")
		env.Kubectl("annotate", "crd", "virtualservices.networking.istio.io", "example.com/note=x")
		env.ExpectQuiet(mark, 5*time.Second)
		Expect(env.Ztunnel().Labels).To(HaveKeyWithValue("team", "network"))
	})

	It("keeps a variable that somebody adds to a container", func() {
		mark := env.Settled()
		env.Kubectl("set", "env", "-n", Namespace, "daemonset/ztunnel", "THEIRS=1")
		Eventually(env.ReadyPods).WithArguments("ztunnel").Should(BeEquivalentTo(Nodes))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		Expect(env.Ztunnel().Spec.Template.Spec.Containers[0].Env).To(ContainElement(HaveField("Name", "THEIRS")))
	})
})

var _ = Describe("An Istio that the operator does not manage", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		Expect(env.API.Create(context.Background(), &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: Namespace, Name: "istio",
				Annotations: map[string]string{"meta.helm.sh/release-name": "my-istiod", "meta.helm.sh/release-namespace": Namespace},
			},
			Data: map[string]string{"mesh": "theirs"},
		})).To(Succeed())
	})

	It("is not touched, and is named", func() {
		mark := env.Cluster.Audit().Mark()
		env.Create(Sample("minimal.yaml"))
		env.EventuallyPhase(v1.PhaseAborted)
		Expect(env.Mesh().Status.Message).To(ContainSubstring("ConfigMap istio-system/istio (Helm release my-istiod in istio-system)"))
		Expect(env.Mesh().Status.Message).To(ContainSubstring("spec.onConflict"))
		env.Settled()
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		Expect(Get(env, &corev1.ConfigMap{}, "istio").Data["mesh"]).To(Equal("theirs"))
	})

	It("is taken over when asked to", func() {
		env.Kubectl("patch", "smc", Name, "--type", "merge", "-p", `{"spec":{"onConflict":"Force"}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(Get(env, &corev1.ConfigMap{}, "istio").Data["mesh"]).To(ContainSubstring("defaultConfig"))
	})

	// Hardened: a second ServiceMeshController is created and deleted | the Helm releases of the mesh that runs were removed, all objects sent again
	It("is not touched by a second ServiceMeshController that is refused and deleted", func() {
		mark := env.Settled()
		env.Create(Sample("minimal.yaml", Named("second"), OnConflict(v1.Force)))
		env.EventuallyPhase(v1.PhaseAborted, "second")
		Expect(env.Mesh("second").Finalizers).To(BeEmpty())
		env.Kubectl("delete", "smc", "second", "--timeout=240s")
		env.Settled()
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		Expect(env.Kubectl("get", "secret", "-n", Namespace, "-l", "owner=helm,status=deployed", "-o", "name")).To(ContainSubstring("istiod"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	// Hardened: a refused resource that has the finalizer, as earlier versions set it, is deleted | the Helm releases were removed
	It("is not touched when a refused resource has the finalizer all the same", func() {
		second := Sample("minimal.yaml", Named("second"))
		second.Finalizers = []string{v1.Finalizer}
		env.Create(second)
		env.EventuallyPhase(v1.PhaseAborted, "second")
		mark := env.Settled()
		env.Kubectl("delete", "smc", "second", "--timeout=240s")
		env.Settled()
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		Expect(env.Kubectl("get", "secret", "-n", Namespace, "-l", "owner=helm,status=deployed", "-o", "name")).To(ContainSubstring("istiod"))
	})

	It("is not a second ServiceMeshController, which waits its turn", func() {
		second := Sample("minimal.yaml", Named("second"))
		second.Spec.OnConflict = v1.Force
		env.Create(second)
		env.EventuallyPhase(v1.PhaseAborted, "second")
		Expect(env.Mesh("second").Status.Message).To(ContainSubstring("managed-istio is older"))
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		env.EventuallyPhase(v1.PhaseSucceeded, "second")
		Expect(env.Ztunnel().Labels).To(HaveKeyWithValue(v1.OwnerLabel, "second"))
	})
})

var _ = Describe("Deleting the resource", Ordered, func() {
	var mark cluster.Mark

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Create(Sample("minimal.yaml"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.API.Create(context.Background(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: "cacerts"}})).To(Succeed())
		env.Kubectl("delete", "validatingwebhookconfiguration", "istiod-default-validator", "--ignore-not-found")
		env.Settled()
		mark = env.Cluster.Audit().Mark()
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
	})

	It("removes the components in reverse order", func() {
		var order []string
		for _, request := range env.MeshWrites(mark) {
			if request.Verb == "delete" && (request.Resource == "daemonsets" || request.Resource == "deployments") {
				order = append(order, request.Name)
			}
		}
		Expect(order).To(Equal([]string{"ztunnel", "istio-cni-node", "istiod"}))
	})

	It("leaves nothing of the mesh but CRDs and the namespace", func() {
		Expect(env.Kubectl("get", "all,configmap,serviceaccount,role,rolebinding,pdb,clusterrole,clusterrolebinding,"+
			"validatingwebhookconfiguration,mutatingwebhookconfiguration", "-A", "-l", v1.OwnerLabel)).To(ContainSubstring("No resources found"))
		Expect(env.Kubectl("get", "secret", "-n", Namespace, "-l", "owner=helm")).To(ContainSubstring("No resources found"))
		Expect(env.Kubectl("get", "crd", "-o", "name")).To(And(ContainSubstring("virtualservices"), ContainSubstring("httproutes")))
		Expect(env.Kubectl("get", "ns", Namespace, "-o", "jsonpath={.status.phase}")).To(Equal("Active"))
	})

	It("leaves what users made", func() {
		Get(env, &corev1.Secret{}, "cacerts")
	})

	It("can be followed by the next installation at once", func() {
		env.Create(Sample("minimal.yaml"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
})

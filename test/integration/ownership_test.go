// SPDX-License-Identifier: Apache-2.0

package integration_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
)

var _ = Describe("Changes that others make", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		newCluster(ctx)
		startOperator()
		create(sample("minimal.yaml"))
		eventuallyPhase(v1.PhaseSucceeded)
	})

	It("puts a deleted DaemonSet back with one write to it", func() {
		mark := settled()
		kubectl("delete", "daemonset", "-n", namespace, "ztunnel")
		Eventually(func() types { return ready("ztunnel") }).Should(Equal(types{nodes, nodes}))
		eventuallyPhase(v1.PhaseSucceeded)
		Eventually(events).Should(ContainElement("DriftCorrected: DaemonSet istio-system/ztunnel had been deleted: created again"))
		Expect(writesToMesh(mark)).To(HaveLen(1))
	})

	It("puts an overwritten field back with one write, and names who overwrote it", func() {
		mark := settled()
		kubectl("set", "image", "-n", namespace, "daemonset/ztunnel", "istio-proxy=example.com/other:1", "--field-manager", "somebody")
		Eventually(func() string { return image(ztunnel().Spec.Template) }).Should(Equal("docker.io/istio/ztunnel:1.29.1-distroless"))
		eventuallyPhase(v1.PhaseSucceeded)
		Eventually(events).Should(ContainElement(And(HavePrefix("DriftCorrected"), ContainSubstring("image"), ContainSubstring("somebody"))))
		Expect(writesToMesh(mark)).To(HaveLen(1))
	})

	It("puts the owner label back", func() {
		settled()
		kubectl("label", "serviceaccount", "-n", namespace, "istiod", v1.OwnerLabel+"-")
		Eventually(func() map[string]string { return get(&corev1.ServiceAccount{}, "istiod").Labels }).Should(HaveKeyWithValue(v1.OwnerLabel, meshName))
	})

	It("leaves alone what others add", func() {
		mark := settled()
		kubectl("label", "daemonset", "-n", namespace, "ztunnel", "team=network")
		kubectl("annotate", "deployment", "-n", namespace, "istiod", "example.com/note=x")
		kubectl("annotate", "crd", "virtualservices.networking.istio.io", "example.com/note=x")
		expectQuiet(mark, 5*time.Second)
		Expect(ztunnel().Labels).To(HaveKeyWithValue("team", "network"))
	})

	It("keeps a variable that somebody adds to a container", func() {
		mark := settled()
		kubectl("set", "env", "-n", namespace, "daemonset/ztunnel", "THEIRS=1")
		Eventually(func() types { return ready("ztunnel") }).Should(Equal(types{nodes, nodes}))
		eventuallyPhase(v1.PhaseSucceeded)
		settled()
		Expect(writesToMesh(mark)).To(BeEmpty())
		Expect(ztunnel().Spec.Template.Spec.Containers[0].Env).To(ContainElement(HaveField("Name", "THEIRS")))
	})
})

type types struct{ ready, desired int32 }

func ready(name string) types {
	status := cniNode().Status
	if name == "ztunnel" {
		daemonSet := ztunnel()
		status = daemonSet.Status
		if daemonSet.DeletionTimestamp != nil {
			return types{}
		}
	}
	return types{status.NumberReady, status.DesiredNumberScheduled}
}

// writesToMesh lists the operator's writes to objects of the mesh: all but status
// and events.
func writesToMesh(since cluster.Mark) []cluster.Request {
	GinkgoHelper()
	return requestsSince(since, cluster.Writes(), func(r cluster.Request) bool {
		return r.Resource != "events" && r.Resource != "servicemeshcontrollers"
	})
}

var _ = Describe("Somebody else's Istio", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		newCluster(ctx)
		startOperator()
		Expect(api.Create(background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
		Expect(api.Create(background(), &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: namespace, Name: "istio",
				Annotations: map[string]string{"meta.helm.sh/release-name": "my-istiod", "meta.helm.sh/release-namespace": namespace},
			},
			Data: map[string]string{"mesh": "theirs"},
		})).To(Succeed())
	})

	It("is not touched, and is named", func() {
		mark := kube.Audit().Mark()
		create(sample("minimal.yaml"))
		eventuallyPhase(v1.PhaseAborted)
		Expect(mesh().Status.Message).To(ContainSubstring("ConfigMap istio-system/istio (Helm release my-istiod in istio-system)"))
		Expect(mesh().Status.Message).To(ContainSubstring("spec.onConflict"))
		settled()
		Expect(writesToMesh(mark)).To(BeEmpty())
		Expect(get(&corev1.ConfigMap{}, "istio").Data["mesh"]).To(Equal("theirs"))
	})

	It("is taken over when asked to", func() {
		kubectl("patch", "smc", meshName, "--type", "merge", "-p", `{"spec":{"onConflict":"Force"}}`)
		eventuallyPhase(v1.PhaseSucceeded)
		Expect(get(&corev1.ConfigMap{}, "istio").Data["mesh"]).To(ContainSubstring("defaultConfig"))
	})

	It("is not a second ServiceMeshController, which waits its turn", func() {
		second := sample("minimal.yaml", named("second"))
		second.Spec.OnConflict = v1.Force
		create(second)
		eventuallyPhase(v1.PhaseAborted, "second")
		Expect(mesh("second").Status.Message).To(ContainSubstring("managed-istio was here first"))
		kubectl("delete", "smc", meshName, "--timeout=60s")
		eventuallyPhase(v1.PhaseSucceeded, "second")
		Expect(ztunnel().Labels).To(HaveKeyWithValue(v1.OwnerLabel, "second"))
	})
})

var _ = Describe("Deleting the resource", Ordered, func() {
	var mark cluster.Mark

	BeforeAll(func(ctx SpecContext) {
		newCluster(ctx)
		startOperator()
		create(sample("minimal.yaml"))
		eventuallyPhase(v1.PhaseSucceeded)
		Expect(api.Create(background(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "cacerts"}})).To(Succeed())
		kubectl("delete", "validatingwebhookconfiguration", "istiod-default-validator", "--ignore-not-found")
		settled()
		mark = kube.Audit().Mark()
		kubectl("delete", "smc", meshName, "--timeout=60s")
	})

	It("removes the components in reverse order", func() {
		var order []string
		for _, request := range writesToMesh(mark) {
			if request.Verb == "delete" && (request.Resource == "daemonsets" || request.Resource == "deployments") {
				order = append(order, request.Name)
			}
		}
		Expect(order).To(Equal([]string{"ztunnel", "istio-cni-node", "istiod"}))
	})

	It("leaves nothing of the mesh but CRDs and the namespace", func() {
		Expect(kubectl("get", "all,configmap,serviceaccount,role,rolebinding,pdb,clusterrole,clusterrolebinding,"+
			"validatingwebhookconfiguration,mutatingwebhookconfiguration", "-A", "-l", v1.OwnerLabel)).To(ContainSubstring("No resources found"))
		Expect(kubectl("get", "secret", "-n", namespace, "-l", "owner=helm")).To(ContainSubstring("No resources found"))
		Expect(kubectl("get", "crd", "-o", "name")).To(And(ContainSubstring("virtualservices"), ContainSubstring("httproutes")))
		Expect(kubectl("get", "ns", namespace, "-o", "jsonpath={.status.phase}")).To(Equal("Active"))
	})

	It("leaves what users made", func() {
		get(&corev1.Secret{}, "cacerts")
	})

	It("can be followed by the next installation at once", func() {
		create(sample("minimal.yaml"))
		eventuallyPhase(v1.PhaseSucceeded)
	})
})

var _ = Describe("Gateway API CRDs that the cluster has already", Ordered, func() {
	It("are left as they are, and named", func(ctx SpecContext) {
		newCluster(ctx)
		startOperator()
		kubectl("apply", "--server-side", "-f", repository("internal/gatewayapi/crds/v1.3.0"))
		create(sample("minimal.yaml"))
		eventuallyPhase(v1.PhaseSucceeded)
		Expect(condition(v1.ConditionInitialized).Message).To(ContainSubstring("v1.3.0 standard"))
		labels := kubectl("get", "crd", "httproutes.gateway.networking.k8s.io", "-o", "jsonpath={.metadata.labels}")
		Expect(labels).NotTo(ContainSubstring(v1.OwnerLabel))
		Expect(kubectl("get", "crd", "-o", "name")).NotTo(ContainSubstring("backendtlspolicies"), "a CRD of v1.4.0")
	})
})

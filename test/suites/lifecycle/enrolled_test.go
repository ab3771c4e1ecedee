// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

const (
	// dataplaneMode is Istio's label, redirection what istio-cni writes on pods: there is no
	// istio-cni here, and these specs write it in its place.
	dataplaneMode = "istio.io/dataplane-mode"
	redirection   = "ambient.istio.io/redirection"
)

// enroll creates a namespace in the mesh.
func enroll(namespace string) {
	GinkgoHelper()
	env.Kubectl("create", "namespace", namespace)
	env.Kubectl("label", "namespace", namespace, dataplaneMode+"=ambient")
}

// captured creates a pod that istio-cni has put into the mesh. More is added to its labels
// and to its spec.
func captured(namespace, name, labels, spec string) {
	GinkgoHelper()
	env.Kubectl("apply", "-f", write(fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {namespace: %s, name: %s, labels: {app: %[2]s, %s}, annotations: {%s: enabled}},
  spec: {containers: [{name: app, image: app}], tolerations: [{operator: Exists}], %s}}`, namespace, name, labels, redirection, spec)))
}

// takenOut does what istio-cni does when a pod has left the mesh.
func takenOut(namespace string) {
	GinkgoHelper()
	env.Kubectl("annotate", "pods", "--all", "-n", namespace, redirection+"-")
}

// podLists are the operator's lists of the pods of all namespaces.
func podLists(since cluster.Mark) []cluster.Request {
	GinkgoHelper()
	return env.Requests(since, func(r cluster.Request) bool { return r.Resource == "pods" && r.Verb == "list" && r.Namespace == "" })
}

// changes are the operator's writes to the mesh, without dry runs.
func changes(since cluster.Mark) []cluster.Request {
	GinkgoHelper()
	return slices.DeleteFunc(env.MeshWrites(since), func(r cluster.Request) bool { return strings.Contains(r.URI, "dryRun=") })
}

// holding waits until pods in the mesh hold up what is asked for, in that phase.
func holding(phase v1.Phase) string {
	GinkgoHelper()
	env.EventuallyPhase(phase)
	Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonWorkloadsEnrolled))
	return env.Mesh().Status.Message
}

// message is the resource's message; empty once the resource is gone.
func message() string {
	text, _ := env.TryKubectl("get", "smc", Name, "--ignore-not-found", "-o", "jsonpath={.status.message}")
	return text
}

func fewNodes(o *cluster.Options) { o.Nodes = 2 }

var _ = Describe("Pods in the mesh", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, fewNodes)
		env.StartOperator()
		env.Install(Sample("minimal.yaml"))
		enroll("shop")
		env.Kubectl("create", "namespace", "app")
		captured("shop", "web", "", "")
		captured("shop", "cart", "", "")
		captured("app", "own", dataplaneMode+": ambient", "")
		captured("shop", "done", "", "restartPolicy: Never")
		env.Kubectl("wait", "pod", "done", "-n", "shop", "--for=condition=Ready")
		env.Kubectl("patch", "pod", "done", "-n", "shop", "--subresource=status", "-p", `{"status":{"phase":"Succeeded"}}`)
		captured("shop", "host", "", "hostNetwork: true")
	})

	// Hardened: kubectl delete smc with pods in the mesh | every pod was cut off until it was restarted
	It("hold up the removal before its first write, and the message says what to do", func() {
		mark := env.Settled()
		env.Kubectl("delete", "smc", Name, "--wait=false")
		Expect(holding(v1.PhaseUninstalling)).To(Equal("3 pods in the mesh would be cut off until they are restarted, because ztunnel is about to be removed. " +
			"Take them out of the mesh: kubectl label namespace shop istio.io/dataplane-mode-; " +
			"kubectl label pod -n app -l istio.io/dataplane-mode=ambient istio.io/dataplane-mode- (and in their templates). " +
			"istio-cni " + env.Mesh().Status.Version + " may leave its iptables rules in pods that joined the mesh before it last restarted on their node, which cuts them off " +
			"(https://github.com/istio/istio/issues/61020): restart these pods at once, kubectl rollout restart deployment,statefulset,daemonset -n NAMESPACE. " +
			"To continue regardless: kubectl annotate servicemeshcontroller managed-istio operator.gloo.solo.io/cut-off-workloads=true"))
		Eventually(env.Events).Should(ContainElement(HavePrefix("WorkloadsEnrolled: 3 pods in the mesh")))
		Expect(changes(mark)).To(BeEmpty())
		Expect(env.Ztunnel().DeletionTimestamp).To(BeNil())
	})

	It("are listed more and more rarely while nothing happens, by pages of metadata", func() {
		mark := env.Cluster.Audit().Mark()
		Consistently(func() int { return len(podLists(mark)) }, 21*time.Second, time.Second).Should(BeNumerically("<=", 3))
		Expect(podLists(mark)).NotTo(BeEmpty())
		Expect(changes(mark)).To(BeEmpty())
	})

	It("say which of them nothing takes out of the mesh", func() {
		addDeadNode("dead")
		captured("shop", "stuck", "", "nodeName: dead")
		Eventually(message).WithTimeout(40 * time.Second).Should(And(HavePrefix("4 pods in the mesh"),
			ContainSubstring("On node dead istio-cni or ztunnel is not ready, so shop/stuck cannot leave the mesh: fix or remove the node, or delete the pods")))
		env.Kubectl("delete", "pod", "-n", "shop", "stuck", "--force", "--grace-period=0")
		Eventually(message).WithTimeout(40 * time.Second).Should(And(HavePrefix("3 pods in the mesh"), Not(ContainSubstring("dead"))))
	})

	It("are waited for once their labels are gone, and the removal continues by itself", func(ctx SpecContext) {
		env.Shell("kubectl label namespace shop istio.io/dataplane-mode-; kubectl label pod -n app -l istio.io/dataplane-mode=ambient istio.io/dataplane-mode-")
		Eventually(message).Should(ContainSubstring("Waiting for istio-cni to take out 3 pods: app/own, shop/cart, shop/web"))
		takenOut("shop")
		Eventually(message).Should(HavePrefix("1 pod in the mesh"), "progress is shown")
		Expect(env.Ztunnel().DeletionTimestamp).To(BeNil())
		takenOut("app")
		Eventually(func() string { return env.Mesh().Status.Message }).WithTimeout(10 * time.Second).ShouldNot(ContainSubstring("in the mesh"))
		env.Kubectl("delete", "node", "dead")
		Eventually(gone(ctx)).WithTimeout(2 * time.Minute).Should(BeTrue())
	})

	It("of which there are none cost a removal one list", func() {
		env.Install(Sample("minimal.yaml"))
		enroll("empty")
		mark := env.Settled()
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		Expect(podLists(mark)).To(HaveLen(1))
	})

	It("are cut off where the resource is annotated so, and an event says it", func(ctx SpecContext) {
		env.Install(Sample("minimal.yaml"))
		captured("empty", "late", "", "")
		env.Kubectl("delete", "smc", Name, "--wait=false")
		holding(v1.PhaseUninstalling)
		env.Kubectl("annotate", "smc", Name, v1.CutOffAnnotation+"=true")
		Eventually(gone(ctx)).WithTimeout(time.Minute).Should(BeTrue())
		Eventually(env.Events).Should(ContainElement(And(
			HavePrefix("WorkloadsCutOff: continuing although 1 pod in the mesh will be cut off until they are restarted, as the annotation operator.gloo.solo.io/cut-off-workloads allows: empty/late"),
			ContainSubstring("kubectl rollout restart"))))
	})
})

var _ = Describe("A change of spec with pods in the mesh", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, fewNodes)
		env.StartOperator()
		env.Install(Sample("minimal.yaml", Version("1.28.2")))
		enroll("shop")
		captured("shop", "web", "", "nodeName: node-1")
		captured("shop", "cart", "", "nodeName: node-2")
	})

	// cancelled undoes the change, and waits until nothing holds it up any more.
	cancelled := func(patch string) {
		GinkgoHelper()
		env.Patch(patch)
		env.EventuallyPhase(v1.PhaseSucceeded)
	}

	It("is an upgrade: it is not held up, and lists no pods", func() {
		mark := env.Cluster.Audit().Mark()
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(podLists(mark)).To(BeEmpty())
	})

	// Hardened: dataplaneMode changed from Ambient to Sidecar | every pod of the mesh was cut off
	It("from Ambient to Sidecar is held up before its first write", func(ctx SpecContext) {
		sidecar := func(smc *v1.ServiceMeshController) { smc.Spec.DataplaneMode = v1.Sidecar }
		Expect(diff(ctx, manifestOf(Version("1.29.1"), sidecar)).errOut).To(ContainSubstring(
			"the operator would change nothing yet: 2 pods in the mesh would be cut off until they are restarted, because ztunnel is about to be removed"))
		mark := env.Settled()
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		Expect(holding(v1.PhasePending)).To(And(ContainSubstring("kubectl label namespace shop istio.io/dataplane-mode-"), ContainSubstring("istio-cni 1.29.1 may leave its iptables rules")))
		Expect(changes(mark)).To(BeEmpty())
		cancelled(`{"spec":{"dataplaneMode":"Ambient"}}`)
		Expect(changes(mark)).To(BeEmpty())
	})

	It("is held up where ztunnel leaves nodes with such pods, and continues when they have moved", func() {
		env.Kubectl("label", "node", "node-1", "pool=mesh")
		mark := env.Settled()
		env.Patch(`{"spec":{"values":{"ztunnel":{"nodeSelector":{"pool":"mesh"}}}}}`)
		Expect(holding(v1.PhasePending)).To(ContainSubstring("1 pod in the mesh would be cut off until they are restarted, because ztunnel or istio-cni would leave node node-2: shop/cart"))
		Expect(changes(mark)).To(BeEmpty())
		env.Kubectl("delete", "pod", "-n", "shop", "cart", "--force", "--grace-period=0")
		captured("shop", "cart", "", "nodeName: node-1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Ztunnel().Spec.Template.Spec.NodeSelector).To(HaveKeyWithValue("pool", "mesh"))
		cancelled(`{"spec":{"values":null}}`)
	})

	It("is held up where istio-cni no longer tolerates the taints of a node with such pods", func() {
		env.Kubectl("taint", "node", "node-1", "team=a:NoSchedule")
		env.Patch(`{"spec":{"values":{"cni":{"tolerations":[{"key":"other","operator":"Exists"}]}}}}`)
		Expect(holding(v1.PhasePending)).To(ContainSubstring("2 pods in the mesh would be cut off until they are restarted, because ztunnel or istio-cni would leave node node-1"))
		env.Kubectl("taint", "node", "node-1", "team-")
		env.EventuallyPhase(v1.PhaseSucceeded)
		cancelled(`{"spec":{"values":null}}`)
	})

	// Hardened: cni.ambient.enablementSelectors that no longer match pods in the mesh | they were cut off
	It("is held up where istio-cni would no longer select such pods, and continues when it does", func() {
		mark := env.Settled()
		env.Patch(`{"spec":{"values":{"cni":{"ambient":{"enablementSelectors":[{"namespaceSelector":{"matchLabels":{"team":"a"}}}]}}}}}`)
		Expect(holding(v1.PhasePending)).To(ContainSubstring("because istio-cni would no longer select them (values cni.ambient): shop/cart, shop/web"))
		Expect(changes(mark)).To(BeEmpty())
		env.Kubectl("label", "namespace", "shop", "team=a")
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("label", "namespace", "shop", "team-")
		env.Patch(`{"spec":{"values":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("is held up where istio-cni excludes their namespace", func() {
		env.Patch(`{"spec":{"values":{"cni":{"excludeNamespaces":["kube-system","shop"]}}}}`)
		holding(v1.PhasePending)
		env.Patch(`{"spec":{"values":{"cni":{"excludeNamespaces":["kube-system"]}}}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("from Ambient to Sidecar continues when they are out of the mesh, and back", func() {
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		holding(v1.PhasePending)
		env.Kubectl("label", "namespace", "shop", dataplaneMode+"-")
		takenOut("shop")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Kubectl("get", "daemonset", "-n", Namespace, "-o", "name")).NotTo(ContainSubstring("ztunnel"))
		mark := env.Settled()
		env.Patch(`{"spec":{"dataplaneMode":"Ambient"}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(podLists(mark)).To(BeEmpty(), "nothing is taken away")
	})

	// Hardened: a change to Sidecar while values keep ambient on in istio-cni | ztunnel was removed, and pods were cut off
	It("from Ambient to Sidecar is held up where values keep ambient on in istio-cni", func() {
		env.Patch(`{"spec":{"values":{"cni":{"ambient":{"enabled":true}},"pilot":{"env":{"PILOT_ENABLE_AMBIENT":"true"}}}}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("label", "namespace", "shop", dataplaneMode+"=ambient")
		env.Kubectl("annotate", "pods", "--all", "-n", "shop", redirection+"=enabled")
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		Expect(holding(v1.PhasePending)).To(HavePrefix("2 pods in the mesh would be cut off"))
		env.Kubectl("label", "namespace", "shop", dataplaneMode+"-")
		takenOut("shop")
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Patch(`{"spec":{"dataplaneMode":"Ambient","values":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("is held up before it comes to istio-cni where pods have joined since it began", func() {
		release := env.Hold(cluster.Behavior{Selector: map[string]string{"app": "istiod"}, Image: "1.29.1", Mode: cluster.Slow, Delay: time.Hour})
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		Eventually(message).Should(ContainSubstring("istiod"))
		before := env.CNINode()
		env.Kubectl("label", "namespace", "shop", dataplaneMode+"=ambient")
		env.Kubectl("annotate", "pods", "--all", "-n", "shop", redirection+"=enabled")
		release()
		Expect(holding(v1.PhaseUpgrading)).To(HavePrefix("2 pods in the mesh would be cut off"))
		Expect(env.CNINode().Generation).To(Equal(before.Generation))
		env.Kubectl("label", "namespace", "shop", dataplaneMode+"-")
		takenOut("shop")
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
})

var _ = Describe("An operator that may not list pods", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, fewNodes)
		env.AuthorizeWith(ctx, map[string]any{"listPods": false})
		env.StartOperator()
		env.Install(Sample("minimal.yaml"))
		enroll("shop")
	})

	It("holds up the removal while a namespace is labeled", func() {
		mark := env.Settled()
		env.Kubectl("delete", "smc", Name, "--wait=false")
		Expect(holding(v1.PhaseUninstalling)).To(HavePrefix("the pods of 1 namespace labeled istio.io/dataplane-mode=ambient would be cut off"))
		Consistently(func() []cluster.Request { return podLists(mark) }, 8*time.Second, time.Second).Should(
			HaveExactElements(HaveField("Code", BeEquivalentTo(http.StatusForbidden))))
	})

	It("waits for a while once none is", func(ctx SpecContext) {
		env.Kubectl("label", "namespace", "shop", dataplaneMode+"-")
		began := time.Now()
		Eventually(message).Should(HavePrefix("no namespace is labeled istio.io/dataplane-mode=ambient: waiting 30s"))
		Eventually(gone(ctx)).WithTimeout(time.Minute).Should(BeTrue())
		Expect(time.Since(began)).To(BeNumerically(">", 29*time.Second))
	})
})

var _ = Describe("An operator that may label namespaces", Ordered, func() {
	label := func(namespace string) string {
		return env.Kubectl("get", "namespace", namespace, "-o", `jsonpath={.metadata.labels['istio\.io/dataplane-mode']} {.metadata.annotations['operator\.gloo\.solo\.io/taken-out-by']}`)
	}

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx, fewNodes)
		env.AuthorizeWith(ctx, map[string]any{"labelNamespaces": true})
		env.StartOperator(func(o *manager.Options) { o.LabelNamespaces = true })
		env.Install(Sample("minimal.yaml"))
		for _, namespace := range []string{"shop", "app"} {
			enroll(namespace)
			captured(namespace, "web", "", "")
		}
	})

	It("takes them out of the mesh before it removes ztunnel", func(ctx SpecContext) {
		env.Kubectl("delete", "smc", Name, "--wait=false")
		Eventually(func() string { return label("shop") + label("app") }).Should(Equal(" managed-istio managed-istio"))
		holding(v1.PhaseUninstalling)
		Eventually(message).Should(ContainSubstring("Waiting for istio-cni to take out 2 pods"))
		Eventually(env.Events).Should(ContainElement(HavePrefix("WorkloadsTakenOut: removed the label istio.io/dataplane-mode from namespaces app, shop")))
		takenOut("shop")
		takenOut("app")
		Eventually(gone(ctx)).WithTimeout(time.Minute).Should(BeTrue())
	})

	It("leaves them out of the next mesh of that name, and restores their labels when asked", func() {
		env.Install(Sample("minimal.yaml"))
		env.Settled()
		Expect(label("shop")).To(Equal(" managed-istio"))
		env.Kubectl("label", "namespace", "app", dataplaneMode+"=none")
		env.Kubectl("annotate", "smc", Name, v1.RestoreAnnotation+"=true")
		Eventually(func() string { return label("shop") + "," + label("app") }).Should(Equal("ambient ,none "), "somebody has chosen otherwise for one")
		Eventually(env.Events).Should(ContainElement(HavePrefix("WorkloadsRestored: restored the label istio.io/dataplane-mode=ambient on namespaces shop")))
		expectNoWork(env.Settled())
	})

	It("takes them out of the mesh before a change to Sidecar", func() {
		env.Kubectl("annotate", "pods", "--all", "-n", "shop", redirection+"=enabled")
		mark := env.Settled()
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		Eventually(func() string { return label("shop") }).Should(Equal(" managed-istio"))
		holding(v1.PhasePending)
		Expect(verbs(changes(mark))).To(HaveExactElements(HavePrefix("patch /api/v1/namespaces/shop")), "of the namespace, and nothing else")
		takenOut("shop")
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	// Hardened: the mesh deleted after istio-cni had restarted, with rbac.labelNamespaces | the operator took pods out of the mesh whose redirection istio-cni left as it was: they were cut off
	It("leaves that to the user where istio-cni may leave its rules in pods, unless it keeps to one iptables backend", func(ctx SpecContext) {
		env.Patch(`{"spec":{"dataplaneMode":"Ambient"}}`)
		Eventually(func() string { return label("shop") }).Should(Equal("ambient "))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("annotate", "pods", "--all", "-n", "shop", redirection+"=enabled")
		Expect(env.CNINode().Generation).To(BeNumerically(">", 1), "it has restarted")
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		Expect(holding(v1.PhasePending)).To(And(ContainSubstring("kubectl label namespace shop istio.io/dataplane-mode-"),
			ContainSubstring("restart these pods at once, kubectl rollout restart deployment,statefulset,daemonset -n shop")))
		Expect(label("shop")).To(Equal("ambient "))

		env.Patch(`{"spec":{"dataplaneMode":"Ambient","values":{"cni":{"env":{"FORCE_IPTABLES_BINARY":"nft"}}}}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("delete", "smc", Name, "--wait=false")
		Eventually(func() string { return label("shop") }).Should(Equal(" managed-istio"))
		Expect(message()).NotTo(ContainSubstring("iptables"))
		takenOut("shop")
		Eventually(gone(ctx)).WithTimeout(time.Minute).Should(BeTrue())
	})
})

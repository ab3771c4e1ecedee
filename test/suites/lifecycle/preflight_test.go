// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"encoding/json"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiversion "k8s.io/apimachinery/pkg/version"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
)

const (
	quota = `apiVersion: v1
kind: ResourceQuota
metadata: {name: nothing-critical, namespace: istio-system}
spec:
  hard: {pods: "0"}
  scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [system-node-critical]}]}
`
	guard = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: safe-upgrades.gateway.networking.k8s.io
  annotations: {gateway.networking.k8s.io/bundle-version: v1.6.0}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [example.com], apiVersions: ["*"], operations: [CREATE], resources: ["*"]}]}
  validations: [{expression: "true"}]
`
	otherBinding = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod-clusterrole-other-mesh, labels: {app: istiod}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: istiod-clusterrole-other-mesh}
subjects: [{kind: ServiceAccount, name: istiod, namespace: other-mesh}]
---
`
	ciliumPolicyCRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ciliumclusterwidenetworkpolicies.cilium.io}
spec:
  group: cilium.io
  scope: Cluster
  names: {kind: CiliumClusterwideNetworkPolicy, plural: ciliumclusterwidenetworkpolicies}
  versions: [{name: v2, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`
	denyIngress = `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: deny-ingress}
spec: {endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}
`
	allowProbes = `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: allow-ambient-hostprobes}
spec: {endpointSelector: {}, ingress: [{fromCIDR: [169.254.7.127/32]}]}
`
	isolation = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: isolation, namespace: istio-system}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}
`
	otherClass = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: istio-waypoint}
spec: {controllerName: example.com/gateway}
`
)

// labelledIstiod is a Deployment with the labels of an istiod.
func labelledIstiod(namespace string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: %s, labels: {app: istiod, istio: pilot, istio.io/rev: default}}
spec:
  replicas: 0
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod}}
    spec: {containers: [{name: discovery, image: pilot}]}
`, namespace)
}

// otherIstiod is an istiod with the rights of one.
func otherIstiod() string { return otherBinding + labelledIstiod("other-mesh") }

func setCilium(settings string) {
	GinkgoHelper()
	env.Kubectl("patch", "configmap", "-n", "kube-system", "cilium-config", "--type", "merge", "-p", `{"data":{`+settings+`}}`)
}

// cniDir is the directory on the host into which istio-cni puts its plugin.
func cniDir() string {
	GinkgoHelper()
	for _, volume := range env.CNINode().Spec.Template.Spec.Volumes {
		if volume.Name == "cni-bin-dir" {
			return volume.HostPath.Path
		}
	}
	return ""
}

func initialized() (text string) {
	GinkgoHelper()
	for _, condition := range env.Mesh().Status.Conditions {
		if condition.Type == v1.ConditionInitialized {
			return string(condition.Status) + " " + condition.Reason + " " + condition.Message
		}
	}
	return ""
}

var _ = Describe("Preflight", Ordered, func() {
	var began cluster.Mark

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		setCilium(`"cni-exclusive":"true","enable-ztunnel":"true"`)
		env.Kubectl("label", "namespace", Namespace, "pod-security.kubernetes.io/enforce=restricted")
		env.Kubectl("apply", "-f", write(quota), "-f", write(guard))
		began = env.Cluster.Audit().Mark()
		env.StartOperator()
		env.Create(Sample("minimal.yaml", Version("1.28.2")))
	})

	It("stops before the first write, and says everything that is wrong", func() {
		env.EventuallyPhase(v1.PhaseFailed)
		message := env.Mesh().Status.Message
		Expect(message).To(And(
			ContainSubstring("helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set cni.exclusive=false"),
			ContainSubstring("helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set encryption.enabled=false"),
			ContainSubstring("kubectl label namespace istio-system pod-security.kubernetes.io/enforce=privileged --overwrite"),
			ContainSubstring("kubectl delete validatingadmissionpolicybinding,validatingadmissionpolicy safe-upgrades.gateway.networking.k8s.io"),
			ContainSubstring(fmt.Sprintf("ResourceQuota istio-system/nothing-critical allows 0 pods, and the nodes need %d", 2*Nodes))))
		Expect(env.Condition(v1.ConditionInitialized).Reason).To(Equal(v1.ReasonCiliumExclusive))
		Eventually(env.Events).Should(ContainElement(HavePrefix(v1.ReasonCiliumExclusive + ": ")))
		env.Settled()
		Expect(env.MeshWrites(began)).To(BeEmpty())
	})

	It("shows what was detected", func() {
		version := apiversion.Info{}
		Expect(json.Unmarshal([]byte(env.Kubectl("get", "--raw", "/version")), &version)).To(Succeed())
		Expect(env.Mesh().Status.Environment).To(Equal(&v1.EnvironmentStatus{
			Kubernetes: version.GitVersion, Platform: "k3s", CNI: "Cilium",
		}))
	})

	It("goes on as soon as the last is fixed, without a restart", func() {
		setCilium(`"cni-exclusive":"false"`)
		Eventually(func() string { return env.Mesh().Status.Message }).Should(HavePrefix("enable-ztunnel is"))
		setCilium(`"enable-ztunnel":"false"`)
		Eventually(func() string { return env.Mesh().Status.Message }).Should(HavePrefix("namespace istio-system enforces"))
		env.Kubectl("label", "namespace", Namespace, "pod-security.kubernetes.io/enforce=privileged", "--overwrite")
		Eventually(func() string { return env.Mesh().Status.Message }).Should(HavePrefix("ResourceQuota"))
		Expect(env.MeshWrites(began)).To(BeEmpty())
		env.Kubectl("delete", "resourcequota", "-n", Namespace, "nothing-critical")
		Eventually(func() string { return env.Mesh().Status.Message }).Should(HavePrefix("the ValidatingAdmissionPolicy safe-upgrades"))
		Expect(env.MeshWrites(began)).To(BeEmpty())
		env.Kubectl("delete", "validatingadmissionpolicy", "safe-upgrades.gateway.networking.k8s.io")
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("has used the directories of K3s with Cilium", func() { Expect(cniDir()).To(Equal("/opt/cni/bin")) })

	It("warns of what stops nothing, in a condition and an event, and changes nothing", func() {
		mark := env.Settled()
		setCilium(`"enable-bpf-masquerade":"true"`)
		Eventually(initialized).Should(And(HavePrefix("True "), ContainSubstring("enable-bpf-masquerade is")))
		Eventually(env.Events).Should(ContainElement(HavePrefix(v1.ReasonCiliumMasquerade + ": ")))
		env.Kubectl("apply", "-f", write(otherClass))
		Eventually(initialized).Should(ContainSubstring("GatewayClass istio-waypoint belongs to the controller example.com/gateway"))
		env.Settled()
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
	})

	It("warns of NetworkPolicies that cut istiod off, until they are gone", func() {
		mark := env.Settled()
		env.Kubectl("apply", "-f", write(isolation))
		Eventually(initialized).Should(ContainSubstring("select istiod (isolation) refuse ingress from other namespaces on port 15012 and 15017"))
		env.Kubectl("delete", "networkpolicy", "-n", Namespace, "isolation")
		Eventually(initialized).ShouldNot(ContainSubstring("isolation"))
		Expect(env.MeshWrites(mark)).To(BeEmpty())
	})

	It("warns of Cilium's policies that deny the probes of ambient pods, until one allows them", func() {
		mark := env.Settled()
		env.Kubectl("apply", "-f", write(ciliumPolicyCRD))
		env.Kubectl("wait", "--for=condition=Established", "crd/ciliumclusterwidenetworkpolicies.cilium.io", "--timeout=30s")
		env.Kubectl("apply", "-f", write(denyIngress))
		Eventually(initialized).Should(ContainSubstring("CiliumClusterwideNetworkPolicy deny-ingress denies ingress by default"))
		env.Kubectl("apply", "-f", write(allowProbes))
		Eventually(initialized).ShouldNot(ContainSubstring("deny-ingress"))
		env.Kubectl("delete", "ciliumclusterwidenetworkpolicy", "allow-ambient-hostprobes")
		Eventually(initialized).Should(ContainSubstring("deny-ingress"))
		env.Kubectl("delete", "crd", "ciliumclusterwidenetworkpolicies.cilium.io")
		Eventually(initialized).ShouldNot(ContainSubstring("deny-ingress"))
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
	})

	It("warns of a pull secret that is missing, until it is there", func() {
		env.Patch(`{"spec":{"image":{"registry":"docker.io","repository":"istio","secrets":[{"name":"regcred"}]}}}`)
		Eventually(initialized).Should(ContainSubstring("namespace istio-system has no secret regcred"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("create", "secret", "generic", "-n", Namespace, "regcred")
		Eventually(initialized).ShouldNot(ContainSubstring("regcred"))
		env.Patch(`{"spec":{"image":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("leaves a mesh that runs as it is, whatever is found", func() {
		mark := env.Settled()
		setCilium(`"cni-exclusive":"true"`)
		Eventually(initialized).Should(And(HavePrefix("True "), ContainSubstring("cni-exclusive is not")))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		setCilium(`"cni-exclusive":"false"`)
		Eventually(initialized).ShouldNot(ContainSubstring("cni-exclusive"))
	})

	It("stops an upgrade, which goes on when that is fixed", func() {
		mark := env.Settled()
		env.Kubectl("create", "namespace", "other-mesh")
		env.Kubectl("apply", "-f", write(otherIstiod()))
		Eventually(initialized).Should(ContainSubstring("Deployment other-mesh/istiod is an istiod of the default revision"))
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionInitialized).Reason).To(Equal(v1.ReasonAnotherIstiod))
		Expect(env.Mesh().Status.Version).To(Equal("1.28.2"))
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		env.Kubectl("delete", "namespace", "other-mesh")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.29.1"))
	})

	It("follows another CNI plugin with the directories", func() {
		env.Kubectl("delete", "configmap/cilium-config", "daemonset/cilium", "-n", "kube-system")
		Eventually(cniDir).Should(Equal("/var/lib/rancher/k3s/data/cni"))
		Eventually(func() string { return env.Mesh().Status.Environment.CNI }).Should(Equal("Flannel of K3s"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("asks for the API server's version again when a kubelet has another, and for nothing else", func() {
		mark := env.Settled()
		env.Kubectl("patch", "node", "node-1", "--subresource=status", "--type", "merge", "-p", `{"status":{"nodeInfo":{"kubeletVersion":"v1.37.3+k3s1"}}}`)
		Eventually(func() []string { return verbs(env.Requests(mark)) }).Should(Equal([]string{"get /version"}))
		env.ExpectQuiet(env.Settled(), Quiet)
	})
})

func verbs(requests []cluster.Request) []string {
	list := make([]string, len(requests))
	for i, r := range requests {
		list[i] = r.Verb + " " + r.URI
	}
	return list
}

var _ = Describe("Preflight without the right to look", Ordered, func() {
	BeforeAll(func(ctx SpecContext) { env = New(ctx) })

	It("says what it may not read, writes nothing, and goes on when it may", func() {
		injector := faults.New()
		injector.Arm(faults.Rule{When: faults.Resource("nodes"), Fault: faults.Forbidden()})
		running := LaunchOperator(injector.Config(env.OperatorConfig()))
		DeferCleanup(running.Stop)
		began := env.Cluster.Audit().Mark()
		env.Create(Sample("minimal.yaml"))
		Eventually(func() string { return env.Mesh().Status.Message }).Should(HavePrefix("cannot read nodes: "))
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhasePending))
		Expect(env.MeshWrites(began)).To(BeEmpty())
		injector.Arm()
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
})

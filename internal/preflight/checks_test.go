// SPDX-License-Identifier: Apache-2.0

package preflight_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

// sound is a cluster with which nothing is wrong.
func sound() preflight.Facts {
	return preflight.Facts{KubernetesVersion: "v1.34.1+k3s1", Nodes: []preflight.Node{kubelet("v1.34.1+k3s1"), kubelet("v1.34.1+k3s1")}}
}

// ambient is a mesh for it.
func ambient() preflight.Mesh {
	return preflight.Mesh{
		Version: "1.29.1", KubernetesMin: 30, KubernetesMax: 35, GatewayAPI: "v1.4.0", GatewayAPIInstalled: true,
		Namespace: "istio-system", CNI: true, Ztunnel: true,
	}
}

type change func(*preflight.Facts, *preflight.Mesh)

func cilium(settings ...string) change {
	return func(f *preflight.Facts, _ *preflight.Mesh) {
		f.Cilium = map[string]string{"cni-exclusive": "false"}
		for i := 0; i < len(settings); i += 2 {
			f.Cilium[settings[i]] = settings[i+1]
		}
	}
}

func kubernetes(version string) change {
	return func(f *preflight.Facts, _ *preflight.Mesh) { f.KubernetesVersion = version }
}

func podSecurity(level string) change {
	return func(f *preflight.Facts, _ *preflight.Mesh) { f.PodSecurity = level }
}

func gatewayAPI(crds ...preflight.GatewayCRD) change {
	return func(f *preflight.Facts, m *preflight.Mesh) {
		f.GatewayAPI = crds
		for _, crd := range crds {
			m.GatewayAPIInstalled = m.GatewayAPIInstalled && crd.Owned
		}
	}
}

func guard(version string) change {
	return func(f *preflight.Facts, _ *preflight.Mesh) { f.GatewayGuard = version }
}

func istiods(list ...preflight.Istiod) change {
	return func(f *preflight.Facts, _ *preflight.Mesh) { f.Istiods = list }
}

func folders(bin, conf string) change {
	return func(_ *preflight.Facts, m *preflight.Mesh) { m.CNIBinDir, m.CNIConfDir = bin, conf }
}

func quota(name corev1.ResourceName, most string, scope ...corev1.ScopedResourceSelectorRequirement) change {
	spec := corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{name: resource.MustParse(most)}}
	if len(scope) > 0 {
		spec.ScopeSelector = &corev1.ScopeSelector{MatchExpressions: scope}
	}
	return func(f *preflight.Facts, _ *preflight.Mesh) {
		f.Quotas = append(f.Quotas, corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "q"}, Spec: spec})
	}
}

func scoped(scopes ...corev1.ResourceQuotaScope) change {
	return func(f *preflight.Facts, m *preflight.Mesh) {
		quota("pods", "0")(f, m)
		f.Quotas[0].Spec.Scopes = scopes
	}
}

func priority(operator corev1.ScopeSelectorOperator, classes ...string) corev1.ScopedResourceSelectorRequirement {
	return corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: operator, Values: classes}
}

func pullSecrets(there []string, named ...string) change {
	return func(f *preflight.Facts, m *preflight.Mesh) { f.PullSecrets, m.PullSecrets = there, named }
}

func class(name, controller string) change {
	return func(f *preflight.Facts, _ *preflight.Mesh) { f.GatewayClasses = map[string]string{name: controller} }
}

func platform(given string) change {
	return func(_ *preflight.Facts, m *preflight.Mesh) { m.Platform = given }
}

func without(part string) change {
	return func(_ *preflight.Facts, m *preflight.Mesh) {
		m.Ztunnel = false
		m.CNI = m.CNI && part != "istio-cni"
	}
}

func windows(f *preflight.Facts, _ *preflight.Mesh) { f.Nodes[1].OS = "windows" }

func run(changes []change) []preflight.Finding {
	facts, mesh := sound(), ambient()
	for _, apply := range changes {
		apply(&facts, &mesh)
	}
	return preflight.Run(facts, mesh)
}

var _ = DescribeTable("Finds", func(reason string, blocking bool, message string, changes ...change) {
	findings := run(changes)
	Expect(findings).To(HaveLen(1))
	Expect(findings[0].Reason).To(Equal(reason))
	Expect(findings[0].Blocking).To(Equal(blocking))
	Expect(findings[0].Message).To(HavePrefix(message + ": "))
	Expect(findings[0].Message).NotTo(ContainSubstring("<"), "placeholders are filled in")
},
	Entry("an old Kubernetes", v1.ReasonKubernetesTooOld, true, "Kubernetes is v1.29.9 and Istio 1.29.1 needs 1.30 or newer", kubernetes("v1.29.9")),
	Entry("an untested Kubernetes", v1.ReasonKubernetesUntested, false, "Kubernetes is v1.36.0+k3s1 and Istio 1.29.1 was tested up to 1.35", kubernetes("v1.36.0+k3s1")),
	Entry("Windows nodes", v1.ReasonNodesNotLinux, false, "1 of 2 nodes do not run Linux", change(windows)),

	Entry("an exclusive Cilium", v1.ReasonCiliumExclusive, true, `cni-exclusive is not "false" in ConfigMap kube-system/cilium-config`, cilium("cni-exclusive", "true")),
	Entry("a Cilium that says nothing of it", v1.ReasonCiliumExclusive, true, `cni-exclusive is not "false" in ConfigMap kube-system/cilium-config`, cilium("cni-exclusive", "")),
	Entry("an exclusive Cilium below sidecars", v1.ReasonCiliumExclusive, true, `cni-exclusive is not "false" in ConfigMap kube-system/cilium-config`,
		cilium("cni-exclusive", "true"), without("ztunnel")),
	Entry("kube-proxy replacement in pods", v1.ReasonCiliumSocketLB, false,
		`kube-proxy-replacement is on and bpf-lb-sock-hostns-only is not "true" in ConfigMap kube-system/cilium-config`, cilium("kube-proxy-replacement", "true")),
	Entry("kube-proxy replacement in pods, as earlier versions call it", v1.ReasonCiliumSocketLB, false,
		`kube-proxy-replacement is on and bpf-lb-sock-hostns-only is not "true" in ConfigMap kube-system/cilium-config`,
		cilium("kube-proxy-replacement", "strict", "bpf-lb-sock-hostns-only", "false")),
	Entry("masquerading by BPF", v1.ReasonCiliumMasquerade, false, `enable-bpf-masquerade is "true" in ConfigMap kube-system/cilium-config`, cilium("enable-bpf-masquerade", "true")),

	Entry("K3s's folders missed", v1.ReasonCNIFolders, false,
		"values set the CNI folders /opt/cni/bin and /etc/cni/net.d, and on k3s with Flannel of K3s they are /var/lib/rancher/k3s/data/cni and /var/lib/rancher/k3s/agent/etc/cni/net.d",
		folders("/opt/cni/bin", "/etc/cni/net.d")),
	Entry("Cilium's folders missed", v1.ReasonCNIFolders, false,
		"values set the CNI folders /opt/cni/bin and /var/lib/rancher/k3s/agent/etc/cni/net.d, and on k3s with Cilium they are /opt/cni/bin and /etc/cni/net.d",
		cilium(), folders("", "/var/lib/rancher/k3s/agent/etc/cni/net.d")),
	Entry("another platform given", v1.ReasonPlatformDiffers, false, "values set global.platform to gke, and the nodes are those of k3s", platform("gke")),

	Entry("a baseline namespace", v1.ReasonNamespaceRestricted, true, "namespace istio-system enforces the Pod Security level baseline", podSecurity("baseline")),
	Entry("a restricted namespace", v1.ReasonNamespaceRestricted, true, "namespace istio-system enforces the Pod Security level restricted", podSecurity("restricted")),
	Entry("a quota for all pods", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 3 pods, and the nodes need 4", quota("pods", "3")),
	Entry("a quota for objects", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 0 pods, and the nodes need 4", quota("count/pods", "0")),
	Entry("a quota for the priority class", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 1 pods, and the nodes need 4",
		quota("pods", "1", priority(corev1.ScopeSelectorOpIn, "a", "system-node-critical"))),
	Entry("a quota for all but another class", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 1 pods, and the nodes need 4",
		quota("pods", "1", priority(corev1.ScopeSelectorOpNotIn, "a"))),
	Entry("a quota for any class", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 1 pods, and the nodes need 4",
		quota("pods", "1", priority(corev1.ScopeSelectorOpExists))),
	Entry("a quota for long-running pods", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 0 pods, and the nodes need 4",
		scoped(corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeNotBestEffort)),
	Entry("a missing pull secret", v1.ReasonPullSecretMissing, false, "namespace istio-system has no secret b, c, which spec.image.secrets names", pullSecrets([]string{"a"}, "a", "b", "c")),

	Entry("an older Gateway API", v1.ReasonGatewayAPIOlder, false, "the cluster's own Gateway API CRDs are older: v1.2.0 standard",
		gatewayAPI(preflight.GatewayCRD{Version: "v1.2.0", Channel: "standard"})),
	Entry("a newer Gateway API", v1.ReasonGatewayAPINewer, false, "the cluster's own Gateway API CRDs are newer: v1.10.0 standard",
		gatewayAPI(preflight.GatewayCRD{Version: "v1.10.0", Channel: "standard"})),
	Entry("a newer Gateway API of ours", v1.ReasonGatewayAPINewer, false, "the Gateway API CRDs are v1.6.0, newer than v1.4.0",
		gatewayAPI(preflight.GatewayCRD{Version: "v1.6.0", Channel: "standard", Owned: true})),
	Entry("an experimental Gateway API", v1.ReasonGatewayAPIExperimental, false, "the cluster's own Gateway API CRDs are experimental: v1.4.0 experimental",
		gatewayAPI(preflight.GatewayCRD{Version: "v1.4.0", Channel: "experimental"})),
	Entry("a guarded Gateway API", v1.ReasonGatewayAPIGuarded, true,
		"the ValidatingAdmissionPolicy safe-upgrades.gateway.networking.k8s.io, of v1.5.1, refuses the Gateway API v1.4.0", guard("v1.5.1")),
	Entry("a GatewayClass of somebody else", v1.ReasonGatewayClassTaken, false, "GatewayClass istio-waypoint belongs to the controller example.com/gateway",
		class("istio-waypoint", "example.com/gateway")),

	Entry("another istiod", v1.ReasonAnotherIstiod, true, "Deployment mesh/istiod is an istiod of the default revision",
		istiods(preflight.Istiod{Namespace: "mesh", Name: "istiod", Revision: "default"})),
)

var _ = DescribeTable("Finds nothing wrong with", func(changes ...change) {
	Expect(run(changes)).To(BeEmpty())
},
	Entry("a sound cluster"),
	Entry("the oldest Kubernetes", kubernetes("v1.30.0")),
	Entry("the newest Kubernetes", kubernetes("v1.35.7-gke.100")),
	Entry("a Kubernetes that does not tell", kubernetes("")),
	Entry("Cilium as it should be", cilium("kube-proxy-replacement", "true", "bpf-lb-sock-hostns-only", "true", "enable-bpf-masquerade", "false")),
	Entry("Cilium beside kube-proxy", cilium("kube-proxy-replacement", "false")),
	Entry("an exclusive Cilium where istio-cni is not installed", cilium("cni-exclusive", "true"), without("istio-cni")),
	Entry("BPF masquerading below sidecars", cilium("enable-bpf-masquerade", "true"), without("ztunnel")),
	Entry("the standard folders on K3s with Cilium", cilium(), folders("/opt/cni/bin", "/etc/cni/net.d")),
	Entry("K3s's own folders", folders("/var/lib/rancher/k3s/data/cni", "/var/lib/rancher/k3s/agent/etc/cni/net.d")),
	Entry("other folders where istio-cni is not installed", folders("/a", "/b"), without("istio-cni")),
	Entry("the platform given that it is", platform("k3s")),
	Entry("a privileged namespace", podSecurity("privileged")),
	Entry("a restricted namespace without istio-cni and ztunnel", podSecurity("restricted"), without("istio-cni")),
	Entry("a quota that is big enough", quota("pods", "4")),
	Entry("a quota that is big enough for istio-cni alone", quota("pods", "2"), without("ztunnel")),
	Entry("a quota that is big enough for one node", quota("pods", "2"), change(oneNode)),
	Entry("a quota for other things", quota("services", "0")),
	Entry("a quota for another class", quota("pods", "0", priority(corev1.ScopeSelectorOpIn, "a"))),
	Entry("a quota for all but this class", quota("pods", "0", priority(corev1.ScopeSelectorOpNotIn, "system-node-critical"))),
	Entry("a quota for pods without a class", quota("pods", "0", priority(corev1.ScopeSelectorOpDoesNotExist))),
	Entry("a quota for jobs", scoped(corev1.ResourceQuotaScopeTerminating)),
	Entry("a quota for pods that request nothing", scoped(corev1.ResourceQuotaScopeBestEffort)),
	Entry("a quota for pods that request nothing, by selector",
		quota("pods", "0", corev1.ScopedResourceSelectorRequirement{ScopeName: corev1.ResourceQuotaScopeBestEffort, Operator: corev1.ScopeSelectorOpExists})),
	Entry("pull secrets that exist", pullSecrets([]string{"a", "b"}, "a", "b")),
	Entry("the same Gateway API", gatewayAPI(preflight.GatewayCRD{Version: "v1.4.0", Channel: "standard"})),
	Entry("an older Gateway API of ours, which is upgraded", gatewayAPI(preflight.GatewayCRD{Version: "v1.3.0", Channel: "standard", Owned: true})),
	Entry("a Gateway API that does not tell its version", gatewayAPI(preflight.GatewayCRD{})),
	Entry("a guard of the same Gateway API", guard("v1.4.9")),
	Entry("a guarded Gateway API that is not to be installed", guard("v1.6.0"), gatewayAPI(preflight.GatewayCRD{Version: "v1.4.0", Channel: "standard"})),
	Entry("Istio's GatewayClasses", class("istio", "istio.io/gateway-controller")),
	Entry("GatewayClasses of other names", class("nginx", "example.com/gateway")),
	Entry("an istiod in the install namespace, which taking over is about", istiods(preflight.Istiod{Namespace: "istio-system", Name: "istiod", Revision: "default"})),
	Entry("an istiod of another revision", istiods(preflight.Istiod{Namespace: "mesh", Name: "istiod-canary", Revision: "canary"})),
)

// oneNode takes a node away.
func oneNode(f *preflight.Facts, _ *preflight.Mesh) { f.Nodes = f.Nodes[:1] }

var _ = It("Every check says all that users and the docs need, under a reason of its own", func() {
	reasons := map[string]bool{}
	for _, check := range preflight.Checks() {
		Expect(reasons).NotTo(HaveKey(check.Reason))
		reasons[check.Reason] = true
		for _, text := range []string{check.Title, check.Why, check.Mend, check.Source} {
			Expect(text).NotTo(BeEmpty(), check.Reason)
			Expect(text).NotTo(HaveSuffix("."), check.Reason)
		}
	}
})

var _ = It("Tells everything that is wrong", func() {
	findings := run([]change{kubernetes("v1.29.0"), podSecurity("baseline"), cilium("cni-exclusive", "true", "enable-bpf-masquerade", "true")})
	Expect(findings).To(HaveLen(4))
	Expect(preflight.Blocking(findings)).To(HaveLen(3))
})

var _ = It("Says what is wrong, why it matters and how to mend it", func() {
	Expect(run([]change{podSecurity("baseline")})[0].Message).To(And(
		ContainSubstring("istio-cni and ztunnel mount host folders"),
		HaveSuffix("; run: kubectl label namespace istio-system pod-security.kubernetes.io/enforce=privileged --overwrite")))
})

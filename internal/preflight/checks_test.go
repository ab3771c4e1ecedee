// SPDX-License-Identifier: Apache-2.0

package preflight_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
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

// ciliumPolicies are Cilium's cluster-wide policies, beside its settings.
func ciliumPolicies(policies ...preflight.CiliumPolicy) change {
	return func(f *preflight.Facts, m *preflight.Mesh) {
		cilium()(f, m)
		f.CiliumPolicies = policies
	}
}

// isolated is a NetworkPolicy of the install namespace that denies all ingress to istiod.
func isolated(f *preflight.Facts, m *preflight.Mesh) {
	f.NetworkPolicies = []networkingv1.NetworkPolicy{{ObjectMeta: metav1.ObjectMeta{Name: "deny"}}}
	m.IstiodLabels = map[string]string{"app": "istiod"}
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

// named is a CRD that another client has installed.
func named(plural, version string) preflight.GatewayCRD {
	return preflight.GatewayCRD{Name: plural + ".gateway.networking.k8s.io", Version: version, Channel: "standard"}
}

func mode(given v1.GatewayAPIMode) change {
	return func(_ *preflight.Facts, m *preflight.Mesh) { m.GatewayAPIMode = given }
}

// replaced marks the cluster's own CRDs as those that the plan takes over.
func replaced(_ *preflight.Facts, m *preflight.Mesh) {
	m.GatewayAPIInstalled, m.GatewayAPIMode = true, v1.GatewayAPIManage
}

func guard(version string) change {
	return func(f *preflight.Facts, _ *preflight.Mesh) { f.SafeUpgradeVersion = version }
}

func istiods(list ...preflight.Istiod) change {
	return func(f *preflight.Facts, _ *preflight.Mesh) { f.Istiods = list }
}

func directories(bin, conf string) change {
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

// limited adds a limit to the quota before it.
func limited(name corev1.ResourceName, most string) change {
	return func(f *preflight.Facts, _ *preflight.Mesh) { f.Quotas[0].Spec.Hard[name] = resource.MustParse(most) }
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

func unsupported(f string) change {
	return func(_ *preflight.Facts, m *preflight.Mesh) { m.Unsupported = f }
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
	Entry("an Istio that is not supported any more", v1.ReasonReleaseUnsupported, false, "Istio 1.29 is not supported since 2026-10-15",
		unsupported("Istio 1.29 is not supported since 2026-10-15")),
	Entry("the first Kubernetes", v1.ReasonKubernetesTooOld, true, "Kubernetes is v1.0.0 and Istio 1.29.1 needs 1.30 or newer", kubernetes("v1.0.0")),
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

	Entry("a ztunnel of Cilium's", v1.ReasonCiliumZtunnel, true, `enable-ztunnel is "true" in ConfigMap kube-system/cilium-config`, cilium("enable-ztunnel", "true")),
	Entry("a Cilium that always enforces policies", v1.ReasonCiliumDefaultDeny, false, `enable-policy is "always" in ConfigMap kube-system/cilium-config`,
		cilium("enable-policy", "always")),
	Entry("a policy that denies probes", v1.ReasonCiliumDefaultDeny, false, "CiliumClusterwideNetworkPolicy deny denies ingress by default",
		ciliumPolicies(preflight.CiliumPolicy{Name: "other"}, preflight.CiliumPolicy{Name: "deny", DeniesIngress: true})),

	Entry("K3s's directories missed", v1.ReasonCNIFolders, false,
		"values set the CNI directories /opt/cni/bin and /etc/cni/net.d, and on k3s with Flannel of K3s they are /var/lib/rancher/k3s/data/cni and /var/lib/rancher/k3s/agent/etc/cni/net.d",
		directories("/opt/cni/bin", "/etc/cni/net.d")),
	Entry("Cilium's directories missed", v1.ReasonCNIFolders, false,
		"values set the CNI directories /opt/cni/bin and /var/lib/rancher/k3s/agent/etc/cni/net.d, and on k3s with Cilium they are /opt/cni/bin and /etc/cni/net.d",
		cilium(), directories("", "/var/lib/rancher/k3s/agent/etc/cni/net.d")),
	Entry("another platform given", v1.ReasonPlatformDiffers, false, "values set global.platform to gke, but the nodes belong to k3s", platform("gke")),

	Entry("a baseline namespace", v1.ReasonNamespaceRestricted, true, "namespace istio-system enforces the Pod Security level baseline", podSecurity("baseline")),
	Entry("a restricted namespace", v1.ReasonNamespaceRestricted, true, "namespace istio-system enforces the Pod Security level restricted", podSecurity("restricted")),
	Entry("a restricted namespace with istio-cni alone", v1.ReasonNamespaceRestricted, true, "namespace istio-system enforces the Pod Security level restricted",
		podSecurity("restricted"), without("ztunnel")),
	Entry("a quota where a node does not say what it runs", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 3 pods, and the nodes need 4",
		quota("pods", "3"), change(func(f *preflight.Facts, _ *preflight.Mesh) { f.Nodes[0].OS = "" })),
	Entry("a quota for all pods", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 3 pods, and the nodes need 4", quota("pods", "3")),
	Entry("a quota for objects", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 0 pods, and the nodes need 4", quota("count/pods", "0")),
	Entry("a quota with two limits", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 2 pods, and the nodes need 4",
		quota("pods", "9"), limited("count/pods", "2")),
	Entry("a quota with the lower limit first", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 2 pods, and the nodes need 4",
		quota("pods", "2"), limited("count/pods", "9")),
	Entry("a quota for the priority class", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 1 pods, and the nodes need 4",
		quota("pods", "1", priority(corev1.ScopeSelectorOpIn, "a", "system-node-critical"))),
	Entry("a quota for all but another class", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 1 pods, and the nodes need 4",
		quota("pods", "1", priority(corev1.ScopeSelectorOpNotIn, "a"))),
	Entry("a quota for any class", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 1 pods, and the nodes need 4",
		quota("pods", "1", priority(corev1.ScopeSelectorOpExists))),
	Entry("a quota for long-running pods", v1.ReasonQuotaTooSmall, true, "ResourceQuota istio-system/q allows 0 pods, and the nodes need 4",
		scoped(corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeNotBestEffort)),
	Entry("an isolated istiod", v1.ReasonIstiodUnreachable, false,
		"NetworkPolicies of namespace istio-system that select istiod (deny) refuse ingress from other namespaces on port 15012 and 15017", change(isolated)),
	Entry("a missing pull secret", v1.ReasonPullSecretMissing, false, "namespace istio-system has no secret b, c, which spec.image.secrets names", pullSecrets([]string{"a"}, "a", "b", "c")),

	Entry("an older Gateway API", v1.ReasonGatewayAPIOlder, false, "the cluster's own Gateway API CRDs are older: v1.2.0 standard",
		gatewayAPI(preflight.GatewayCRD{Version: "v1.2.0", Channel: "standard"})),
	Entry("a newer Gateway API", v1.ReasonGatewayAPINewer, false, "the cluster's own Gateway API CRDs are newer: v1.10.0 standard",
		gatewayAPI(preflight.GatewayCRD{Version: "v1.10.0", Channel: "standard"})),
	Entry("a newer Gateway API of ours", v1.ReasonGatewayAPINewer, false, "the Gateway API CRDs are v1.6.0, newer than v1.4.0",
		gatewayAPI(preflight.GatewayCRD{Version: "v1.6.0", Channel: "standard", Owned: true})),
	Entry("an experimental Gateway API", v1.ReasonGatewayAPIExperimental, false, "the cluster's own Gateway API CRDs are experimental: v1.4.0 experimental",
		gatewayAPI(preflight.GatewayCRD{Version: "v1.4.0", Channel: "experimental"})),
	Entry("no Gateway API that is to be ignored", v1.ReasonGatewayAPIMissing, false,
		"the cluster has no CRD gatewayclasses.gateway.networking.k8s.io, gateways.gateway.networking.k8s.io, httproutes.gateway.networking.k8s.io", mode(v1.GatewayAPIIgnore)),
	Entry("half a Gateway API that is to be ignored", v1.ReasonGatewayAPIMissing, false, "the cluster has no CRD httproutes.gateway.networking.k8s.io",
		gatewayAPI(named("gateways", "v1.4.0"), named("gatewayclasses", "v1.4.0")), mode(v1.GatewayAPIIgnore)),
	Entry("an older Gateway API that is to be ignored", v1.ReasonGatewayAPIOlder, false, "the cluster's own Gateway API CRDs are older: v1.2.0 standard",
		gatewayAPI(named("gateways", "v1.2.0"), named("gatewayclasses", "v1.2.0"), named("httproutes", "v1.2.0")), mode(v1.GatewayAPIIgnore)),
	Entry("a Gateway API without a version that is to be managed", v1.ReasonGatewayAPIUnversioned, false,
		"the CRD gateways.gateway.networking.k8s.io has no valid version in the annotation gateway.networking.k8s.io/bundle-version",
		gatewayAPI(named("gateways", "")), mode(v1.GatewayAPIManage)),
	Entry("an experimental Gateway API that is to be managed", v1.ReasonGatewayAPIExperimental, false, "the cluster's own Gateway API CRDs are experimental: v1.4.0 experimental",
		gatewayAPI(preflight.GatewayCRD{Version: "v1.4.0", Channel: "experimental"}), mode(v1.GatewayAPIManage)),
	Entry("a guarded Gateway API", v1.ReasonGatewayAPIGuarded, true,
		"the ValidatingAdmissionPolicy safe-upgrades.gateway.networking.k8s.io, of v1.5.1, refuses the Gateway API v1.4.0", guard("v1.5.1")),
	Entry("a GatewayClass of another owner", v1.ReasonGatewayClassTaken, false, "GatewayClass istio-waypoint belongs to the controller example.com/gateway",
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
	Entry("a Kubernetes without a version", kubernetes("")),
	Entry("any Kubernetes where nothing is known of the Istio", change(func(_ *preflight.Facts, m *preflight.Mesh) { m.KubernetesMin, m.KubernetesMax = 0, 0 })),
	Entry("Cilium as it should be", cilium("kube-proxy-replacement", "true", "bpf-lb-sock-hostns-only", "true", "enable-bpf-masquerade", "false")),
	Entry("Cilium beside kube-proxy", cilium("kube-proxy-replacement", "false")),
	Entry("an exclusive Cilium where istio-cni is not installed", cilium("cni-exclusive", "true"), without("istio-cni")),
	Entry("BPF masquerading below sidecars", cilium("enable-bpf-masquerade", "true"), without("ztunnel")),
	Entry("a ztunnel of Cilium's below sidecars", cilium("enable-ztunnel", "true"), without("ztunnel")),
	Entry("a ztunnel of Cilium's that is off", cilium("enable-ztunnel", "false")),
	Entry("a Cilium that enforces policies as by default", cilium("enable-policy", "default")),
	Entry("a Cilium that always enforces policies, with an exception for probes",
		ciliumPolicies(preflight.CiliumPolicy{Name: "allow", AllowsProbes: true}), change(func(f *preflight.Facts, _ *preflight.Mesh) { f.Cilium["enable-policy"] = "always" })),
	Entry("a policy that denies ingress, with an exception for probes",
		ciliumPolicies(preflight.CiliumPolicy{Name: "deny", DeniesIngress: true}, preflight.CiliumPolicy{Name: "allow", AllowsProbes: true})),
	Entry("a policy that denies probes, below sidecars", ciliumPolicies(preflight.CiliumPolicy{Name: "deny", DeniesIngress: true}), without("ztunnel")),
	Entry("the standard directories on K3s with Cilium", cilium(), directories("/opt/cni/bin", "/etc/cni/net.d")),
	Entry("K3s's own directories", directories("/var/lib/rancher/k3s/data/cni", "/var/lib/rancher/k3s/agent/etc/cni/net.d")),
	Entry("other directories where istio-cni is not installed", directories("/a", "/b"), without("istio-cni")),
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
	Entry("a Gateway API without a version", gatewayAPI(preflight.GatewayCRD{})),
	Entry("an older Gateway API that is taken over", gatewayAPI(named("gateways", "v1.2.0")), change(replaced)),
	Entry("the same Gateway API that is to be ignored", mode(v1.GatewayAPIIgnore),
		gatewayAPI(named("gateways", "v1.4.0"), named("gatewayclasses", "v1.4.0"), named("httproutes", "v1.4.0"))),
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
		for _, text := range []string{check.Title, check.Why, check.Fix, check.Source} {
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

var _ = It("Says what is wrong, why it matters and how to fix it", func() {
	Expect(run([]change{podSecurity("baseline")})[0].Message).To(And(
		ContainSubstring("istio-cni and ztunnel mount host directories"),
		HaveSuffix("; run: kubectl label namespace istio-system pod-security.kubernetes.io/enforce=privileged --overwrite")))
})

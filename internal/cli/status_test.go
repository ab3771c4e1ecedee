// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/cli"
)

var _ = Describe("The status of a mesh", func() {
	now := time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }

	var smc *v1.ServiceMeshController
	BeforeEach(func() {
		smc = &v1.ServiceMeshController{
			ObjectMeta: metav1.ObjectMeta{Name: "managed-istio", Generation: 3},
			Spec:       v1.ServiceMeshControllerSpec{Version: "1.31.0", DataplaneMode: v1.Ambient},
			Status: v1.ServiceMeshControllerStatus{
				ObservedGeneration: 3, Phase: v1.PhaseSucceeded, Version: "1.31.0", Message: "Istio 1.31.0 is ready",
				Environment: &v1.EnvironmentStatus{Kubernetes: "v1.36.3+k3s1", Platform: "k3s", CNI: "Cilium"},
				Components:  []v1.ComponentStatus{{Name: "istio-base", Version: "1.31.0"}, {Name: "istiod", Version: "1.31.0", Pods: "2/2"}},
				Conditions:  []metav1.Condition{{Type: v1.ConditionInitialized, Status: metav1.ConditionTrue, Reason: v1.ReasonComplete}},
				History:     []v1.HistoryEntry{{Time: ago(3 * time.Hour), To: "1.31.0", Result: v1.ResultSucceeded, Duration: metav1.Duration{Duration: 42 * time.Second}}},
			},
		}
	})

	text := func(nodes ...corev1.Node) string {
		GinkgoHelper()
		var out bytes.Buffer
		Expect(cli.PrintStatus(&out, false, smc, nodes, now)).To(Succeed())
		return out.String()
	}
	hints := func() (commands []string) {
		GinkgoHelper()
		for _, h := range cli.MeshStatusOf(smc, nil, now).Hints {
			commands = append(commands, h.Command)
		}
		return commands
	}

	It("is one screen, without a hint where there is nothing to do", func() {
		Expect(text(corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "b"}}, readyNode("a"))).To(Equal(`managed-istio  SUCCEEDED  Istio 1.31.0, Ambient
  Istio 1.31.0 is ready

Cluster: Kubernetes v1.36.3+k3s1, k3s, Cilium; nodes ready: 1 of 2, not ready: b

COMPONENT    VERSION   PODS   MESSAGE
istio-base   1.31.0    -      
istiod       1.31.0    2/2    

Last changes:
  3h ago: installation of 1.31.0: Succeeded in 42s
`))
	})

	It("names pods that may bypass the mesh, where they are looked for", func() {
		checked, pod := ago(time.Minute), v1.SuspectPod{Namespace: "app", Name: "web", Node: "a", Reason: v1.SuspectNotRedirected}
		smc.Status.Bypass = &v1.BypassStatus{LastCheckTime: &checked, Suspects: 6, Pods: []v1.SuspectPod{pod, pod, pod, pod, pod, pod}, Message: "6 pods may bypass the mesh"}
		Expect(strings.Count(text(), "  app/web on node a: NotRedirected\n")).To(Equal(5))
		Expect(text()).To(ContainSubstring("\nBypass, checked 60s ago: 6 pods may bypass the mesh\n"))
		Expect(cli.MeshStatusOf(smc, nil, now).Bypass).To(Equal(smc.Status.Bypass))
		for _, quiet := range []*v1.BypassStatus{{LastCheckTime: &checked}, {Message: "pods are not checked"}, nil} {
			smc.Status.Bypass = quiet
			Expect(text()).NotTo(ContainSubstring("Bypass"))
		}
	})

	It("shows on which nodes traffic is proven, where there are probes", func() {
		Expect(text()).NotTo(ContainSubstring("Traffic"))
		since := ago(2 * time.Hour)
		smc.Status.Traffic = &v1.TrafficStatus{Proven: "2/3", Since: &since, Failing: []v1.FailingNode{{Node: "c", Reason: v1.TrafficNoRoute, Message: "no answer"}}}
		Expect(text()).To(ContainSubstring("\nTraffic: proven on 2/3 nodes, for 120m\n  c: NoRoute: no answer\n"))
		Expect(cli.MeshStatusOf(smc, nil, now).Traffic).To(Equal(smc.Status.Traffic))
	})

	It("shows when certificates expire, where they are known", func() {
		Expect(text()).NotTo(ContainSubstring("Certificates"))
		smc.Status.Certificates = &v1.CertificatesStatus{
			Source: v1.SourceCACerts, Message: "2 roots are published", Root: &v1.CertificateStatus{Subject: "CN=root", NotAfter: ago(-30 * 24 * time.Hour)},
			Signer: &v1.CertificateStatus{Subject: "CN=signer", NotAfter: ago(48 * time.Hour)},
		}
		Expect(text()).To(MatchRegexp(`\nCertificates \(cacerts\): 2 roots are published\n  root expires [-0-9]+, in 30d: CN=root\n  signer expires [-0-9]+, 2d ago: CN=signer\n`))
		Expect(cli.MeshStatusOf(smc, nil, now).Certificates).To(Equal(smc.Status.Certificates))
	})

	It("says that nodes may not be listed", func() {
		Expect(text()).To(ContainSubstring("nodes not shown: you may not list them"))
	})

	It("shows what is under way, and what runs until then", func() {
		smc.Spec.Version, smc.Status.Version, smc.Status.Phase = "1.31.0", "1.29.1", v1.PhaseUpgrading
		smc.Status.Rollout = &v1.RolloutStatus{From: "1.29.1", To: "1.30.3", Path: []string{"1.31.0"}, StartTime: ago(90 * time.Second), Progress: "istiod 1.29.1 to 1.30.3: 1/2"}
		smc.Status.Conditions = []metav1.Condition{{Type: v1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1.ReasonWaiting, Message: "istiod: 1 of 2 pods ready"}}
		Expect(text()).To(And(
			ContainSubstring("managed-istio  UPGRADING  Istio 1.29.1 (spec.version 1.31.0), Ambient\n"),
			ContainSubstring("\nRollout: istiod 1.29.1 to 1.30.3: 1/2, for 90s, then 1.31.0\n"),
			ContainSubstring("\nReady is False (Waiting): istiod: 1 of 2 pods ready\n")))
		Expect(hints()).To(HaveExactElements("kubectl describe smc managed-istio", "gloo-operator versions"), "1.29 has no security fixes any more")
	})

	It("shows a proposal with the command that approves it", func() {
		smc.Status.Phase = v1.PhasePending
		smc.Status.Proposal = &v1.Proposal{Version: "1.31.0", Digest: "abc", Summary: "3 objects change", UpgradeNotes: 2}
		Expect(text()).To(ContainSubstring("\nProposal abc: Istio 1.31.0: 3 objects change (2 upgrade notes: gloo-operator diff -f FILE)\n"))
		Expect(hints()).To(ContainElement("kubectl annotate --overwrite smc managed-istio operator.gloo.solo.io/approve=abc"))
	})

	It("shows what was rolled back, notices, and that the mesh is paused", func() {
		smc.Status.FailedRollout = &v1.FailedRollout{Version: "1.31.0", Message: "ImagePullBackOff"}
		smc.Status.Conditions[0].Reason, smc.Status.Conditions[0].Message = v1.ReasonGatewayAPIOlder, "older CRDs"
		smc.Annotations = map[string]string{v1.PausedAnnotation: "true"}
		Expect(text()).To(And(ContainSubstring("\nRolled back: Istio 1.31.0: ImagePullBackOff\n"), ContainSubstring("\nNotices: older CRDs\n"),
			ContainSubstring("\nNext:\n  the mesh is paused: kubectl annotate smc managed-istio operator.gloo.solo.io/paused-\n")))
	})

	It("is not that of another generation of spec", func() {
		smc.Generation = 4
		m := cli.MeshStatusOf(smc, nil, now)
		Expect(m.Phase).To(BeEquivalentTo("UNKNOWN"))
		Expect(m.Complete).To(BeFalse())
		Expect(m.Message).To(HavePrefix("the operator has not seen this change yet"))
		Expect(hints()).To(HaveExactElements("kubectl get pods --namespace gloo-operator"))
	})

	It("has at most three hints", func() {
		smc.Status.Phase, smc.Status.Version = v1.PhasePending, "1.26.2"
		smc.Status.Proposal = &v1.Proposal{Digest: "abc"}
		smc.Annotations = map[string]string{v1.PausedAnnotation: "true"}
		Expect(hints()).To(HaveLen(3))
	})

	It("has lists in JSON, not null", func() {
		smc.Status = v1.ServiceMeshControllerStatus{}
		document, err := json.Marshal(cli.MeshStatusOf(smc, nil, now))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(document)).To(And(ContainSubstring(`"components":[]`), ContainSubstring(`"conditions":[]`), ContainSubstring(`"history":[]`), Not(ContainSubstring("null"))))
	})

	It("colors the phase on a terminal", func() {
		var out bytes.Buffer
		Expect(cli.PrintStatus(&out, true, smc, nil, now)).To(Succeed())
		Expect(out.String()).To(ContainSubstring("\x1b[32mSUCCEEDED\x1b[0m"))
		out.Reset()
		smc.Status.Phase = v1.PhaseInstalling
		Expect(cli.PrintStatus(&out, true, smc, nil, now)).To(Succeed())
		Expect(out.String()).To(ContainSubstring("\x1b[33mINSTALLING\x1b[0m"))
	})
})

// readyNode is a node that is ready.
func readyNode(name string) corev1.Node {
	return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
	}}
}

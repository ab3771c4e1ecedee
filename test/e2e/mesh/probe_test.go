// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"fmt"
	"os/exec"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// probeInterval is that of the probes.
const probeInterval = 10 * time.Second

// proven are specs of probes: what they find when something of the data plane is broken.
func proven() {
	BeforeAll(func() {
		env.Helm("upgrade", "gloo-operator", Repository("charts/gloo-operator"), "--namespace", OperatorNamespace, "--reuse-values",
			"--set", "probe.enabled=true", "--wait", "--timeout", "5m")
		env.Patch(fmt.Sprintf(`{"spec":{"probe":{"enabled":true,"interval":%q,"timeout":"2s"}}}`, probeInterval))
	})
	AfterAll(func() {
		env.Patch(`{"spec":{"probe":null}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(probes).Should(BeEmpty())
		env.Helm("upgrade", "gloo-operator", Repository("charts/gloo-operator"), "--namespace", OperatorNamespace, "--reuse-values",
			"--set", "probe.enabled=false", "--wait", "--timeout", "5m")
	})

	It("is proven to carry traffic on each node", func() {
		expectProven()
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Condition(v1.ConditionTrafficProven).Message).To(Equal("the traffic of all 2 nodes goes through the mesh"))
	})

	It("is not where the rules are gone from a pod", func() {
		expectProven()
		for _, pod := range probes() {
			if pod.Spec.NodeName == nodes[1] {
				flushRules(&pod)
				expectReason(v1.TrafficNotCaptured)
				Expect(env.API.Delete(GinkgoT().Context(), &pod)).To(Succeed())
			}
		}
		expectProven()
	})

	It("is not where the policy is gone", func() {
		paused(func() {
			env.Kubectl("delete", "authorizationpolicy", "--namespace", plan.ProbeNamespace, plan.ProbeName)
			expectReason(v1.TrafficNotEnforced)
		})
		expectProven() // The operator has restored it.
	})

	It("is not where no ztunnel runs", func() {
		client := since(within.client)
		paused(func() {
			env.Kubectl("patch", "daemonset", "--namespace", Namespace, "ztunnel", "--patch",
				fmt.Sprintf(`{"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": %q}}}}}`, nodes[0]))
			expectReason(v1.TrafficZtunnelDown)
			Expect(failing()).To(HaveKey(nodes[1]))
		})
		expectProven()
		client.expectRecovery("no ztunnel on one node")
	})

	It("is not when certificates have ended because istiod is away", certificatesEnd)
}

// certificatesEnd lets certificates end while istiod is away.
func certificatesEnd() {
	values := `{"spec":{"values":{"ztunnel":{"env":{"SECRET_TTL":%s}}}}}`
	env.Patch(fmt.Sprintf(values, `"30s"`))
	env.EventuallyPhase(v1.PhaseSucceeded)
	expectProven()
	client := since(within.client)
	paused(func() {
		env.Kubectl("scale", "deployment", "--namespace", Namespace, "istiod", "--replicas=0")
		expectReason(v1.TrafficNoCertificate)
	})
	expectProven()
	client.expectRecovery("certificates ended")
	env.Patch(fmt.Sprintf(values, "null"))
	env.EventuallyPhase(v1.PhaseSucceeded)
	expectProven()
}

// expectProven waits until the traffic of all nodes is proven.
func expectProven() {
	GinkgoHelper()
	Eventually(func() *metav1.Condition { // It is absent at first.
		return meta.FindStatusCondition(env.Mesh().Status.Conditions, v1.ConditionTrafficProven)
	}).Should(HaveValue(HaveField("Status", metav1.ConditionTrue)), func() string { return fmt.Sprint(failing()) })
	Expect(env.Mesh().Status.Traffic.Proven).To(Equal(fmt.Sprintf("%d/%[1]d", len(nodes))))
}

// expectReason waits until a node fails for that reason, and reports how long it took.
func expectReason(reason string) {
	GinkgoHelper()
	began := time.Now()
	Eventually(failing).Should(ContainElement(HaveField("Reason", reason)))
	AddReportEntry("probes", fmt.Sprintf("%s reported after %s, with an interval of %s: %+v",
		reason, time.Since(began).Round(time.Second), probeInterval, failing()), ReportEntryVisibilityFailureOrVerbose)
}

// failing are the nodes whose traffic is not proven.
func failing() map[string]v1.FailingNode {
	found := map[string]v1.FailingNode{}
	if traffic := env.Mesh().Status.Traffic; traffic != nil {
		for _, node := range traffic.Failing {
			found[node.Node] = node
		}
	}
	return found
}

// probes are their pods.
func probes() []corev1.Pod {
	GinkgoHelper()
	list := &corev1.PodList{}
	Expect(env.API.List(GinkgoT().Context(), list, client.InNamespace(plan.ProbeNamespace))).To(Succeed())
	return list.Items
}

// paused does something while the operator leaves the mesh alone.
func paused(do func()) {
	GinkgoHelper()
	env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"=true")
	Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonPaused))
	do()
	env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"-")
	env.EventuallyPhase(v1.PhaseSucceeded)
}

// flushRules removes the rules of istio-cni from the network of a pod, with istio-cni's own
// program.
func flushRules(pod *corev1.Pod) {
	GinkgoHelper()
	agent := cniPods()[pod.Spec.NodeName]
	out, err := exec.Command("nsenter", fmt.Sprintf("--target=%d", processesOf(&agent)[0]), "--mount",
		fmt.Sprintf("--net=/proc/%d/ns/net", processesOf(pod)[0]), "nft", "flush", "ruleset").CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
}

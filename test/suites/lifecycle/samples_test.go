// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

var _ = Describe("Every sample", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.AuthorizeProbes(ctx)
		env.StartOperator(withProbes)
	})

	files, err := filepath.Glob(Repository("config/samples/*.yaml"))
	if err != nil || len(files) == 0 {
		panic("no samples")
	}
	for _, file := range files {
		It("reaches SUCCEEDED: "+filepath.Base(file), func() {
			smc := SampleAsItIs(filepath.Base(file))
			env.Install(smc)
			Expect(env.Mesh(smc.Name).Status.Version).To(Equal(smc.Spec.Version))
			env.Kubectl("delete", "smc", smc.Name, "--timeout=240s")
		})
	}
})

var _ = Describe("The data plane mode", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
	})

	It("Sidecar with init containers runs istiod alone", func() {
		env.Install(Sample("minimal.yaml", func(smc *v1.ServiceMeshController) {
			smc.Spec.DataplaneMode, smc.Spec.TrafficCaptureMode = v1.Sidecar, v1.CaptureInitContainer
		}))
		Expect(env.Kubectl("get", "daemonset", "-n", Namespace)).To(ContainSubstring("No resources found"))
		Expect(env.Condition(v1.ConditionZtunnelDeployed).Reason).To(Equal(v1.ReasonNotRequired))
	})

	It("Sidecar otherwise runs istio-cni as well", func() {
		env.Patch(`{"spec":{"trafficCaptureMode":"Auto"}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.CNINode().Status.NumberReady).To(BeEquivalentTo(Nodes))
	})

	It("becomes Ambient in place", func() {
		env.Patch(`{"spec":{"dataplaneMode":"Ambient"}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Ztunnel().Status.NumberReady).To(BeEquivalentTo(Nodes))
		Expect(variables(env.Istiod().Spec.Template)).To(HaveKeyWithValue("PILOT_ENABLE_AMBIENT", "true"))
		Eventually(releasesOfZtunnel).ShouldNot(BeEmpty())
	})

	It("removes ztunnel and its Helm release when it becomes Sidecar again, and istiod follows", func() {
		env.Patch(`{"spec":{"dataplaneMode":"Sidecar"}}`)
		Eventually(func() string { return env.Kubectl("get", "daemonset", "-n", Namespace, "-o", "name") }).ShouldNot(ContainSubstring("ztunnel"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(variables(env.Istiod().Spec.Template)).NotTo(HaveKey("PILOT_ENABLE_AMBIENT"))
		Eventually(releasesOfZtunnel).Should(BeEmpty())
	})
})

// releasesOfZtunnel are the records of its Helm release.
func releasesOfZtunnel() []corev1.Secret {
	GinkgoHelper()
	secrets := &corev1.SecretList{}
	Expect(env.API.List(context.Background(), secrets, client.InNamespace(Namespace), client.MatchingLabels{"owner": "helm", "name": "ztunnel"})).To(Succeed())
	return secrets.Items
}

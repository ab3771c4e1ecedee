// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

var _ = Describe("The ConfigMap gloo-extensions-config", Ordered, func() {
	const configMap = "gloo-extensions-config"

	meshConfig := func() string { return Get(env, &corev1.ConfigMap{}, "istio").Data["mesh"] }
	ztunnelVariables := func() []string {
		var list []string
		for _, variable := range env.Ztunnel().Spec.Template.Spec.Containers[0].Env {
			list = append(list, variable.Name+"="+variable.Value)
		}
		return list
	}

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
	})

	It("is merged when it comes with the resource", func() {
		env.Kubectl("apply", "-f", Repository("config/samples/extensions-config.yaml"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(meshConfig).Should(ContainSubstring("enableTracing: true"))
		Eventually(ztunnelVariables).Should(ContainElement("L7_ENABLED=true"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("is followed when it changes", func() {
		env.Kubectl("patch", "configmap", "-n", OperatorNamespace, configMap, "--type", "merge", "-p",
			fmt.Sprintf(`{"data":{"values.istio-ztunnel":%q}}`, "env:\n  L7_ENABLED: false\n"))
		Eventually(ztunnelVariables).Should(ContainElement("L7_ENABLED=false"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})

	It("changes nothing when it is broken, and is reported with key and line", func() {
		env.Settled()
		before := env.VersionsOfOwned()
		env.Kubectl("patch", "configmap", "-n", OperatorNamespace, configMap, "--type", "merge", "-p",
			fmt.Sprintf(`{"data":{"values.istio-ztunnel":%q}}`, "env:\n  A: 1\nglobal: 3\n"))
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionInitialized).Reason).To(Equal(v1.ReasonInvalidExtensions))
		Expect(env.Mesh().Status.Message).To(ContainSubstring("key values.istio-ztunnel, line 3: global must be a map"))
		env.Settled()
		Expect(env.VersionsOfOwned()).To(Equal(before))
	})

	It("is not missed when it is deleted", func() {
		env.Kubectl("delete", "configmap", "-n", OperatorNamespace, configMap)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Eventually(meshConfig).ShouldNot(ContainSubstring("enableTracing"))
		Expect(ztunnelVariables()).NotTo(ContainElement(HavePrefix("L7_ENABLED")))
	})

	It("is found when it is there before the resource", func() {
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		env.Kubectl("create", "configmap", "-n", OperatorNamespace, configMap, "--from-literal=values.ztunnel=logLevel: debug")
		env.Install(Sample("minimal.yaml"))
		Expect(ztunnelVariables()).To(ContainElement("RUST_LOG=debug"))
	})
})

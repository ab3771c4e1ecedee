// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

var _ = Describe("Leaving things alone", Ordered, func() {
	var restart func()

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		running := LaunchOperator(env.OperatorConfig())
		DeferCleanup(func() { running.Stop() })
		env.Install(Sample("minimal.yaml", Version("1.28.2")))
		restart = func() {
			running.Stop()
			running = LaunchOperator(env.OperatorConfig())
		}
	})

	// Hardened: the operator restarts while the resource is paused | the mesh looked uninstalled, all conditions False
	It("goes on telling how a paused mesh is when the operator restarts", func() {
		env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"=true")
		Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonPaused))
		before, mark := env.Mesh().Status, env.Settled()
		restart()
		env.Settled()
		Expect(env.Mesh().Status).To(Equal(before))
		Expect(applied(mark)).To(BeEmpty())
		env.Kubectl("scale", "deployment", "-n", Namespace, "istiod", "--replicas=3")
		env.EventuallyPhase(v1.PhaseDegraded)
		Expect(env.Component("istiod").Message).To(ContainSubstring("not applied yet"))
		env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"-")
		env.EventuallyPhase(v1.PhaseSucceeded)
		expectNoWork(env.Settled())
	})

	It("changes nothing while the resource is paused, and says so", func() {
		env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"=true")
		Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonPaused))
		Expect(string(env.Condition(v1.ConditionReady).Status)).To(Equal("True"), "the mesh is complete all the same")
		mark := env.Settled()
		env.Kubectl("delete", "configmap", "-n", Namespace, "istio")
		env.SetVersion("1.29.1")
		Eventually(func() string { return env.Component("istio-base").Message }).Should(ContainSubstring("not applied yet"))
		Expect(env.Mesh().Status.Message).To(ContainSubstring(v1.PausedAnnotation))
		env.Settled()
		Expect(env.MeshWrites(mark)).To(BeEmpty())
		env.EventuallyPhase(v1.PhasePending)
		Eventually(env.Events).Should(ContainElement(HavePrefix("Paused: paused: nothing is changed until")))
	})

	It("does not remove the mesh of a paused resource", func() {
		mark := env.Settled()
		env.Kubectl("delete", "smc", Name, "--wait=false")
		env.EventuallyPhase(v1.PhaseUninstalling)
		Expect(env.Mesh().Status.Message).To(ContainSubstring("paused"))
		env.Settled()
		Expect(env.MeshWrites(mark)).To(BeEmpty())
	})

	It("goes on when the annotation is removed", func() {
		env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"-")
		env.Kubectl("wait", "--for=delete", "smc/"+Name, "--timeout=240s")
		env.Install(Sample("minimal.yaml"))
		Eventually(func() string { // What is recorded last: rendering the CRDs for it may take a busy machine seconds.
			return env.Kubectl("get", "secret", "-n", Namespace, "-l", "owner=helm", "-o", "name")
		}).Should(ContainSubstring("sh.helm.release.v1.ztunnel.v1"))
	})

	It("leaves an object alone that is annotated so", func() {
		env.Kubectl("annotate", "configmap", "-n", Namespace, "istio", v1.IgnoreAnnotation+"=true")
		mark := env.Settled()
		env.Kubectl("patch", "configmap", "-n", Namespace, "istio", "--type", "merge", "-p", `{"data":{"mesh":"mine"}}`)
		env.ExpectQuiet(mark, 3*time.Second)
		Expect(Get(env, &corev1.ConfigMap{}, "istio").Data["mesh"]).To(Equal("mine"))
		env.Kubectl("annotate", "configmap", "-n", Namespace, "istio", v1.IgnoreAnnotation+"-")
		Eventually(func() string { return Get(env, &corev1.ConfigMap{}, "istio").Data["mesh"] }).Should(ContainSubstring("defaultConfig"))
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
})

var _ = Describe("A controller that keeps overwriting a field", Ordered, func() {
	It("is noticed, named, and answered with growing pauses, and the rest of the mesh is not affected", func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("minimal.yaml"))
		mark := env.Settled()

		rival, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for rival.Err() == nil {
				_, _ = env.TryKubectl("patch", "configmap", "-n", Namespace, "istio", "--type", "merge", "-p", `{"data":{"mesh":"theirs"}}`, "--field-manager", "rival")
			}
		}()
		DeferCleanup(func() { stop(); <-done })

		env.EventuallyPhase(v1.PhaseDegraded)
		Expect(env.Mesh().Status.Message).To(And(
			ContainSubstring("ConfigMap istio-system/istio"), ContainSubstring("rival"), ContainSubstring(".data.mesh"), ContainSubstring(v1.IgnoreAnnotation)))
		Eventually(env.Events).Should(ContainElement(And(HavePrefix("Contested"), ContainSubstring("rival"))))

		env.Kubectl("delete", "daemonset", "-n", Namespace, "ztunnel")
		Eventually(env.ReadyPods).WithArguments("ztunnel").Should(BeEquivalentTo(Nodes))

		corrections := func() []time.Time {
			var times []time.Time
			for _, write := range env.MeshWrites(mark) {
				if write.Resource == "configmaps" {
					times = append(times, write.Time)
				}
			}
			return times
		}
		Eventually(corrections).Should(HaveLen(5))
		at := corrections()
		Expect(at[3].Sub(at[2])).To(BeNumerically(">=", 2*time.Second), "the pause before the fourth correction")
		Expect(at[4].Sub(at[3])).To(BeNumerically(">=", 4*time.Second), "the pause before the fifth")

		stop()
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(Get(env, &corev1.ConfigMap{}, "istio").Data["mesh"]).To(ContainSubstring("defaultConfig"))
	})
})

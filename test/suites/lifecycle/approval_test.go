// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
	"github.com/gloo-operator/gloo-operator/test/harness/faults"
)

var _ = Describe("A change of a mesh whose changes are approved", Ordered, func() {
	const version, repository = "1.29.99", "pull"

	var (
		registry  *charttest.Registry
		directory string
		injector  *faults.Injector
		running   *Operator
		began     cluster.Mark
	)
	start := func() {
		injector = faults.New()
		running = LaunchOperator(injector.Config(env.OperatorConfig()), chartsIn(directory), func(o *manager.Options) { o.Namespace = OperatorNamespace })
	}
	expectProposal := func() {
		GinkgoHelper()
		env.EventuallyPhase(v1.PhasePending)
		Expect(env.Condition(v1.ConditionReady).Reason).To(Equal(v1.ReasonApprovalNeeded))
		env.Settled()
		Expect(applied(began)).To(BeEmpty())
	}
	approve := func() {
		GinkgoHelper()
		env.Kubectl("annotate", "smc", Name, "--overwrite", v1.ApproveAnnotation+"="+env.Mesh().Status.Proposal.Digest)
		env.EventuallyPhase(v1.PhaseSucceeded)
		began = env.Settled()
	}

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		registry = charttest.StartRegistry()
		registry.Push(version, charttest.Charts("1.29.1", version))
		createSecret(repository, "kubernetes.io/dockerconfigjson", dockerConfig(registry))
		createSecret("registry-ca", "Opaque", map[string]string{"ca.crt": string(registry.CA)})
		directory = GinkgoT().TempDir()
		start()
		DeferCleanup(func() { running.Stop() })
		mesh := Sample("minimal.yaml", Version(version), from(registry.URL(), repository, "registry-ca"))
		mesh.Spec.Upgrade = &v1.Upgrade{Approve: v1.Manual}
		env.Create(mesh)
		env.EventuallyPhase(v1.PhaseSucceeded)
		began = env.Settled()
	})

	// Hardened: gloo-extensions-config changes under approve: Manual | the change went out unapproved
	It("waits when gloo-extensions-config changes", func() {
		env.Kubectl("create", "configmap", "-n", OperatorNamespace, v1.ExtensionsName, "--from-literal=values.ztunnel=logLevel: debug")
		expectProposal()
		approve()
		Expect(env.Ztunnel().Spec.Template.Spec.Containers[0].Env).To(ContainElement(HaveField("Value", "debug")))
	})

	// Hardened: the resource is paused, its values change, and it is unpaused | the change went out unapproved
	It("waits when values change while the resource is paused", func() {
		env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"=true")
		Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonPaused))
		env.Patch(`{"spec":{"values":{"pilot":{"env":{"PAUSED":"1"}}}}}`)
		env.EventuallyPhase(v1.PhasePending)
		env.Kubectl("annotate", "smc", Name, v1.PausedAnnotation+"-")
		Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonApprovalNeeded))
		expectProposal()
		approve()
	})

	// Hardened: spec.repository and values change together, and the charts are fetched | the change went out unapproved
	It("waits when the charts are fetched from another repository", func() {
		env.Patch(fmt.Sprintf(`{"spec":{"repository":{"url":%q},"values":{"pilot":{"env":{"PAUSED":null,"FETCHED":"1"}}}}}`, registry.URL()+"/"))
		expectProposal()
		approve()
	})

	// Hardened: a request of the preview fails once | the change went out unapproved
	It("waits when the preview fails at first", func() {
		injector.Arm(faults.Rule{When: func(r faults.Request) bool { return r.DryRun }, Times: 1, Fault: faults.InternalError()})
		env.Patch(`{"spec":{"values":{"pilot":{"env":{"FETCHED":null,"FAILED":"1"}}}}}`)
		Eventually(injector.Hits).ShouldNot(BeEmpty())
		expectProposal()
	})

	// Hardened: the operator restarts while a change waits | the change went out unapproved, without a dry run
	It("waits over a restart", func() {
		running.Stop()
		env.Patch(`{"spec":{"values":{"pilot":{"env":{"FAILED":null,"RESTARTED":"1"}}}}}`)
		start()
		Eventually(func() int64 { return env.Mesh().Status.ObservedGeneration }).Should(Equal(env.Mesh().Generation))
		expectProposal()
	})
})

var _ = Describe("An object that is left alone, of a mesh whose changes are approved", func() {
	// Hardened: only an object with the annotation ignore changes under approve: Manual | it went out unapproved, once the annotation was gone
	It("waits for the approval", func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		mesh := Sample("minimal.yaml")
		mesh.Spec.Upgrade = &v1.Upgrade{Approve: v1.Manual}
		env.Create(mesh)
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Kubectl("annotate", "deployments,configmaps", "-n", Namespace, "--all", v1.IgnoreAnnotation+"=true")
		began := env.Settled()
		env.Patch(`{"spec":{"values":{"pilot":{"env":{"LEFT":"ALONE"}}}}}`)
		Eventually(func() *v1.Proposal { return env.Mesh().Status.Proposal }).Should(HaveValue(HaveField("Summary", Equal("3 objects ignored; no pods restart"))))
		env.Kubectl("annotate", "deployments,configmaps", "-n", Namespace, "--all", v1.IgnoreAnnotation+"-")
		env.Settled()
		Expect(applied(began)).To(BeEmpty())
		env.Kubectl("annotate", "smc", Name, v1.ApproveAnnotation+"="+env.Mesh().Status.Proposal.Digest)
		env.EventuallyPhase(v1.PhaseSucceeded)
	})
})

var _ = Describe("An installation of others that is taken over with approval", func() {
	// Hardened: onConflict: Force under approve: Manual | objects were written before approval and dry run
	It("is not written to before the approval", func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Kubectl("create", "configmap", "-n", Namespace, "istio", "--from-literal=mesh=theirs")
		began := env.Settled()
		mesh := Sample("minimal.yaml", OnConflict(v1.Force))
		mesh.Spec.Upgrade = &v1.Upgrade{Approve: v1.Manual}
		env.Create(mesh)
		Eventually(func() *v1.Proposal { return env.Mesh().Status.Proposal }).ShouldNot(BeNil())
		env.Settled()
		Expect(applied(began)).To(BeEmpty())
		env.Hold(cluster.Behavior{Selector: map[string]string{"app": "istiod"}, Mode: cluster.Unready}) // So that the first version is never complete.
		env.Kubectl("annotate", "smc", Name, v1.ApproveAnnotation+"="+env.Mesh().Status.Proposal.Digest)
		env.EventuallyPhase(v1.PhaseInstalling)
		began = env.Settled()
		env.Patch(`{"spec":{"values":{"pilot":{"env":{"SECOND":"THOUGHT"}}}}}`)
		Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonApprovalNeeded))
		env.Settled()
		Expect(applied(began)).To(BeEmpty())
	})
})

// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

var _ = Describe("A version that is not bundled, without spec.repository", Ordered, func() {
	const version, next = "1.29.99", "1.30.3"

	var (
		url     string
		running *Operator
	)
	defaulting := func(url string) func(*manager.Options) {
		return func(o *manager.Options) { o.DefaultRepository = url }
	}
	start := func(url string) {
		running = LaunchOperator(env.OperatorConfig(), chartsIn(GinkgoT().TempDir()), defaulting(url))
	}

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		registry := charttest.StartRegistry()
		registry.Push(version, charttest.Charts("1.29.1", version))
		registry.Push(next, charttest.Charts("1.31.0", next))
		url = charttest.PublicURL(registry.Public())
		start(url)
		DeferCleanup(func() { running.Stop() })
	})

	It("is installed from the default repository, which the status names", func() {
		env.Install(Sample("minimal.yaml", Version(version)))
		Expect(env.Mesh().Status).To(And(HaveField("Version", version), HaveField("ChartSource", url)))
		Expect(Images(env.Ztunnel().Spec.Template)).To(ContainSubstring("docker.io/istio/ztunnel:" + version))
	})

	It("stays where the next one does not exist, and the nearest ones are named", func() {
		before := env.VersionsOfOwned()
		env.SetVersion("1.29.98")
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionReady)).To(And(HaveField("Reason", v1.ReasonChartNotFound), HaveField("Message", And(
			ContainSubstring("the nearest releases that the repository has are 1.29.99: set spec.version to one of them"),
			HaveSuffix("(this is the operator's default repository: to use another one, set spec.repository)")))))
		Expect(env.VersionsOfOwned()).To(Equal(before))
	})

	It("is told which minor version to go through", func() {
		env.SetVersion("1.31.0")
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionReady)).To(And(HaveField("Reason", v1.ReasonUpgradePathUnknown), HaveField("Message",
			HaveSuffix("this operator bundles none: set spec.version to a release of 1.30, and to 1.31.0 when it is complete"))))
	})

	It("goes to one that is bundled by one of the minor version between", func() {
		env.SetVersion(next)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status).To(And(HaveField("Version", next), HaveField("ChartSource", url)))
		env.SetVersion("1.31.0")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status).To(And(HaveField("Version", "1.31.0"), HaveField("ChartSource", v1.ChartsBundled)))
	})

	It("is refused where there is no default repository", func() {
		running.Stop()
		start("")
		env.SetVersion("1.31.9")
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionReady)).To(And(HaveField("Reason", v1.ReasonUnknownVersion),
			HaveField("Message", And(ContainSubstring("its default repository is turned off"), ContainSubstring("set spec.repository")))))
		Expect(env.Mesh().Status.Version).To(Equal("1.31.0"))
	})
})

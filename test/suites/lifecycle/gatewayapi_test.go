// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// routes is one of the Gateway API's CRDs.
const routes = "httproutes.gateway.networking.k8s.io"

// gatewayAPIChart is a Helm chart of that version of the Gateway API's CRDs, as K3s has one.
func gatewayAPIChart(version string) string {
	GinkgoHelper()
	chart := filepath.Join(GinkgoT().TempDir(), "chart")
	Expect(os.CopyFS(filepath.Join(chart, "templates"), os.DirFS(Repository("internal/gatewayapi/crds/"+version)))).To(Succeed())
	metadata := "apiVersion: v2\nname: gateway-api\nversion: " + strings.TrimPrefix(version, "v") + "\n"
	Expect(os.WriteFile(filepath.Join(chart, "Chart.yaml"), []byte(metadata), 0o600)).To(Succeed())
	return chart
}

// bundle is the version of the cluster's Gateway API.
func bundle() string {
	GinkgoHelper()
	return env.Kubectl("get", "crd", routes, "-o", `jsonpath={.metadata.annotations.gateway\.networking\.k8s\.io/bundle-version}`)
}

// managedCRDs names the Gateway API's CRDs that the operator manages.
func managedCRDs() (names []string) {
	GinkgoHelper()
	for name := range strings.FieldsSeq(env.Kubectl("get", "crd", "-o", "name", "-l", v1.OwnerLabel)) {
		if strings.HasSuffix(name, ".gateway.networking.k8s.io") {
			names = append(names, name)
		}
	}
	return names
}

// gatewayAPIWrites lists the operator's writes to the Gateway API's CRDs since then.
func gatewayAPIWrites(since cluster.Mark) []cluster.Request {
	GinkgoHelper()
	return env.Requests(since, cluster.Writes(), func(r cluster.Request) bool {
		return r.Resource == "customresourcedefinitions" && strings.HasSuffix(r.Name, ".gateway.networking.k8s.io")
	})
}

var _ = Describe("Gateway API CRDs that another Helm release takes over", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Install(Sample("minimal.yaml", Version("1.27.9")))
		Expect(bundle()).To(Equal("v1.3.0"))
		Expect(managedCRDs()).NotTo(BeEmpty())
	})

	It("are that release's from then on, with one request for each", func() {
		count := len(managedCRDs())
		mark := env.Settled()
		env.Helm("install", "traefik-crd", gatewayAPIChart("v1.3.0"), "-n", "kube-system", "--take-ownership")
		Eventually(managedCRDs).Should(BeEmpty())
		Eventually(env.Events).Should(ContainElement(And(
			HavePrefix(v1.ReasonLeftAlone+": "), ContainSubstring("Helm release traefik-crd in kube-system took them over"))))
		Expect(gatewayAPIWrites(mark)).To(HaveLen(count))
		Expect(bundle()).To(Equal("v1.3.0"))
		managers := env.Kubectl("get", "crd", routes, "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}")
		Expect(strings.Fields(managers)).To(And(ContainElement("helm"), Not(ContainElement(v1.FieldManager))))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.ExpectQuiet(env.Settled(), Quiet)
	})

	It("stay as they are in an upgrade, which says that they are older", func() {
		mark := env.Settled()
		env.SetVersion("1.28.2")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.28.2"))
		Expect(gatewayAPIWrites(mark)).To(BeEmpty())
		Expect(bundle()).To(Equal("v1.3.0"))
		Expect(initialized()).To(And(ContainSubstring("the cluster's own Gateway API CRDs are older: v1.3.0 standard"), ContainSubstring("set spec.gatewayAPI to Manage")))
	})

	It("are upgraded by that release, and nobody reverts it", func() {
		mark := env.Settled()
		env.Helm("upgrade", "traefik-crd", gatewayAPIChart("v1.4.0"), "-n", "kube-system")
		Eventually(initialized).ShouldNot(ContainSubstring("are older"))
		env.Settled()
		Expect(bundle()).To(Equal("v1.4.0"))
		Expect(gatewayAPIWrites(mark)).To(BeEmpty())
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
	})

	It("stay when the mesh is removed, and go with their release", func() {
		mark := env.Settled()
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		Expect(gatewayAPIWrites(mark)).To(BeEmpty())
		Expect(bundle()).To(Equal("v1.4.0"))
		env.Helm("uninstall", "traefik-crd", "-n", "kube-system", "--wait")
		Expect(env.Kubectl("get", "crd", "-o", "name")).NotTo(ContainSubstring("gateway.networking.k8s.io"))
	})

	It("are installed again with the next mesh", func() {
		env.Install(Sample("minimal.yaml", Version("1.28.2")))
		Expect(managedCRDs()).NotTo(BeEmpty())
	})
})

var _ = Describe("spec.gatewayAPI", Ordered, func() {
	// templates counts the changes of the workloads' specs.
	templates := func() []int64 {
		GinkgoHelper()
		return []int64{env.Istiod().Generation, env.CNINode().Generation, env.Ztunnel().Generation}
	}
	var generations []int64

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Kubectl("apply", "--server-side", "-f", Repository("internal/gatewayapi/crds/v1.3.0"))
		env.Install(Sample("minimal.yaml", Version("1.28.2")))
		generations = templates()
	})

	It("Auto leaves the cluster's own CRDs as they are, and names them", func() {
		Expect(env.Mesh().Spec.GatewayAPI).To(Equal(v1.GatewayAPIAuto), "the default")
		Expect(initialized()).To(ContainSubstring("the cluster's own Gateway API CRDs are older: v1.3.0 standard"))
		Expect(managedCRDs()).To(BeEmpty())
		Expect(env.Kubectl("get", "crd", "-o", "name")).NotTo(ContainSubstring("backendtlspolicies"), "a CRD of v1.4.0")
	})

	It("Manage takes them over and upgrades them", func() {
		env.Patch(`{"spec":{"gatewayAPI":"Manage"}}`)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(bundle()).To(Equal("v1.4.0"))
		Expect(managedCRDs()).To(ContainElements(HaveSuffix(routes), HaveSuffix("backendtlspolicies.gateway.networking.k8s.io")))
		Eventually(initialized).ShouldNot(ContainSubstring("Gateway API"))
	})

	It("Ignore leaves them again, as they are", func() {
		env.Patch(`{"spec":{"gatewayAPI":"Ignore"}}`)
		Eventually(managedCRDs).Should(BeEmpty())
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(bundle()).To(Equal("v1.4.0"))
		Eventually(env.Events).Should(ContainElement(And(HavePrefix(v1.ReasonLeftAlone+": "), ContainSubstring("since spec.gatewayAPI is Ignore"))))
		env.ExpectQuiet(env.Settled(), Quiet)
	})

	It("Ignore says what is missing, and installs nothing", func() {
		mark := env.Settled()
		env.Kubectl("delete", "crd", routes)
		Eventually(initialized).Should(ContainSubstring("the cluster has no CRD " + routes))
		env.Settled()
		Expect(gatewayAPIWrites(mark)).To(BeEmpty())
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
	})

	It("Manage never replaces newer CRDs", func() {
		env.Kubectl("apply", "--server-side", "--force-conflicts", "-f", Repository("internal/gatewayapi/crds/v1.6.0"))
		mark := env.Settled()
		env.Patch(`{"spec":{"gatewayAPI":"Manage"}}`)
		Eventually(initialized).Should(ContainSubstring("the cluster's own Gateway API CRDs are newer: v1.6.0 standard"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(bundle()).To(Equal("v1.6.0"))
		Expect(gatewayAPIWrites(mark)).To(BeEmpty())
	})

	It("restarts no pod", func() { Expect(templates()).To(Equal(generations)) })
})

// SPDX-License-Identifier: Apache-2.0

package integration_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	. "github.com/gloo-operator/gloo-operator/test/operatortest"
)

var _ = Describe("The API server", Ordered, func() {
	BeforeAll(func(ctx SpecContext) { env = New(ctx) })

	It("accepts every sample unchanged", func() {
		files, err := filepath.Glob(Repository("config/samples/*.yaml"))
		Expect(err).NotTo(HaveOccurred())
		Expect(files).NotTo(BeEmpty())
		env.Kubectl("create", "namespace", "gloo-operator")
		for _, file := range files {
			Expect(env.Kubectl("apply", "--dry-run=server", "--validate=strict", "-f", file)).To(ContainSubstring("servicemeshcontroller.operator.gloo.solo.io/"), file)
		}
	})

	DescribeTable("refuses what cannot work, and says why",
		func(spec, why string) {
			out, err := env.TryKubectl("apply", "--dry-run=server", "-f", write(
				"apiVersion: operator.gloo.solo.io/v1\nkind: ServiceMeshController\nmetadata: {name: x}\nspec: "+spec+"\n"))
			Expect(err).To(HaveOccurred(), out)
			Expect(out).To(ContainSubstring(why))
		},
		Entry("no version", `{}`, "spec.version: Required value"),
		Entry("a leading v", `{version: v1.29.1}`, "without a leading v"),
		Entry("a minor alone", `{version: "1.29.x"}`, "full Istio version"),
		Entry("an unknown data plane mode", `{version: 1.29.1, dataplaneMode: ambient}`, `supported values: "Ambient", "Sidecar"`),
		Entry("init containers in ambient mode", `{version: 1.29.1, trafficCaptureMode: InitContainer}`, "needs dataplaneMode Sidecar"),
		Entry("a repository by http", `{version: 1.29.1, repository: {url: "http://x"}}`, "must start with oci:// or https://"),
		Entry("a repository with a password in its URL", `{version: 1.29.1, repository: {url: "https://me:password@x"}}`, "credentials go into repository.secrets"),
		Entry("a namespace's name with capitals", `{version: 1.29.1, installNamespace: Istio}`, "must be a namespace's name"),
		Entry("values that are text", `{version: 1.29.1, values: "x"}`, "must be of type object"),
	)

	It("refuses a name that is no label value", func() {
		out, err := env.TryKubectl("create", "--dry-run=server", "-f", write("apiVersion: operator.gloo.solo.io/v1\n"+
			"kind: ServiceMeshController\nmetadata: {name: "+strings.Repeat("x", 64)+"}\nspec: {version: 1.29.1}\n"))
		Expect(err).To(HaveOccurred())
		Expect(out).To(ContainSubstring("at most 63 characters"))
	})

	It("refuses a change of the install namespace", func() {
		env.Create(Sample("minimal.yaml", Named("immutable")))
		out, err := env.TryKubectl("patch", "smc", "immutable", "--type", "merge", "-p", `{"spec":{"installNamespace":"other"}}`)
		Expect(err).To(HaveOccurred())
		Expect(out).To(ContainSubstring("installNamespace cannot be changed: delete"))
	})

	It("keeps values as they are, whatever their keys", func() {
		env.Create(Sample("minimal.yaml", Named("free"), Values(`{"anything":{"goes":[1,"two",{"three":null}]}}`)))
		Expect(env.Kubectl("get", "smc", "free", "-o", "jsonpath={.spec.values}")).To(MatchJSON(`{"anything":{"goes":[1,"two",{"three":null}]}}`))
	})
})

var _ = Describe("Input that the operator cannot carry out", Ordered, func() {
	var before string

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		env.StartOperator()
		env.Create(Sample("minimal.yaml"))
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		before = env.VersionsOfOwned()
	})

	DescribeTable("leads to FAILED with a reason and leaves the mesh as it is",
		func(patch, reason, message string) {
			env.Kubectl("patch", "smc", Name, "--type", "merge", "-p", patch)
			env.EventuallyPhase(v1.PhaseFailed)
			Expect(env.Condition(v1.ConditionInitialized).Reason).To(Equal(reason))
			Expect(env.Mesh().Status.Message).To(ContainSubstring(message))
			Expect(env.Mesh().Status.Version).To(Equal("1.29.1"), "the version that runs on")
			Expect(string(env.Condition(v1.ConditionZtunnelDeployed).Status)).To(Equal("True"), "the mesh runs on")
			env.ExpectQuiet(env.Settled(), 0)
			Expect(env.VersionsOfOwned()).To(Equal(before))
			env.Kubectl("patch", "smc", Name, "--type", "json", "-p",
				`[{"op":"replace","path":"/spec/version","value":"1.29.1"},{"op":"add","path":"/spec/values","value":{}}]`)
			env.EventuallyPhase(v1.PhaseSucceeded)
			Expect(env.VersionsOfOwned()).To(Equal(before))
		},
		Entry("a version that is not compiled in", `{"spec":{"version":"1.30.0"}}`, v1.ReasonUnknownVersion, "1.28.2, 1.29.1, 1.31.0"),
		Entry("a section that is a number", `{"spec":{"values":{"pilot":3}}}`, v1.ReasonInvalidValues, "pilot must be a section, not a number"),
		Entry("an unknown platform", `{"spec":{"values":{"global":{"platform":"moon"}}}}`, v1.ReasonInvalidValues, "unknown platform moon"),
		Entry("a value of the wrong type", `{"spec":{"values":{"pilot":{"env":"x"}}}}`, v1.ReasonInvalidValues, "env"),
	)
})

// write writes a manifest to a file of the test's.
func write(manifest string) string {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "smc.yaml")
	Expect(os.WriteFile(file, []byte(manifest), 0o600)).To(Succeed())
	return file
}

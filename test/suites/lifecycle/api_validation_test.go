// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

var _ = Describe("The API server", Ordered, func() {
	BeforeAll(func(ctx SpecContext) { env = New(ctx) })

	It("accepts every sample unchanged", func() {
		files, err := filepath.Glob(Repository("config/samples/*.yaml"))
		Expect(err).NotTo(HaveOccurred())
		Expect(files).NotTo(BeEmpty())
		for _, file := range files {
			Expect(env.Kubectl("apply", "--dry-run=server", "--validate=strict", "-f", file)).To(ContainSubstring("servicemeshcontroller.operator.gloo.solo.io/"), file)
		}
	})

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

// write writes a manifest to a file of the test's.
func write(manifest string) string {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "smc.yaml")
	Expect(os.WriteFile(file, []byte(manifest), 0o600)).To(Succeed())
	return file
}

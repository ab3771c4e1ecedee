// SPDX-License-Identifier: Apache-2.0

package imagebuild

import (
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

var _ = Describe("The bootstrap template of Envoy", func() {
	It("never has the extension that only Istio's Envoy has", func(ctx SpecContext) {
		root, err := toolchain.Root()
		Expect(err).NotTo(HaveOccurred())
		b := &builder{root: root, log: GinkgoWriter, scratch: GinkgoT().TempDir()}
		versions, err := Versions()
		Expect(err).NotTo(HaveOccurred())
		for _, version := range versions {
			file, err := b.bootstrap(ctx, version)
			Expect(err).NotTo(HaveOccurred())
			Expect(os.ReadFile(file)).To(And(
				ContainSubstring("istio.workload.BootstrapExtension"), ContainSubstring("envoy.bootstrap.internal_listener"),
				MatchRegexp(`{{- if false }}\s*{\s*"name": "metadata_discovery"`)), version)
		}
	})

	It("of a release that asks for it in another way is refused", func() {
		_, err := withoutDiscovery([]byte("{{ if .discovery }}"))
		Expect(err).To(MatchError(ContainSubstring("metadata_discovery")))
	})
})

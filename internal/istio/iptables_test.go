// SPDX-License-Identifier: Apache-2.0

package istio_test

import (
	"io/fs"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

var _ = DescribeTable("istio-cni leaves rules in pods", func(version string, expected bool) {
	Expect(istio.LeavesRules(version)).To(Equal(expected))
},
	Entry("not before it preferred nft", "1.25.9", false),
	Entry("in the first release that did", "1.26.0", true),
	Entry("in minor versions that were never fixed", "1.28.9", true),
	Entry("up to the fix for 1.29", "1.29.8", true),
	Entry("and not from it on", "1.29.9", false),
	Entry("up to the fix for 1.30", "1.30.4", true),
	Entry("and not from it on", "1.30.5", false),
	Entry("up to the fix for 1.31", "1.31.0", true),
	Entry("and not from it on", "1.31.1", false),
	Entry("not in minor versions that began with the fix", "1.32.0", false),
	Entry("not in another major version", "2.27.0", false),
	Entry("not in what is no version", "main", false),
)

var _ = Describe("Every bundled release", func() {
	It("reconciles the rules of pods by default where its chart says so", func() {
		for _, r := range istio.Releases() {
			content, err := fs.ReadFile(r.Charts, "charts/istio-cni/values.yaml")
			Expect(err).NotTo(HaveOccurred())
			Expect(strings.Contains(string(content), "reconcileIptablesOnStartup: true")).To(Equal(r.ReconcilesRules()), r.Version)
		}
	})
})

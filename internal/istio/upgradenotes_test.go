// SPDX-License-Identifier: Apache-2.0

package istio_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

var _ = Describe("Upgrade notes", func() {
	notes := func(from, to string) []istio.UpgradeNote {
		GinkgoHelper()
		found, err := istio.UpgradeNotes(from, to)
		Expect(err).NotTo(HaveOccurred(), "run make gateway-api")
		return found
	}

	It("are those of the step to a bundled release", func() {
		Expect(notes("1.29.1", "1.31.0")).To(ContainElement(And(
			HaveField("Title", "CNI config file permissions changed to 0600"), HaveField("Content", ContainSubstring("CIS Kubernetes benchmark")))))
		Expect(notes("1.28.2", "1.29.1")).NotTo(ContainElement(HaveField("Title", "CNI config file permissions changed to 0600")))
	})

	It("are those of all steps of a path, oldest first", func() {
		Expect(notes("1.26.2", "1.28.2")).To(Equal(append(notes("1.26.2", "1.27.9"), notes("1.27.9", "1.28.2")...)))
	})

	DescribeTable("are none", func(from, to string) {
		Expect(notes(from, to)).To(BeEmpty())
	},
		Entry("for the same version", "1.29.1", "1.29.1"),
		Entry("for a downgrade", "1.29.1", "1.28.2"),
		Entry("for a first installation", "", "1.29.1"),
		Entry("for a patch release that is not bundled", "1.31.0", "1.31.4"),
	)

	It("of a release that is not bundled stand with the next one", func() {
		Expect(notes("1.30.3", "1.31.0")).To(Equal(notes("1.29.1", "1.31.0")))
		Expect(notes("1.29.1", "1.30.3")).To(BeEmpty())
	})
})

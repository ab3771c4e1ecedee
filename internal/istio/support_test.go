// SPDX-License-Identifier: Apache-2.0

package istio_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

var _ = Describe("The table of support", func() {
	at := func(day string) time.Time {
		GinkgoHelper()
		parsed, err := time.Parse(time.DateOnly, day)
		Expect(err).NotTo(HaveOccurred())
		return parsed.Add(12 * time.Hour)
	}

	It("has each minor version once, oldest first, with its source", func() {
		for i, support := range istio.Supports() {
			Expect(support.Source).To(ContainSubstring("https://"))
			Expect(support.End).To(BeTemporally(">", support.Released))
			if i > 0 {
				Expect(support.Minor).To(Equal(istio.Supports()[i-1].Minor + 1))
				Expect(support.End).To(BeTemporally(">", istio.Supports()[i-1].End))
			}
			Expect(support.Expected || !support.End.After(istio.SupportKnown)).To(BeTrue(), "an end that is still to come is an estimate")
		}
	})

	It("knows each release that is bundled", func() {
		for _, version := range istio.Versions() {
			_, known := istio.SupportOf(version)
			Expect(known).To(BeTrue(), version)
		}
	})

	DescribeTable("tells the state of", func(version, day, want string) {
		support, known := istio.SupportOf(version)
		Expect(known).To(BeTrue())
		Expect(support.State(at(day))).To(Equal(want))
		Expect(support.Ended(at(day))).To(Equal(want[:3] == "not"))
	},
		Entry("a supported release", "1.29.1", "2026-10-14", "supported until 2026-10-15"),
		Entry("a release that is not supported any more", "1.29.1", "2026-10-16", "not supported since 2026-10-15"),
		Entry("a release whose end is an estimate", "1.31.0", "2026-11-28", "supported until 2027-02-28 (expected)"),
		Entry("a release whose end was an estimate", "1.31.0", "2027-03-01", "not supported since 2027-02-28 (expected)"),
		Entry("a build of a release", "1.28.2-solo", "2026-11-28", "not supported since 2026-07-01"),
		Entry("a release that is older than the table", "1.20.3", "2026-11-28", "not supported"),
	)

	DescribeTable("does not know", func(version string) {
		_, known := istio.SupportOf(version)
		Expect(known).To(BeFalse())
	},
		Entry("a newer minor version", "1.32.0"),
		Entry("another major version", "2.0.0"),
		Entry("what is no version", "latest"),
	)
})

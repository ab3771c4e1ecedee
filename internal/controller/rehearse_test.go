// SPDX-License-Identifier: Apache-2.0

package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("Going back", func(from, to string, tooFar bool) {
	Expect(tooFarBack(from, to)).To(Equal(tooFar))
},
	Entry("a patch is possible", "1.29.1", "1.29.0", false),
	Entry("a minor version is possible", "1.29.1", "1.28.2", false),
	Entry("two minor versions is too far", "1.29.1", "1.27.9", true),
	Entry("a major version is too far", "2.0.0", "1.99.0", true),
	Entry("is not going on", "1.26.2", "1.31.0", false),
	Entry("nowhere is no change", "1.29.1", "1.29.1", false),
	Entry("from a pre-release is as from its version", "1.29.0-alpha.1", "1.27.9", true),
	Entry("from what is no version is not judged", "unknown", "1.27.9", false),
)

// SPDX-License-Identifier: Apache-2.0

package controller

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("A resource from the cache", func(edited, read string, outdated bool) {
	smc := resource("", "")
	smc.ResourceVersion = read
	Expect((&memory{edited: edited}).outdated(smc)).To(Equal(outdated))
},
	Entry("is outdated while it lacks the operator's own write", "5", "5", true),
	Entry("is not, once it has that", "5", "6", false),
	Entry("is not where nothing was written", "", "5", false),
	Entry("is not where it has no version", "", "", false),
)

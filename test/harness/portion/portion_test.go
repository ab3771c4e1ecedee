// SPDX-License-Identifier: Apache-2.0

package portion_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/harness/portion"
)

func TestPortion(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Portions")
}

var _ = DescribeTable("A portion is", func(variable string, expected ...int) {
	GinkgoT().Setenv(portion.Variable, variable)
	Expect(portion.Of([]int{0, 1, 2, 3, 4, 5})).To(Equal(expected))
},
	Entry("everything by default", "", 0, 1, 2, 3, 4, 5),
	Entry("the first of four", "0/4", 0, 4),
	Entry("the last of four", "3/4", 3),
	Entry("counted modulo the number of portions", "13/4", 1, 5),
)

var _ = DescribeTable("Anything else is refused", func(variable string) {
	GinkgoT().Setenv(portion.Variable, variable)
	Expect(func() { portion.Of([]int{1}) }).To(PanicWith(ContainSubstring(variable)))
},
	Entry("a number alone", "3"), Entry("no portions", "0/0"), Entry("a negative one", "-1/4"), Entry("a word", "all"),
)

// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
)

func TestAttempts(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Attempts")
}

var _ = Describe("The number of attempts", func() {
	It("is Ginkgo's own by default", func() {
		GinkgoT().Setenv(Variable, "")
		Expect(SuiteConfig().FlakeAttempts).To(BeZero())
	})

	It("is that of the variable", func() {
		GinkgoT().Setenv(Variable, "2")
		Expect(SuiteConfig().FlakeAttempts).To(Equal(2))
	})

	DescribeTable("is nothing else", func(text string) {
		GinkgoT().Setenv(Variable, text)
		Expect(func() { SuiteConfig() }).To(PanicWith(ContainSubstring(text)))
	}, Entry("a word", "often"), Entry("none", "0"))
})

var _ = Describe("The file of flakes", func() {
	var path string

	BeforeEach(func() { path = filepath.Join(GinkgoT().TempDir(), "flakes") })

	spec := func(name string, state types.SpecState, attempts int, failures ...string) SpecReport {
		report := SpecReport{LeafNodeText: name, State: state, NumAttempts: attempts}
		for _, message := range failures {
			report.AdditionalFailures = append(report.AdditionalFailures, types.AdditionalFailure{
				Failure: types.Failure{Message: message, Location: types.CodeLocation{FileName: "a_test.go", LineNumber: 7}},
			})
		}
		return report
	}

	It("has a spec that failed before it passed, and why", func() {
		report := Report{SuiteDescription: "Suite", SpecReports: []SpecReport{
			spec("flakes", types.SpecStatePassed, 2, "timed out"), spec("passes", types.SpecStatePassed, 1), spec("fails", types.SpecStateFailed, 2, "timed out"),
		}}
		Expect(record(path, report)).To(Succeed())
		Expect(record(path, report)).To(Succeed(), "each suite appends its own")
		Expect(os.ReadFile(path)).To(BeEquivalentTo("Suite: flakes (attempt 2)\n  a_test.go:7: timed out\nSuite: flakes (attempt 2)\n  a_test.go:7: timed out\n"))
	})

	It("is not written without any", func() {
		Expect(record(path, Report{SpecReports: []SpecReport{spec("passes", types.SpecStatePassed, 1)}})).To(Succeed())
		Expect(path).NotTo(BeAnExistingFile())
	})
})

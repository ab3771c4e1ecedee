// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestReliability(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Tables of what tests have covered")
}

const (
	results  = `{"section":"faults","columns":["Fault","Install"],"rows":[["killed","7"]]}`
	rendered = "a\n<!-- faults:begin -->\n| Fault | Install |\n|---|---|\n| killed | 7 |\n<!-- faults:end -->\nb\n"
	stale    = "a\n<!-- faults:begin -->\nold\n<!-- faults:end -->\nb\n"
)

var _ = Describe("A document", func() {
	var document, file string
	var out *bytes.Buffer

	BeforeEach(func() {
		document, file = filepath.Join(GinkgoT().TempDir(), "doc.md"), filepath.Join(GinkgoT().TempDir(), "faults.json")
		out = &bytes.Buffer{}
		Expect(os.WriteFile(document, []byte(stale), 0o600)).To(Succeed())
		Expect(os.WriteFile(file, []byte(results), 0o600)).To(Succeed())
	})

	content := func() string {
		GinkgoHelper()
		text, err := os.ReadFile(document)
		Expect(err).NotTo(HaveOccurred())
		return string(text)
	}

	It("gets the table of its section, and is then left alone", func() {
		Expect(run(document, []string{file}, false, out)).To(Succeed())
		Expect(content()).To(Equal(rendered))
		Expect(out.String()).To(Equal("updated " + document + "\n"))
		out.Reset()
		Expect(run(document, []string{file}, false, out)).To(Succeed())
		Expect(run(document, []string{file}, true, out)).To(Succeed())
		Expect(out.String()).To(BeEmpty())
	})

	It("that is stale fails the check, which writes nothing", func() {
		Expect(run(document, []string{file}, true, out)).To(MatchError(ContainSubstring("does not show the results")))
		Expect(content()).To(Equal(stale))
	})

	It("keeps what is outside of the section, other sections too", func() {
		other := "<!-- drift:begin -->\nkept\n<!-- drift:end -->\n"
		Expect(os.WriteFile(document, []byte(other+stale), 0o600)).To(Succeed())
		Expect(run(document, []string{file}, false, out)).To(Succeed())
		Expect(content()).To(Equal(other + rendered))
	})

	DescribeTable("is not touched where something does not fit", func(text, result, why string) {
		Expect(os.WriteFile(document, []byte(text), 0o600)).To(Succeed())
		Expect(os.WriteFile(file, []byte(result), 0o600)).To(Succeed())
		Expect(run(document, []string{file}, false, out)).To(MatchError(ContainSubstring(why)))
		Expect(content()).To(Equal(text))
	},
		Entry("no such section", "a\n", results, "faults:begin"),
		Entry("a section without an end", "<!-- faults:begin -->\n", results, "faults:end"),
		Entry("an end before the begin", "<!-- faults:end -->\n<!-- faults:begin -->\n", results, "in this order"),
		Entry("a row that is too short", stale, `{"section":"faults","columns":["a","b"],"rows":[["1"]]}`, "a row of 1 cells below 2 columns"),
		Entry("a result without a section", stale, `{"columns":["a"]}`, "no section"),
		Entry("what is no JSON", stale, "x", "invalid character"),
	)
})

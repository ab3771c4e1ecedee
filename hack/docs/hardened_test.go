// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing/fstest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// testFile is a file of tests with those lines.
func testFile(lines string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("package p\n\nvar _ = Describe(\"x\", func() {\n" + lines + "\n})\n")}
}

func rowsOf(lines string) string {
	GinkgoHelper()
	table, err := hardened(fstest.MapFS{"a/a_test.go": testFile(lines)}, "a")
	Expect(err).NotTo(HaveOccurred())
	Expect(table).To(HavePrefix(hardenedHead))
	return table[len(hardenedHead):]
}

const hardenedHead = "| Input | What happened | What happens now |\n|---|---|---|\n"

var _ = DescribeTable("The table of what was hardened has", func(lines, rows string) {
	Expect(rowsOf(lines)).To(Equal(rows))
},
	Entry("a row of an It", "\t// Hardened: an input | it broke\n\tIt(\"holds\", func() {})", "| an input | it broke | holds |\n"),
	Entry("a row of an Entry", "DescribeTable(\"y\", f,\n\t// Hardened: an input | it broke\n\tEntry(\"holds\", 1),\n)", "| an input | it broke | holds |\n"),
	Entry("a row of each comment above a spec", "// Hardened: a | b\n// Hardened: c | d\nIt(\"e\", f)", "| a | b | e |\n| c | d | e |\n"),
	Entry("a row beside other comments", "// Words.\n// Hardened: a | b\n// Words.\nIt(\"e\", f)", "| a | b | e |\n"),
	Entry("the rows of several specs", "// Hardened: a | b\nIt(\"e\", f)\n\nIt(\"x\", f)\n// Hardened: c | d\nIt(`g`, f)", "| a | b | e |\n| c | d | g |\n"),
	Entry("texts as they read", "// Hardened: a*b <c> `d` | [e]_f_ \\ & g\nIt(\"h|i \\\"j\\\"\\nk\", f)",
		"| a\\*b &lt;c&gt; \\`d\\` | \\[e\\]\\_f\\_ \\\\ &amp; g | h\\|i \"j\" k |\n"),
	Entry("nothing of other comments", "// Is hardened: a | b\nIt(\"e\", f)", ""),
	Entry("nothing of texts", "It(\"e\", f, `\n// Hardened: a | b\n`)", ""),
)

var _ = It("The table of what was hardened is in the order of files and lines, and of tests alone", func() {
	tests := func(text string) *fstest.MapFile { return testFile("// Hardened: " + text + " | b\nIt(\"c\", f)") }
	Expect(hardened(fstest.MapFS{
		"b/z_test.go": tests("4"), "a/b/a_test.go": tests("2"), "a/z_test.go": tests("3"), "a/a_test.go": tests("1"), "a/a.go": tests("0"), "c/a_test.go": tests("5"),
	}, "a", "b")).To(Equal(hardenedHead + "| 1 | b | c |\n| 2 | b | c |\n| 3 | b | c |\n| 4 | b | c |\n"))
})

var _ = DescribeTable("A comment is refused, with file and line,", func(lines, reason string) {
	_, err := hardened(fstest.MapFS{"a/a_test.go": testFile(lines)}, "a")
	Expect(err).To(MatchError(And(HavePrefix("a/a_test.go:4:"), ContainSubstring(reason))))
},
	Entry("without what happened", "// Hardened: a\nIt(\"e\", f)", "is not of the form"),
	Entry("without an input", "// Hardened: | b\nIt(\"e\", f)", "is not of the form"),
	Entry("with three parts", "// Hardened: a | b | c\nIt(\"e\", f)", "is not of the form"),
	Entry("without its colon", "// Hardened a | b\nIt(\"e\", f)", "is not of the form"),
	Entry("without its space", "//Hardened: a | b\nIt(\"e\", f)", "is not of the form"),
	Entry("in a block", "/* Hardened: a | b */\nIt(\"e\", f)", "is not of the form"),
	Entry("with a part that is too long", "// Hardened: a | "+strings.Repeat("b", 101)+"\nIt(\"e\", f)", "100 characters"),
	Entry("that stands above nothing", "// Hardened: a | b", "above no It"),
	Entry("that stands above something else", "// Hardened: a | b\nBy(\"e\")", "above no It"),
	Entry("that stands above an empty line", "// Hardened: a | b\n\nIt(\"e\", f)", "above no It"),
	Entry("above a text that is computed", "// Hardened: a | b\nIt(e(), f)", "above no It"),
)

var _ = It("A directory that is not there and a file that is no Go are errors", func() {
	_, err := hardened(fstest.MapFS{}, "nowhere")
	Expect(err).To(MatchError(ContainSubstring("nowhere")))
	_, err = hardened(fstest.MapFS{"a/a_test.go": {Data: []byte("Hardened")}}, "a")
	Expect(err).To(MatchError(ContainSubstring("a/a_test.go:1:1")))
})

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("The words of", func(ctx context.Context, name, text, failure string) {
	err := words(ctx, repository(ctx, map[string]string{name: text}))
	if failure == "" {
		Expect(err).NotTo(HaveOccurred())
	} else {
		Expect(err).To(MatchError(failure))
	}
},
	Entry("a document are found", "docs/a.md", "# A\n\nTo mend it, wait.\n", `docs/a.md:3: "mend": use fix`),
	Entry("a document are found across lines", "a.md", "It is put\nback.\n", `a.md:1: "put back": use revert or restore`),
	Entry("a document are found in the row of a table", "a.md", "| a | b |\n|---|---|\n| compiled in | c |\n", `a.md:3: "compiled in": use bundled`),
	Entry("the changelog are found", "CHANGELOG.md", "- It found out.\n", `CHANGELOG.md:1: "found out": use detected`),
	Entry("a comment are found", "a.go", "package a\n\n// B tells\n// that C.\nvar B int\n", `a.go:3: "tells that": use reports whether`),
	Entry("a comment in a block are found", "a.go", "package a\n\n/* in\nthe way */\n", `a.go:3: "in the way": use conflicts with`),
	Entry("a marker of a comment are found", "a.go", "package a\n\n//+x:message=\"apply it anew\"\n", `a.go:3: "anew": use again`),
	Entry("a string are found", "a.go", "package a\n\nvar b = \"Somebody else's\"\n",
		`a.go:3: "Somebody else's": use not managed by this operator, or another client`),
	Entry("a string are found behind an escape", "a.go", "package a\n\nvar b = \"a\\nfolder\"\n", `a.go:3: "folder": use directory`),
	Entry("a test are found", "a_test.go", "package a\n\nvar b = `was here first`\n", `a_test.go:3: "was here first": use is older`),
	Entry("a Go file may be names", "a.go", "package a\n\nvar folder, fight = 1, 2\n", ""),
	Entry("a metric may have a part", "a.md", "`gloo_operator_drift_fights`, GlooMeshDriftFight\n", ""),
	Entry("a longer word may have a part", "a.md", "amend, recommend, compiled into, fought\n", ""),
	Entry("two paragraphs are apart", "a.md", "It is put\n\nback\n", ""),
	Entry("a file that is neither are left alone", "a.txt", "folder\n", ""),
	Entry("a file that is allowed to use them are left alone", "hack/verify/words.go", "package main\n\n// A folder.\n", ""),
)

var _ = It("The files that may use the avoided words exist and use one", func(ctx context.Context) {
	t, err := openTree(ctx, "../..")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(t.close)
	for name, reason := range wordsAllowed {
		Expect(reason).NotTo(BeEmpty())
		text, err := t.read(name)
		Expect(err).NotTo(HaveOccurred())
		passages, err := passagesOf(name, text)
		Expect(err).NotTo(HaveOccurred())
		found := 0
		for _, p := range passages {
			found += len(p.problems(name))
		}
		Expect(found).To(BeNumerically(">", 0), name)
	}
})

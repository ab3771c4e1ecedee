// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// tested is a result with so many killed mutants, and two that are not.
func tested(killedCount int) result {
	r := result{name: "./p", mutants: []mutant{
		{file: "p/p.go", line: 7, function: "F", original: "a", changed: "!a", verdict: survived},
		{file: "p/p.go", line: 8, function: "F", original: "b", changed: "!b", verdict: unreached},
		{verdict: invalid},
	}}
	for range killedCount {
		r.mutants = append(r.mutants, mutant{file: "p/p.go", function: "G", original: "g", changed: "!g", verdict: killed})
	}
	return r
}

var _ = Describe("A report", func() {
	var file string
	BeforeEach(func() {
		file = filepath.Join(GinkgoT().TempDir(), "mutation.md")
		Expect(os.WriteFile(file, []byte("# Title\n\n<!-- mutants:begin -->\n| `p` | old |\n| `q` | 3 |\n<!-- mutants:end -->\n\n- `p/p.go F: a → !a`: no difference.\n- `p/p.go F: b → !b`\n"), 0o600)).To(Succeed())
	})

	It("names survivors that the document does not explain", func() {
		explained, err := readExplained(file)
		Expect(err).NotTo(HaveOccurred())
		var out bytes.Buffer
		for _, m := range tested(18).mutants {
			m.print(&out, explained)
		}
		Expect(out.String()).To(Equal("p/p.go:8 F: b → !b (not reached)\n"))
		Expect(tested(18).String()).To(Equal("./p: 20 mutants, 18 killed (90.0 %), 1 survived, 1 not reached; 1 more do not compile"))
		Expect(tested(18).problem(explained)).To(MatchError("./p: 1 survivors are not explained"))
		explained["p/p.go F: b → !b"] = true
		Expect(tested(18).problem(explained)).To(Succeed())
	})

	It("requires a share of killed mutants, however well the others are explained", func() {
		all := map[string]bool{"p/p.go F: a → !a": true, "p/p.go F: b → !b": true}
		Expect(tested(17).problem(all)).To(MatchError(ContainSubstring("kill 89.5 % of the mutants, want 90 %")))
	})

	It("requires that an explained mutant survives", func() {
		explained := map[string]bool{"p/p.go F: a → !a": true, "p/p.go F: b → !b": true, "p/p.go G: g → !g": true, "q/q.go F: a → !a": true}
		Expect(tested(18).problem(explained)).To(MatchError("./p: explained, but killed or gone: p/p.go G: g → !g"))
	})

	It("writes its numbers into the document, and keeps those of other packages", func() {
		Expect(record(file, []result{tested(18)})).To(Succeed())
		text, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(text)).To(ContainSubstring("| `p` | 20 | 18 (90.0 %) | 2 |\n| `q` | 3 |\n"))
		Expect(string(text)).NotTo(ContainSubstring("old"))
	})
})

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("The mutants of", func(ctx context.Context, code string, expected ...string) {
	target, err := load(ctx, module(map[string]string{"p/p.go": "package p\n\n" + code}), "./p")
	Expect(err).NotTo(HaveOccurred())
	var found []string
	for _, m := range target.find("") {
		found = append(found, m.original+" → "+m.changed)
	}
	Expect(found).To(ConsistOf(expected))
},
	Entry("a comparison negate it and move its bound", "func F(a, b int) bool { return a < b }", "a < b → a >= b", "a < b → a <= b"),
	Entry("an equality negate it", "func F(a, b string) bool { return a != b }", "a != b → a == b"),
	Entry("a conjunction exchange it and negate names in it", "func F(a, b bool) bool { return a && !b }", "a && !b → a || !b", "a → !a", "b → !b"),
	Entry("a sum", "func F(a, b int) int { return a + b }", "a + b → a - b", "return a + b → return zero values"),
	Entry("a text that is put together are none of the operator", `func F(a string) (r string) { r = a + "x"; return }`, `r = a + "x" → removed`, "return → return zero values"),
	Entry("a condition that is a call", "func F(f func() bool) (n int) { if f() { n++ }; return n }", "f() → !f()", "n++ → removed", "return n → return zero values"),
	Entry("a condition of a case", "func F(a bool) int { switch { case a: return 1 }; return 0 }", "a → !a", "return 1 → return zero values"),
	Entry("a literal", "func F() (a, b bool) { return true, false }", "true → false", "false → true", "return true, false → return zero values"),
	Entry("a loop", "func F(n int) { for { if n == 0 { break }; n-- } }", "n == 0 → n != 0", "break → removed", "n-- → removed"),
	Entry("a declaration outside functions", "var a = len(\"x\") > 1 || f()\nfunc f() bool { return b }\nvar b bool\nconst c = 1 < 2",
		"len(\"x\") > 1 || f() → len(\"x\") > 1 && f()", "f() → !f()", "b → !b"),
	Entry("types are none", "func F(a any) (n int) { switch a.(type) { case bool: n++ }; return n }", "n++ → removed", "return n → return zero values"),
	Entry("several results", "func F(f func() error) (int, error) { return 1, f() }", "return 1, f() → return zero values"),
	Entry("results that are zero are none", "func F() (int, []string, error) { return 0, nil, nil }"),
	Entry("definitions and panics are none", `func F(a int) { b := a; _ = b; panic("x") }`),
)

var _ = It("A mutant is known by its file, function and change, and numbered where they are equal", func(ctx context.Context) {
	target, err := load(ctx, module(map[string]string{"p/p.go": "package p\n\nfunc F(a bool) int {\n\tif a { return 1 }\n\tif a { return 2 }\n\treturn 0\n}\n"}), "./p")
	Expect(err).NotTo(HaveOccurred())
	var keys []string
	for _, m := range target.find("p.go") {
		keys = append(keys, fmt.Sprint(m.line, " ", m.key()))
	}
	Expect(keys).To(ConsistOf(
		"4 p/p.go F: a → !a", "4 p/p.go F: return 1 → return zero values",
		"5 p/p.go F: a → !a (2)", "5 p/p.go F: return 2 → return zero values",
	))
	Expect(target.find("other.go")).To(BeEmpty())
})

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// code has mutants of all kinds, also one inside the other and over several lines.
const code = `package p

type flag bool

func Both(a, b flag) flag { return a && b }

func Clamp(n, low, high int) int {
	if n < low {
		return low
	}
	if n > high &&
		high > low {
		n = high
	}
	return n
}

func Sum(n int) (sum int) {
	for i := 1; i <= n; i++ {
		sum += i + 0
	}
	return
}

func Unused() bool { return true }
`

const test = `package p

import "testing"

func Test(t *testing.T) {
	for _, c := range [][2]int{{1, 2}, {2, 2}, {3, 3}, {9, 4}} {
		if got := Clamp(c[0], 2, 4); got != c[1] {
			t.Errorf("Clamp(%d) = %d", c[0], got)
		}
	}
	if Sum(4) != 10 || !bool(Both(true, true)) {
		t.Fail()
	}
}
`

var _ = Describe("A run", func() {
	ofModule := func(ctx context.Context, root string) (map[string]verdict, error) {
		result, err := mutate(ctx, "./p", options{root: root, workers: 2}, func(mutant) {})
		verdicts := map[string]verdict{}
		for _, m := range result.mutants {
			verdicts[m.original+" → "+m.changed] = m.verdict
		}
		return verdicts, err
	}

	It("tells which mutants the tests kill, which survive, and which they do not reach", func(ctx context.Context) {
		verdicts, err := ofModule(ctx, module(map[string]string{"p/p.go": code, "p/p_test.go": test}))
		Expect(err).NotTo(HaveOccurred())
		Expect(verdicts).To(Equal(map[string]verdict{
			"n < low → n >= low":                              killed,
			"n < low → n <= low":                              survived,
			"return low → return zero values":                 killed,
			"n > high && high > low → n > high || high > low": killed,
			"n > high → n <= high":                            killed,
			"n > high → n >= high":                            unreached,
			"high > low → high <= low":                        killed,
			"high > low → high >= low":                        unreached,
			"n = high → removed":                              killed,
			"return n → return zero values":                   killed,
			"i <= n → i > n":                                  killed,
			"i <= n → i < n":                                  killed,
			"sum += i + 0 → removed":                          killed,
			"i + 0 → i - 0":                                   survived,
			"return → return zero values":                     killed,
			"a && b → a || b":                                 invalid,
			"a → !a":                                          invalid,
			"b → !b":                                          invalid,
			"true → false":                                    unreached,
		}))
	})

	It("does not change the tree", func(ctx context.Context) {
		root := module(map[string]string{"p/p.go": code, "p/p_test.go": test})
		_, err := ofModule(ctx, root)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.ReadFile(filepath.Join(root, "p", "p.go"))).To(BeEquivalentTo(code))
		Expect(filepath.Glob(filepath.Join(root, "p", "*"))).To(HaveLen(2))
	})

	It("ends when the tests fail without a mutant", func(ctx context.Context) {
		_, err := ofModule(ctx, module(map[string]string{"p/p.go": code, "p/p_test.go": "package p\n\nimport \"testing\"\n\nfunc Test(t *testing.T) { t.Fatal(\"broken\") }\n"}))
		Expect(err).To(MatchError(And(ContainSubstring("fail without a mutant"), ContainSubstring("broken"))))
	})

	It("ends when the package does not compile", func(ctx context.Context) {
		_, err := ofModule(ctx, module(map[string]string{"p/p.go": "package p\n\nvar a int = \"b\"\n"}))
		Expect(err).To(MatchError(ContainSubstring("p.go:3")))
	})
})

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var root = filepath.Join("..", "..")

var (
	// reasonHeading is the heading of a reason in docs/troubleshooting.md; no other heading has
	// this level.
	reasonHeading = regexp.MustCompile(`(?m)^#### (.*)$`)
	// shownMessage is a message below such a heading: a line of code that is no command.
	shownMessage = regexp.MustCompile(`(?m)^    ([^ ].*)$`)
	command      = regexp.MustCompile(`^(kubectl|gloo-operator) `)
	// verb is a verb of a format string.
	verb = regexp.MustCompile(`%[-+#0-9.\[\]]*[a-zA-Z%]`)
)

var _ = Describe("Troubleshooting", func() {
	var text string
	BeforeEach(func() {
		content, err := os.ReadFile(filepath.Join(root, "docs", "troubleshooting.md"))
		Expect(err).NotTo(HaveOccurred())
		text = string(content)
	})

	It("has a section for each reason, and for no other", func() {
		all, err := constants(filepath.Join(root, constantsFile))
		Expect(err).NotTo(HaveOccurred())
		var described []string
		for _, match := range reasonHeading.FindAllStringSubmatch(text, -1) {
			described = append(described, match[1])
		}
		Expect(len(described)).To(BeNumerically(">", 50))
		Expect(described).To(ConsistOf(reasonsOf(all)))
	})

	It("shows messages that the operator has", func() {
		_, reasons, _ := strings.Cut(text, "\n## Reasons\n")
		fragments := messageFragments()
		shown := 0
		for _, match := range shownMessage.FindAllStringSubmatch(reasons, -1) {
			if message := match[1]; !command.MatchString(message) {
				shown++
				Expect(partOf(message, fragments)).To(BeNumerically(">=", 0.3), "the rest is names and quotes: "+message)
			}
		}
		Expect(shown).To(BeNumerically(">", 30))
	})
})

// messageFragments are the texts between the verbs of all strings in the operator's code.
func messageFragments() []string {
	GinkgoHelper()
	var fragments []string
	Expect(filepath.WalkDir(filepath.Join(root, "internal"), func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				value, err := strconv.Unquote(literal.Value)
				Expect(err).NotTo(HaveOccurred())
				fragments = append(fragments, verb.Split(value, -1)...)
			}
			return true
		})
		return nil
	})).To(Succeed())
	return fragments
}

// partOf is how much of a message is in fragments of at least six characters.
func partOf(message string, fragments []string) float64 {
	covered := make([]bool, len(message))
	for _, fragment := range fragments {
		if len(fragment) < 6 {
			continue
		}
		for at, from := strings.Index(message, fragment), 0; at >= 0; at = strings.Index(message[from:], fragment) {
			for i := range len(fragment) {
				covered[from+at+i] = true
			}
			from += at + len(fragment)
		}
	}
	count := 0
	for _, c := range covered {
		if c {
			count++
		}
	}
	return float64(count) / float64(len(message))
}

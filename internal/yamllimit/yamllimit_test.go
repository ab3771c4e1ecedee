// SPDX-License-Identifier: Apache-2.0

package yamllimit_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/yamllimit"
	"github.com/gloo-operator/gloo-operator/test/harness/memory"
)

func TestYAMLLimit(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Limits of YAML")
}

// asUTF16 is a text in big endian UTF-16 with a byte order mark.
func asUTF16(text string) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out.WriteString(string([]byte{byte(unit >> 8), byte(unit)}))
	}
	return out.String()
}

var _ = DescribeTable("A plain document", func(document, message string) {
	err := yamllimit.CheckPlain([]byte(document))
	if message == "" {
		Expect(err).NotTo(HaveOccurred())
		return
	}
	Expect(err).To(MatchError(ContainSubstring(message)))
},
	Entry("is taken", "a: [b, c]\n", ""),
	Entry("may have anchors that nothing names", "a: &a b\n", ""),
	Entry("may have the characters in texts", "a: \"&b\"\nc: '*d'\ne: f & g *h*\n", ""),
	Entry("may have the characters in comments", "a: b # &c *c\n", ""),
	Entry("has no alias of a text", "a: &a b\nc: *a\n", "YAML aliases"),
	Entry("has no alias of a section", "a: &a {b: c}\nd:\n  <<: *a\n", "YAML aliases"),
	Entry("has no alias as a key", "a: &a b\n*a : c\n", "YAML aliases"),
	Entry("has no alias in another encoding", asUTF16("a: &a b\nc: *a\n"), "not UTF-8"),
	Entry("has no alias of what is not known", "a: &a b\nc: *d\n", "unknown anchor"),
	Entry("is no YAML that may have an alias", "a: &a b\nc: [*a\n", "yaml: "),
	Entry("is not too long", strings.Repeat("- a\n", yamllimit.MaxValues), "more than"),
	Entry("is not too long on one line", "["+strings.Repeat("1,", yamllimit.MaxValues+1)+"]", "more than"),
)

// shapes are documents in which each byte is worth most.
var shapes = []struct{ begin, part, end string }{
	{"[", "1,", "]"}, {"[", "[],", "]"}, {"[", "{},", "]"}, {"[", "a: b,", "]"}, {"{", "?,", "}"}, {"", "- a\n", ""}, {"", "-\n", ""},
	{"", "- - - a\n", ""}, {"", "- ? a\n", ""}, {"", "- a: b\n", ""}, {"", "- a\r", ""}, {"", "- a\u0085", ""}, {"", "- a\u2028", ""},
	{"[", "\"a\":b,", "]"}, {"[", "{a: b},", "]"}, {"[", "? a : b,", "]"},
}

// fill is a document of a shape that counts up to that.
func fill(begin, part, end string, count int) []byte {
	times := count/yamllimit.Count([]byte(part)) - 2
	return []byte(begin + strings.Repeat(part, times) + end)
}

func nodes(node *yaml.Node) int {
	count := 1
	for _, child := range node.Content {
		count += nodes(child)
	}
	return count
}

var _ = It("The count is at least a third of the values", func() {
	for _, shape := range shapes {
		document := fill(shape.begin, shape.part, shape.end, 900)
		root := yaml.Node{}
		if err := yaml.Unmarshal(document, &root); err != nil {
			continue // Not all of what YAML 1.1 allows is read by this parser.
		}
		Expect(nodes(&root)).To(BeNumerically("<=", 3*yamllimit.Count(document)+3), shape.part)
	}
})

var _ = It("As many values as may be read take less memory than an input may", func() {
	for _, shape := range shapes {
		document := fill(shape.begin, shape.part, shape.end, yamllimit.MaxValues)
		Expect(yamllimit.CheckPlain(document)).To(Succeed())
		Expect(memory.Peak(func() {
			var decoded any
			_ = sigsyaml.Unmarshal(document, &decoded)
		})).To(BeNumerically("<", memory.Limit), shape.part)
	}
})

var _ = DescribeTable("The size of a document with aliases", func(document string, want yamllimit.Size) {
	Expect(yamllimit.Expanded([]byte(document))).To(Equal(want))
},
	Entry("is zero where it can have none", "a: b\n", yamllimit.Size{}),
	Entry("has what aliases stand for", "a: &a text\nb: [*a, *a]\n", yamllimit.Size{Values: 10, Bytes: 1 + 4 + 1 + 3*0 + 2*5}),
	Entry("has no end where an alias stands for itself", "a: &a [*a]\n", yamllimit.Size{Values: 1 << 40, Bytes: 1 << 40}),
)

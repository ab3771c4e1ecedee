// SPDX-License-Identifier: Apache-2.0

package values_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/values"
)

// typed is a chart with these defaults.
type typed struct {
	reader
	defaults tree
}

func (t typed) Default(path []string) (any, bool) {
	var node any = t.defaults
	for _, key := range path {
		section, _ := node.(tree)
		next, ok := section[key]
		if !ok {
			return nil, false
		}
		node = next
	}
	return node, true
}

var typedChart = values.Chart{Component: "istiod", Reader: typed{reader{"env", "on", "count", "name", "list", "tolerations", "imagePullSecrets", "any"}, tree{
	"env": tree{}, "on": false, "count": int64(1), "name": "", "list": []any{}, "tolerations": []any{}, "imagePullSecrets": []any{}, "any": nil,
	"global": tree{"deep": tree{"on": true}},
}}}

var _ = DescribeTable("A value of the wrong type is reported with its path:", func(written tree, message string) {
	_, err := merge(typedChart, written)
	Expect(err).To(MatchError("first: " + message))
},
	Entry("in the chart's section", tree{"pilot": tree{"count": "x"}}, "pilot.count must be a number, not a string"),
	Entry("at the root", tree{"count": []any{}}, "pilot.count must be a number, not a list"),
	Entry("deeper", tree{"global": tree{"deep": tree{"on": int64(1)}}}, "global.deep.on must be true or false, not a number"),
	Entry("for a section", tree{"global": tree{"deep": "x"}}, "global.deep must be a map, not a string"),
	Entry("for an empty section", tree{"env": []any{}}, "pilot.env must be a map, not a list"),
	Entry("in an empty section", tree{"env": tree{"A": tree{}}}, "pilot.env.A must be a string, not a map"),
	Entry("for a list", tree{"list": tree{}}, "pilot.list must be a list, not a map"),
	Entry("in a list of sections", tree{"tolerations": []any{"x"}}, "pilot.tolerations.0 must be a map, not a string"),
	Entry("in a list of texts", tree{"imagePullSecrets": []any{"a", tree{}}}, "pilot.imagePullSecrets.1 must be a string, not a map"),
	Entry("for a text", tree{"name": tree{"a": "b"}}, "pilot.name must be a string, not a map"),
	Entry("for a boolean", tree{"on": "yes"}, "pilot.on must be true or false, not a string"),
	Entry("for a number", tree{"count": true}, "pilot.count must be a number, not a boolean"),
)

var _ = DescribeTable("A value of ztunnel is reported where users write it:", func(written tree, message string) {
	chart := values.Chart{Component: "ztunnel", Reader: typed{reader{"logLevel"}, tree{"logLevel": "", "global": tree{"hub": ""}}}}
	_, err := merge(chart, written)
	Expect(err).To(MatchError("first: " + message))
},
	Entry("in its section", tree{"ztunnel": tree{"logLevel": tree{}}}, "ztunnel.logLevel must be a string, not a map"),
	Entry("at a root that is shared", tree{"global": tree{"hub": tree{}}}, "global.hub must be a string, not a map"),
)

var _ = DescribeTable("A value of a fitting kind stays:", func(written, want tree) {
	merged, err := merge(typedChart, tree{"pilot": written})
	Expect(err).NotTo(HaveOccurred())
	Expect(merged.Values["pilot"]).To(Equal(want))
},
	Entry("a number for a text", tree{"name": 1.5}, tree{"name": 1.5}),
	Entry("a boolean for a text", tree{"name": true}, tree{"name": true}),
	Entry("a boolean for a boolean", tree{"on": true}, tree{"on": true}),
	Entry("a text that is a number", tree{"count": "-3"}, tree{"count": "-3"}),
	Entry("a percentage", tree{"count": "50%"}, tree{"count": "50%"}),
	Entry("null for anything", tree{"env": nil, "list": nil}, tree{"env": nil, "list": nil}),
	Entry("anything where the default is null", tree{"any": tree{"a": []any{}}}, tree{"any": tree{"a": []any{}}}),
	Entry("anything that has no default", tree{"unknown": []any{tree{}}}, tree{"unknown": []any{tree{}}}),
)

var _ = It("A value in another section has no default in the chart's own", func() {
	_, err := merge(typedChart, tree{"global": tree{"count": "x"}})
	Expect(err).NotTo(HaveOccurred())
})

var _ = It("A boolean in quotes is made one, since a template takes any text for true", func() {
	merged, err := merge(typedChart, tree{"on": "false"})
	Expect(err).NotTo(HaveOccurred())
	Expect(merged.Values["pilot"]).To(Equal(tree{"on": false}))
})

// nested is a value in so many sections.
func nested(levels int) tree {
	inner := tree{"a": "x"}
	for range levels - 1 {
		inner = tree{"a": inner}
	}
	return inner
}

var _ = Describe("The limits of values", func() {
	many := func(count int) tree {
		list := make([]any, count)
		return tree{"list": list}
	}

	DescribeTable("end at", func(within, beyond tree, message string) {
		Expect(values.Check(within)).To(Succeed())
		Expect(values.Check(beyond)).To(MatchError(ContainSubstring(message)))
	},
		Entry("a depth", nested(values.MaxDepth), nested(values.MaxDepth+1), "more than 64 levels deep"),
		Entry("a number", many(values.MaxCount-2), many(values.MaxCount), "more than 5000 values"),
		Entry("control characters in texts", tree{"a": "tab\tand\nline\r\n"}, tree{"a": tree{"b": "\x07"}}, "a.b contains control characters"),
		Entry("what is no UTF-8", tree{"a": "ü"}, tree{"a": "\xff"}, "a contains control characters"),
		Entry("line breaks in keys at the root", tree{"a b": "x"}, tree{"b\nc": "x"}, "the root of the values has keys that contain line breaks"),
		Entry("line breaks in keys", tree{"a b": "x"}, tree{"a": tree{"b\nc": "x"}}, "a has keys that contain line breaks"),
	)

	It("end at a length", func() {
		Expect(values.CheckText(values.MaxBytes)).To(Succeed())
		Expect(values.CheckText(values.MaxBytes + 1)).To(MatchError(ContainSubstring("are too large, the limit is 262144")))
		Expect(values.CheckExpanded(values.MaxBytes)).To(Succeed())
		Expect(values.CheckExpanded(values.MaxBytes + 1)).To(MatchError(ContainSubstring("aliases that stand for more than 262144 bytes")))
	})
})

var _ = Describe("A message", func() {
	const secret = "s3cr3t-and-long"
	redactor := values.NewRedactor([]values.Layer{
		{FromUser: true, Values: tree{
			"a":        tree{"token": secret, "lines": "one line of it\nanother line", "short": "abc", "url": "namespace: https://hunter2-hunter2@host", "list": []any{"in-a-list-12345"}, "port": int64(54321), "code": int64(404), "word": "is Passw0rd", "eight": "abcd1234"},
			"prefixes": tree{"1": "p-123456", "2": "p-1234567", "3": "p-12345678", "4": "p-123456789", "5": "p-1234567890", "6": "p-12345678901"},
			"on":       true, "n": int64(3), "platform": "true",
		}},
		{Values: tree{"b": "the operator's own"}},
	})

	DescribeTable("tells no value:", func(message, want string) { Expect(redactor.Redact(message)).To(Equal(want)) },
		Entry("a text", "unknown platform "+secret, "unknown platform [a.token]"),
		Entry("a text within another", "x"+secret+"y", "x[a.token]y"),
		Entry("an item of a list", "bad: in-a-list-12345", "bad: [a.list]"),
		Entry("a long number", "port 54321", "port [a.port]"),
		Entry("a short text that stands alone", "got 'abc'", "got '[a.short]'"),
		Entry("a short text at the beginning", "abc is bad", "[a.short] is bad"),
		Entry("a text of eight characters within another", "xabcd1234y", "x[a.eight]y"),
		Entry("a word of eight characters of a text", "not Passw0rd", "not [a.word]"),
		Entry("a text rather than a shorter one that it begins with", "p-12345678901 p-1234567890 p-123456789 p-12345678 p-1234567 p-123456",
			"[prefixes.6] [prefixes.5] [prefixes.4] [prefixes.3] [prefixes.2] [prefixes.1]"),
		Entry("but what holds a short text by chance", "the abcd", "the abcd"),
		Entry("but numbers of three digits", "status 404", "status 404"),
		Entry("but booleans and short numbers", "true: line 3", "true: line 3"),
		Entry("but what the operator wrote", "the operator's own", "the operator's own"),
		Entry("a text with its line breaks gone", "one line of it another line", "[a.lines]"),
		Entry("a text with its line breaks quoted", `"one line of it\nanother line"`, `"[a.lines]"`),
		Entry("what the API server quotes", `cpu: Invalid value: "x \"y\" z": must be`, "cpu: Invalid value: must be"),
		Entry("a section that the API server quotes", `env: Invalid value: {"name":"q","value":"r"}: must be`, "env: Invalid value: must be"),
		Entry("a part of a text", "not a scheme: hunter2-hunter2", "not a scheme: [a.url]"),
		Entry("but a word of the language that stands in one", "outside the namespace", "outside the namespace"),
		Entry("a number that the API server quotes", `replicas: Invalid value: -12: must be`, "replicas: Invalid value: must be"),
		Entry("a choice that the API server quotes", `type: Unsupported value: "q": supported values: "A"`, `type: Unsupported value: supported values: "A"`),
	)

	It("is no longer than anybody reads", func() {
		fits := strings.Repeat("a long text ", 100)[:1000]
		Expect(redactor.Redact(fits)).To(Equal(fits))
		Expect(redactor.Redact(fits + "x")).To(Equal(fits + "…"))
	})
})

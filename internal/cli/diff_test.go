// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/cli"
	"github.com/gloo-operator/gloo-operator/internal/controller"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/object"
)

var istiodKey = object.Key{GVK: schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, Namespace: "istio-system", Name: "istiod"}

// ofIstiod changes istiod in those fields.
func ofIstiod(fields ...apply.Field) apply.Difference {
	return apply.Difference{Key: istiodKey, Effect: apply.EffectChanged, Fields: fields}
}

func printed(coloured bool, differences ...apply.Difference) string {
	GinkgoHelper()
	var out bytes.Buffer
	Expect(cli.PrintDifferences(&out, coloured, differences)).To(Succeed())
	return out.String()
}

var _ = Describe("diff prints", func() {
	It("a paragraph for each object, and the summary", func() {
		restarting := ofIstiod(apply.Field{Path: ".a", Before: "b", After: "c"})
		restarting.RestartsPods = true
		role := object.Key{GVK: schema.GroupVersionKind{Kind: "ClusterRole"}, Name: "r"}
		Expect(printed(false, apply.Difference{Key: role, Effect: apply.EffectAdded}, restarting, apply.Difference{Key: role, Effect: apply.EffectRemoved})).To(Equal(`+ ClusterRole r: added

~ Deployment istio-system/istiod: changed, pods restart
  ~ .a: "b" → "c"

- ClusterRole r: removed

1 object added, 1 changed, 1 removed; pods restart: Deployment istio-system/istiod
`))
	})

	It("that nothing changes", func() { Expect(printed(true)).To(Equal("nothing changes\n")) })

	DescribeTable("a field", func(field apply.Field, want string) {
		_, lines, _ := strings.Cut(printed(false, ofIstiod(field)), "\n")
		shown, _, _ := strings.Cut(lines, "\n\n")
		Expect(shown).To(Equal(strings.Trim(want, "\n")))
	},
		Entry("that changes", apply.Field{Path: ".a", Before: true, After: int64(3)}, "  ~ .a: true → 3"),
		Entry("that comes", apply.Field{Path: ".a", After: "b"}, `  + .a: "b"`),
		Entry("that goes", apply.Field{Path: ".a", Before: "b"}, `  - .a: "b"`),
		Entry("that is secret", apply.Field{Path: ".data.a", Hidden: true}, "  ~ .data.a (not shown)"),
		Entry("that is a section", apply.Field{Path: ".a", After: map[string]any{"b": "c", "d": []any{int64(1)}}}, `
  + .a
      + b: c
      + d:
      + - 1
`),
		Entry("that is a list in another order", apply.Field{Path: ".a", Before: []any{"x", "z"}, After: []any{"z", "x"}}, `
  ~ .a
      + - z
        - x
      - - z
`),
		Entry("of several lines", apply.Field{Path: ".a", Before: "1\n2\n3\n4\n5\nold\n6", After: "1\n2\n3\n4\n5\nnew\n6"}, `
  ~ .a
        3
        4
        5
      - old
      + new
        6
`),
		Entry("with changes far from each other", apply.Field{Path: ".a", Before: "a\n1\n2\n3\n4\n5\n6\n7\nb", After: "A\n1\n2\n3\n4\n5\n6\n7\nB"}, `
  ~ .a
      - a
      + A
        1
        2
        3
      …
        5
        6
        7
      - b
      + B
`),
		Entry("of which a newline at the end is new", apply.Field{Path: ".a", Before: "1\n2", After: "1\n2\n"}, `
  ~ .a
        1
        2
      +
`),
	)

	It("colours on terminals", func() {
		text := printed(true, ofIstiod(apply.Field{Path: ".a", After: "b"}, apply.Field{Path: ".c", Before: "d"}))
		Expect(text).To(ContainSubstring("\x1b[33m~ Deployment istio-system/istiod: changed\x1b[0m\n"))
		Expect(text).To(ContainSubstring("  \x1b[32m+ .a: \"b\"\x1b[0m\n"))
		Expect(text).To(ContainSubstring("  \x1b[31m- .c: \"d\"\x1b[0m\n"))
		Expect(printed(false, ofIstiod())).NotTo(ContainSubstring("\x1b"))
	})
})

var _ = Describe("diff --output json prints", func() {
	document := func(outlook controller.DiffResult) string {
		GinkgoHelper()
		var out bytes.Buffer
		Expect(cli.PrintJSON(&out, &outlook)).To(Succeed())
		return out.String()
	}

	It("everything", func() {
		changed := ofIstiod(apply.Field{Path: ".a", Before: "<b>", After: int64(1)}, apply.Field{Path: ".s", Hidden: true})
		changed.RestartsPods = true
		Expect(document(controller.DiffResult{
			Version: "1.29.1", Differences: []apply.Difference{changed}, Blockers: []string{"o"}, Notices: []string{"n"},
			UpgradeNotes: []istio.UpgradeNote{{Title: "t", Content: "c"}},
		})).To(MatchJSON(`{"version": "1.29.1", "obstacles": ["o"], "notices": ["n"], "upgradeNotes": [{"title": "t", "content": "c"}],
			"summary": "1 object changed; pods restart: Deployment istio-system/istiod", "differences": [
			{"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "istio-system", "name": "istiod", "effect": "Changed", "restartsPods": true,
			 "fields": [{"path": ".a", "before": "<b>", "after": 1}, {"path": ".s", "hidden": true}]}]}`))
	})

	It("lists also where there is nothing", func() {
		Expect(document(controller.DiffResult{})).To(MatchJSON(`{"version": "", "summary": "nothing changes", "differences": [], "obstacles": [], "notices": [], "upgradeNotes": []}`))
	})
})

var _ = DescribeTable("The exit code is", func(code int, message, stdin string, arguments ...string) {
	var errOut bytes.Buffer
	root := cli.NewRoot()
	root.SetArgs(arguments)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&bytes.Buffer{})
	root.SetErr(&errOut)
	Expect(cli.Execute(context.Background(), root)).To(Equal(code))
	Expect(errOut.String()).To(ContainSubstring(message))
},
	Entry("0 after success", 0, "", minimal, "render", "-f", "-"),
	Entry("1 after an error of most commands", 1, "error: ", "", "render", "-f", "-"),
	Entry("2 after an error of diff", 2, "error: standard input holds no ServiceMeshController", "", "diff", "-f", "-"),
	Entry("2 where diff has no file", 2, `error: required flag(s) "filename" not set`, "", "diff"),
	Entry("2 where diff cannot print so", 2, `error: --output must be text or json, not "yaml"`, minimal, "diff", "-f", "-", "--output", "yaml"),
	Entry("2 where diff has no kubeconfig", 2, "error: reading the kubeconfig: ", minimal, "diff", "-f", "-", "--kubeconfig", "nowhere"),
	Entry("2 where nobody answers", 2, "connection refused", minimal, "diff", "-f", "-", "--kubeconfig", "testdata/nobody.kubeconfig"),
	Entry("2 where the manifest is refused", 2, "spec.distribution: Unsupported value", minimal+"  distribution: Fips\n", "diff", "-f", "-"),
)

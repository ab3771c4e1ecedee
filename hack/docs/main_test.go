// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/metrics"
	"github.com/gloo-operator/gloo-operator/internal/preflight"
)

const opened, closed = "<!-- releases:begin -->\n", "<!-- releases:end -->"

var _ = It("The table lists checks, in their order, as Markdown can show them", func() {
	Expect(checks([]preflight.Check{
		{Reason: "A", Blocking: true, Title: "a|b", Why: "c", Fix: "kubectl -n <namespace> x", Source: "e"}, {Reason: "B"},
	})).To(HaveSuffix("|\n| `A` | a\\|b | **stops** | c | kubectl -n &lt;namespace&gt; x | e |\n| `B` |  | warns |  |  |  |\n"))
})

var _ = It("Each check has a section", func() {
	Expect(findings([]preflight.Check{{Reason: "A", Blocking: true, Title: "It is <old>"}, {Reason: "B", Title: "Two"}})).
		To(Equal("#### A\n\nStops: It is &lt;old&gt;.\n\n#### B\n\nWarns: Two.\n\n"))
})

var _ = It("The table lists metrics", func() {
	Expect(measured([]metrics.Metric{{Name: "a", Type: "gauge", Labels: []string{"b", "c"}, Help: "d|e."}})).To(HaveSuffix("|\n| `a` | gauge | b, c | d\\|e. |\n"))
})

var _ = It("The table lists alerts, with links to what is said of each", func() {
	file := filepath.Join(GinkgoT().TempDir(), "alerts.yaml")
	Expect(os.WriteFile(file, []byte(`groups: [{rules: [{alert: Bad, expr: 'x{a=~"b|c"} > 0', for: 5m, labels: {severity: warning}}]}]`), 0o600)).To(Succeed())
	Expect(alerts(file)).To(HaveSuffix("|\n| [Bad](#bad) | warning | 5m | `x{a=~\"b\\|c\"} > 0` |\n"))
	_, err := alerts(file + "x")
	Expect(err).To(MatchError(os.ErrNotExist))
})

var _ = It("The table lists releases, newest first", func() {
	Expect(releases([]istio.Release{
		{Version: "1.1.0", Kubernetes: istio.MinorRange{Min: 29, Max: 32}, GatewayAPI: "v1.0.0"},
		{Version: "1.2.0", Kubernetes: istio.MinorRange{Min: 30, Max: 33}, GatewayAPI: "v1.1.0", Note: "a branch"},
	})).To(Equal("| Istio | Kubernetes | Gateway API | Note |\n|---|---|---|---|\n" +
		"| 1.2.0 | 1.30 – 1.33 | v1.1.0 | a branch |\n| 1.1.0 | 1.29 – 1.32 | v1.0.0 |  |\n"))
})

var _ = It("A file is shown as code of its language", func() {
	file := filepath.Join(GinkgoT().TempDir(), "a.lua")
	Expect(os.WriteFile(file, []byte("return 1\n"), 0o600)).To(Succeed())
	Expect(included(file)()).To(Equal("```lua\nreturn 1\n```\n"))
	_, err := included(file + "x")()
	Expect(err).To(MatchError(os.ErrNotExist))
})

var _ = It("A document without tables is left alone", func() {
	Expect(replaceTables("a\n" + closed)).To(Equal("a\n" + closed))
})

var _ = Describe("A document", func() {
	var file string
	BeforeEach(func() {
		file = filepath.Join(GinkgoT().TempDir(), "README.md")
		Expect(os.WriteFile(file, []byte(opened+"old\n"+closed), 0o600)).To(Succeed())
	})
	read := func() string {
		GinkgoHelper()
		content, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		return string(content)
	}

	It("is brought up to date, and then left alone", func() {
		var out bytes.Buffer
		Expect(run([]string{file}, false, &out)).To(Succeed())
		Expect(out.String()).To(Equal("updated " + file + "\n"))
		Expect(read()).To(ContainSubstring("| " + istio.Versions()[0] + " |"))
		out.Reset()
		Expect(run([]string{file}, false, &out)).To(Succeed())
		Expect(out.String()).To(BeEmpty())
		Expect(run([]string{file}, true, &out)).To(Succeed())
	})

	It("that is stale fails the check, which writes nothing", func() {
		Expect(run([]string{file}, true, &bytes.Buffer{})).To(MatchError(ContainSubstring("stale")))
		Expect(read()).To(ContainSubstring("old"))
	})

	It("that is not there is an error", func() {
		Expect(run([]string{"nowhere.md"}, true, &bytes.Buffer{})).To(MatchError(os.ErrNotExist))
	})
})

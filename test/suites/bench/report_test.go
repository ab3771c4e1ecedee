// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/suites/bench"
)

var _ = Describe("A report", func() {
	result := func(work, tool string, seconds float64, requests int) bench.Result {
		return bench.Result{Work: work, Tool: tool, Took: time.Duration(seconds * float64(time.Second)), Requests: requests}
	}
	rows := func(table string) []string { return strings.Split(strings.TrimSpace(table), "\n")[2:] }

	It("compares medians, work by work, and tells which goal was missed", func() {
		report := &bench.Report{Comparisons: bench.Compare([]bench.Result{
			result(bench.Install, bench.Ours, 2, 80), result(bench.Install, "helm", 10, 156), result(bench.Install, "bound", 1.5, 50),
			result(bench.Upgrade, bench.Ours, 3, 90), result(bench.Upgrade, "helm", 8, 100), result(bench.Upgrade, "istioctl", 4, 80),
			result(bench.Install, bench.Ours, 1, 82), result(bench.Install, "helm", 12, 158), result(bench.Install, "bound", 1.7, 50),
			result(bench.Install, bench.Ours, 9, 81), result(bench.Install, "helm", 8, 160), result(bench.Install, "bound", 1.6, 50),
		})}
		Expect(rows(report.Compared())).To(Equal([]string{
			"| install | gloo-operator | 2.00 (1.00 – 9.00) | 81 |  |  |",
			"| install | helm | 10.00 (8.00 – 12.00) | 158 | 0.20 | ≤ 0.20 |",
			"| install | bound | 1.60 (1.50 – 1.70) | 50 | 1.25 | ≤ 1.25 |",
			"| upgrade | gloo-operator | 3.00 (3.00 – 3.00) | 90 |  |  |",
			"| upgrade | helm | 8.00 (8.00 – 8.00) | 100 | 0.38 | ≤ 0.30, **missed** |",
			"| upgrade | istioctl | 4.00 (4.00 – 4.00) | 80 | 0.75 |  |",
		}))
	})

	It("shows figures with their units and goals", func() {
		most := func(value float64) *float64 { return &value }
		report := &bench.Report{Figures: []bench.Figure{
			{Name: "drift", Unit: "ms", Values: bench.SpreadOf(40, 30, 80, 50), Goal: most(60)},
			{Name: "memory", Unit: "MiB", Values: bench.SpreadOf(71.26), Goal: most(60)},
			{Name: "requests", Values: bench.SpreadOf(0), Goal: most(0)},
			{Name: "renewals", Values: bench.SpreadOf(1234)},
		}}
		Expect(rows(report.Measured())).To(Equal([]string{
			"| drift | 45 ms | 30 – 80 | ≤ 60 ms |",
			"| memory | 71.3 MiB |  | ≤ 60 MiB, **missed** |",
			"| requests | 0 |  | ≤ 0 |",
			"| renewals | 1234 |  |  |",
		}))
	})

	It("says where and with what, and is read as it was written", func() {
		report := &bench.Report{
			Machine: "2 cores", Rounds: 5, Nodes: 10, Versions: map[string]string{"istio": "1.29.1", "go": "1.26"},
			Comparisons: bench.Compare([]bench.Result{result(bench.Install, bench.Ours, 2, 80)}),
		}
		Expect(report.Setting()).To(Equal("5 rounds on 2 cores, with 10 simulated nodes: go 1.26, istio 1.29.1.\n"))
		file := filepath.Join(GinkgoT().TempDir(), "report.json")
		Expect(report.Write(file)).To(Succeed())
		Expect(bench.Read(file)).To(Equal(report))
	})
})

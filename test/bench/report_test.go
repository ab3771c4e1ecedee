// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/bench"
)

var _ = Describe("The table", func() {
	It("has medians, extremes and ratios, work by work", func() {
		result := func(work, tool string, seconds float64, requests int) bench.Result {
			return bench.Result{Work: work, Tool: tool, Took: time.Duration(seconds * float64(time.Second)), Requests: requests}
		}
		out := &strings.Builder{}
		Expect(bench.Table(out, []bench.Result{
			result("install", bench.Ours, 2, 80), result("install", "helm", 10, 156),
			result("upgrade", bench.Ours, 3, 90),
			result("install", bench.Ours, 1, 82), result("install", "helm", 12, 158),
			result("install", bench.Ours, 9, 81), result("install", "helm", 8, 160),
		})).To(Succeed())
		Expect(strings.Split(out.String(), "\n")[2:]).To(Equal([]string{
			"| install | gloo-operator | 2.00 (1.00 – 9.00) | 81 |  |",
			"| install | helm | 10.00 (8.00 – 12.00) | 158 | 0.20 |",
			"| upgrade | gloo-operator | 3.00 (3.00 – 3.00) | 90 |  |",
			"",
		}))
	})
})

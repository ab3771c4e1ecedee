// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/suites/bench"
)

var (
	rounds  = flag.Int("rounds", 0, "how often each tool does each work; 0: only the report is tested")
	nodes   = flag.Int("nodes", 10, "number of simulated nodes")
	samples = flag.Int("samples", 5, "how often in each round something is deleted and overwritten, and how often the operator is started")
	quiet   = flag.Duration("quiet", time.Minute, "how long the operator is watched while nothing happens")
	large   = flag.Int("large", 0, "number of simulated nodes of a large cluster; 0: none")
	binary  = flag.String("operator", "", "the operator's binary")
	image   = flag.String("image", "", "OCI image layout of the operator; empty: its size is not told")
	out     = flag.String("report", "", "file for the report; empty: it is only printed")
)

// The versions of the works.
const (
	before  = "1.28.2"
	version = "1.29.1"
)

func TestBench(t *testing.T) { Run(t, "Benchmark") }

var (
	env     *Env
	results []bench.Result
)

// Each tool does each work on a cluster of its own, and they take turns.
var _ = Describe("Round", Ordered, func() {
	for round := range *rounds {
		for _, t := range tools {
			It(fmt.Sprintf("%d of %s: %s", round+1, t.name, bench.Install), func(ctx SpecContext) {
				env = New(ctx, withNodes(*nodes))
				prepare(t)
				measure(bench.Install, t, version)
				if t.name == bench.Ours {
					drift()
				}
			})
			It(fmt.Sprintf("%d of %s: %s", round+1, t.name, bench.Upgrade), func(ctx SpecContext) {
				env = New(ctx, withNodes(*nodes))
				prepare(t)
				t.making(before)()
				measure(bench.Upgrade, t, version)
			})
		}
	}
})

func withNodes(count int) func(*cluster.Options) {
	return func(o *cluster.Options) { o.Nodes, o.Cilium = count, false }
}

func prepare(t tool) {
	if t.prepare != nil {
		t.prepare()
	}
}

var _ = AfterSuite(func() {
	if *rounds == 0 {
		return
	}
	if *image != "" {
		weigh()
	}
	report := &bench.Report{
		Machine: machine(), Versions: versions(), Rounds: *rounds, Nodes: *nodes,
		Comparisons: bench.Compare(results), Figures: figures(),
	}
	fmt.Printf("\n%s\n%s\n%s\n", report.Setting(), report.Compared(), report.Measured())
	if *out != "" {
		Expect(report.Write(*out)).To(Succeed())
	}
})

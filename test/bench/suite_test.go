// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/bench"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/operatortest"
)

var (
	rounds = flag.Int("rounds", 0, "how often each tool does each work; 0: only the report is tested")
	nodes  = flag.Int("nodes", 10, "number of simulated nodes")
	out    = flag.String("table", "", "file for the table; empty: standard output")
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

// Each tool works on a cluster of its own, and they take turns.
var _ = Describe("Round", func() {
	for round := range *rounds {
		for _, t := range tools {
			It(fmt.Sprintf("%d of %s", round+1, t.name), func(ctx SpecContext) {
				env = New(ctx, func(o *cluster.Options) { o.Nodes = *nodes })
				results = append(results, t.works()...)
			})
		}
	}
})

var _ = AfterSuite(func() {
	if *rounds == 0 {
		return
	}
	file := os.Stdout
	if *out != "" {
		var err error
		file, err = os.Create(*out)
		Expect(err).NotTo(HaveOccurred())
		defer file.Close()
	}
	Expect(bench.Table(file, results)).To(Succeed())
})

// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"flag"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// resultsFile is where the counts go, for hack/reliability.
var resultsFile = flag.String("results", "", "write what was covered to that file, for hack/reliability")

// write writes how many objects of each mesh were reverted after which
// manipulation, where the flag says.
func write(all []*scenario) {
	GinkgoHelper()
	columns := []string{"Istio", "Objects"}
	for _, group := range groups {
		for _, m := range group {
			columns = append(columns, m.name)
		}
	}
	rows := [][]string{}
	for _, s := range all {
		rows = append(rows, s.row(columns[2:]))
	}
	Expect(WriteResults(*resultsFile, "drift", append(columns, "requests"), rows)).To(Succeed())
}

// row counts what was reverted of a mesh, and the requests for it.
func (s *scenario) row(manipulations []string) []string {
	row := []string{s.name, strconv.Itoa(len(s.targets))}
	for _, name := range manipulations {
		back := 0
		for _, result := range s.results {
			if err, done := result[name]; done && err == nil {
				back++
			}
		}
		row = append(row, strconv.Itoa(back))
	}
	return append(row, strconv.Itoa(s.requests))
}

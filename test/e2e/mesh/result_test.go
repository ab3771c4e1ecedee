// SPDX-License-Identifier: Apache-2.0

package mesh_test

import (
	"flag"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// resultsFile is where the requests of clients in the mesh are counted, for hack/reliability.
var resultsFile = flag.String("results", "", "write what became of requests to that file, for hack/reliability")

// results has a row for each event and client in the mesh.
var results [][]string

var _ = AfterSuite(func() {
	columns := []string{"Event", "Client", "Requests", "Failed", "Repeated attempts", "Connections"}
	Expect(WriteResults(*resultsFile, "traffic", columns, results)).To(Succeed())
})

// report writes what became of a client's requests into the suite's report and, for one in
// the mesh, into the results.
func (q *questions) report(during string, so asked) {
	row := []string{
		during, q.client.Name, strconv.Itoa(so.Asked), strconv.Itoa(so.Failed), strconv.Itoa(so.Retried), strconv.Itoa(so.Connections),
	}
	AddReportEntry("requests", row)
	if q.client.Namespace == ambient {
		results = append(results, row)
	}
}

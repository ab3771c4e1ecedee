// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/hack/matrix/report"
)

func TestReport(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Results of suites on Kubernetes versions")
}

var _ = Describe("Results", func() {
	It("are counted from what go test prints, and the output of what failed is kept", func() {
		r, log := report.Result{Kubernetes: "v1.36.3"}, &bytes.Buffer{}
		Expect(r.Read(strings.NewReader(`{"Action":"output","Package":"a/lifecycle","Output":"Ran 426 of 430 Specs in 1 seconds\n"}
{"Action":"output","Package":"a/chart","Output":"why\n"}
{"Action":"output","Package":"a/chart","Output":"Ran 9 of 9 Specs in 1 seconds\n"}
{"Action":"pass","Package":"a/lifecycle"}
{"Action":"fail","Package":"a/chart"}
`), log)).To(Succeed())
		Expect(r.String()).To(Equal("Kubernetes v1.36.3: chart 9, lifecycle 426 specs passed"))
		Expect(log.String()).To(And(ContainSubstring("why"), Not(ContainSubstring("426"))))
	})

	It("are refused where go test prints something else", func() {
		r := report.Result{}
		Expect(r.Read(strings.NewReader("panic\n"), &bytes.Buffer{})).To(MatchError(ContainSubstring("what go test prints")))
	})

	It("replace those of the same minor version, the newest first", func() {
		GinkgoT().Chdir(GinkgoT().TempDir())
		Expect(os.Mkdir("docs", 0o755)).To(Succeed())
		for _, version := range []string{"v1.9.0", "v1.36.2", "v1.10.0", "v1.36.3"} {
			Expect(report.Add(report.Result{Kubernetes: version})).To(Succeed())
		}
		Expect(report.Load(report.File)).To(HaveExactElements(
			HaveField("Kubernetes", "v1.36.3"), HaveField("Kubernetes", "v1.10.0"), HaveField("Kubernetes", "v1.9.0")))
	})

	It("are none without a file, and unreadable ones are an error", func() {
		Expect(report.Load("missing.json")).To(BeEmpty())
		GinkgoT().Chdir(GinkgoT().TempDir())
		Expect(os.WriteFile("broken.json", []byte("{"), 0o600)).To(Succeed())
		_, err := report.Load("broken.json")
		Expect(err).To(MatchError(ContainSubstring("broken.json")))
	})
})

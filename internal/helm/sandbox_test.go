// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/charttest"
)

// foreign is a chart from elsewhere with that template.
func foreign(template string) *helm.Chart {
	GinkgoHelper()
	chart, err := helm.LoadArchive("probe", charttest.Pack("probe", charttest.Small("probe", "1.29.99", template)))
	Expect(err).NotTo(HaveOccurred())
	return chart
}

var _ = Describe("A chart from elsewhere", func() {
	It("is rendered to the same bytes as one that is compiled in", func() {
		for name, folder := range charttest.Folders {
			release, err := istio.Find("1.29.1")
			Expect(err).NotTo(HaveOccurred())
			own, err := helm.Load(release.Charts, folder, "1.29.1")
			Expect(err).NotTo(HaveOccurred())
			other, err := helm.LoadArchive(name, charttest.Charts("1.29.1", "1.29.1")[name])
			Expect(err).NotTo(HaveOccurred())
			ask := request(tree{"global": tree{"proxy": tree{"privileged": true}}, "pilot": tree{"replicaCount": int64(3)}})
			want, wanted, err := own.Render(ask)
			Expect(err).NotTo(HaveOccurred())
			got, objects, err := other.Render(ask)
			Expect(err).NotTo(HaveOccurred())
			manifest, err := want.Manifest()
			Expect(err).NotTo(HaveOccurred())
			Expect(got.Manifest()).To(Equal(manifest))
			Expect(encoded(objects)).To(Equal(encoded(wanted)))
		}
	})

	It("says what its templates refuse", func() {
		_, _, err := foreign(`{{ fail "no such thing" }}`).Render(request(nil))
		Expect(err).To(MatchError("rendering chart probe: no such thing"))
	})

	DescribeTable("is stopped where it", func(template, message string) {
		chart := foreign(template)
		chart.Bound(5*time.Second, 1<<20)
		_, _, err := chart.Render(request(nil))
		stopped := &helm.StoppedError{}
		Expect(errors.As(err, &stopped)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring(message)))
		_, _, second := chart.Render(request(nil))
		Expect(second).To(MatchError(err.Error()), "and is not tried again at once")
	},
		Entry("does not end", `{{ range $i := until 1000000 }}{{ range $j := until 1000000 }}{{ end }}{{ end }}`, "it takes longer than 5s"),
		Entry("grows without end", `{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range until 60 }}{{ $x = printf "%s%s" $x $x }}{{ end }}`, "of memory"),
		Entry("asks for much at once", `{{ repeat 2000000000 "x" }}`, "of memory"),
		Entry("makes too much", "kind: A\nmetadata: {name: a}\ntext: {{ repeat 3000000 \"x\" }}", "makes more than 1 MiB"),
	)
})

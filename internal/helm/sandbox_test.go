// SPDX-License-Identifier: Apache-2.0

package helm_test

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/helm"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// foreign is a chart from an archive with that template.
func foreign(template string) *helm.Chart {
	GinkgoHelper()
	chart, err := helm.LoadArchive("probe", charttest.Pack("probe", charttest.Small("probe", "1.29.99", template)))
	Expect(err).NotTo(HaveOccurred())
	return chart
}

var _ = Describe("A bundled chart", func() {
	It("is rendered to the same bytes in a child process", func() {
		for _, version := range istio.Versions() {
			release, err := istio.Find(version)
			Expect(err).NotTo(HaveOccurred())
			for _, directory := range charttest.Directories {
				chart, err := helm.Load(release.Charts, directory, version)
				Expect(err).NotTo(HaveOccurred())
				ask := request(tree{"global": tree{"proxy": tree{"privileged": true}}, "pilot": tree{"replicaCount": int64(3)}})
				want, wanted, err := chart.Render(ask)
				Expect(err).NotTo(HaveOccurred())
				got, objects, err := chart.RenderInChild(ask)
				Expect(err).NotTo(HaveOccurred())
				Expect(want.Manifest()).To(Equal(got))
				Expect(encoded(objects)).To(Equal(encoded(wanted)))
			}
		}
	})

	It("takes & and * in values, and records what it makes of them", func() {
		release, err := istio.Find("1.29.1")
		Expect(err).NotTo(HaveOccurred())
		for _, directory := range charttest.Directories {
			chart, err := helm.Load(release.Charts, directory, "1.29.1")
			Expect(err).NotTo(HaveOccurred())
			ask := request(tree{"pilot": tree{"env": tree{"A": "b & *c*"}}, "env": tree{"A": "b & *c*"}})
			got, objects, err := chart.Render(ask)
			Expect(err).NotTo(HaveOccurred())
			want, wanted, err := chart.RenderInChild(ask)
			Expect(err).NotTo(HaveOccurred())
			Expect(got.Manifest()).To(Equal(want))
			Expect(encoded(objects)).To(Equal(encoded(wanted)))
		}
	})
})

var _ = Describe("An archive", func() {
	DescribeTable("is refused where", func(archive []byte, message string) {
		_, err := helm.LoadArchive("probe", archive)
		Expect(errors.As(err, new(*helm.ArchiveError))).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(And(HavePrefix("loading chart probe: "), ContainSubstring(message))))
	},
		Entry("it is none", []byte("junk"), "publish the chart as Istio does"),
		Entry("its Chart.yaml has an alias", packed("Chart.yaml", "apiVersion: v2\nname: &a probe\nversion: *a\n"), "Chart.yaml: it has YAML aliases"),
		Entry("its Chart.lock has an alias", packed("Chart.lock", "a: &a b\nc: *a\n"), "Chart.lock: it has YAML aliases"),
		Entry("it has dependencies in charts/", packed("charts/x/Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\n"), "dependencies in charts/"),
	)
})

// packed is an archive of a chart with one more file.
func packed(file, content string) []byte {
	files := charttest.Small("probe", "1.29.99", "")
	files[file] = content
	return charttest.Pack("probe", files)
}

var _ = Describe("A chart from an archive", func() {
	It("is rendered to the same bytes as a bundled one", func() {
		for name, directory := range charttest.Directories {
			release, err := istio.Find("1.29.1")
			Expect(err).NotTo(HaveOccurred())
			own, err := helm.Load(release.Charts, directory, "1.29.1")
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

	// Hardened: a machine that starts no more processes (EAGAIN, ENOMEM) while a chart is to be rendered | FAILED with InvalidValues, and no retry
	It("is rendered by the next attempt if the child process could not be started (ChartRenderingUnavailable)", func() {
		chart := foreign("kind: A\nmetadata: {name: a}\n")
		chart.SetExecutable("/does/not/exist")
		_, _, err := chart.Render(request(nil))
		Expect(errors.As(err, new(*helm.StartError))).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring("cannot be started: fork/exec /does/not/exist: no such file or directory")))
		chart.SetExecutable("")
		_, objects, err := chart.Render(request(nil))
		Expect(err).NotTo(HaveOccurred())
		Expect(objects).To(HaveLen(1))
	})

	DescribeTable("is stopped where it", func(template, message string) {
		chart := foreign(template)
		chart.SetLimits(5*time.Second, 1<<20)
		_, _, err := chart.Render(request(nil))
		stopped := &helm.StoppedError{}
		Expect(errors.As(err, &stopped)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring(message)))
		_, _, second := chart.Render(request(nil))
		Expect(second).To(MatchError(err.Error()), "and is not retried at once")
	},
		Entry("does not end", `{{ range $i := until 1000000 }}{{ range $j := until 1000000 }}{{ end }}{{ end }}`, "it takes longer than 5s"),
		Entry("grows without end", `{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range until 60 }}{{ $x = printf "%s%s" $x $x }}{{ end }}`, "of memory"),
		Entry("asks for much at once", `{{ repeat 2000000000 "x" }}`, "of memory"),
		Entry("makes too much", "kind: A\nmetadata: {name: a}\ntext: {{ repeat 3000000 \"x\" }}", "its output is larger than 1 MiB"),
	)
})

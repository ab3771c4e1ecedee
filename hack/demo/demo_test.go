// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
)

func TestDemo(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Demo")
}

var _ = Describe("The options", func() {
	It("give pods that really run more time", func() {
		timeout := func(arguments ...string) time.Duration {
			o, err := parse(arguments)
			Expect(err).NotTo(HaveOccurred())
			return o.timeout
		}
		Expect(timeout()).To(Equal(2 * time.Minute))
		Expect(timeout("-real=1", "-nodes=0")).To(Equal(10 * time.Minute))
		Expect(timeout("-real=1", "-nodes=0", "-timeout=1s")).To(Equal(time.Second))
	})

	It("do not mix real and simulated nodes", func() {
		_, err := parse([]string{"-real=1", "-nodes=3"})
		Expect(err).To(MatchError("nodes are either simulated or real: give NODES=3 or REAL=1, not both"))
	})
})

var _ = Describe("The version", func() {
	It("is on simulated nodes any that one asks for", func() {
		d, err := newDemo(options{version: "1.2.3"})
		Expect(err).NotTo(HaveOccurred())
		Expect(d.initial).To(Equal("1.2.3"))
		Expect(d.versions).To(Equal(istio.Versions()))
	})

	It("is on real nodes one that there are images of", func() {
		d, err := newDemo(options{real: 1})
		Expect(err).NotTo(HaveOccurred())
		Expect(d.initial).To(Equal("1.28.2"))
		Expect(d.version).To(BeEmpty(), "a mesh that exists keeps its own")
		_, err = newDemo(options{real: 1, version: "1.27.9"})
		Expect(err).To(MatchError("there are no images of Istio 1.27.9 for real nodes: use VERSION=1.28.2 or 1.29.1"))
	})
})

var _ = DescribeTable("The version of Kubernetes is", func(version, kubernetes string) {
	Expect(kubernetesFor(version)).To(Equal(kubernetes))
},
	Entry("the newest that the release supports", "1.31.0", "1.36"),
	Entry("an older one for an older release", "1.28.2", "1.34"),
	Entry("the newest of all for a release that supports none of them", "1.26.2", ""),
	Entry("the newest of all for a release that is not bundled", "1.30.3", ""),
)

var _ = Describe("The sample", func() {
	file := filepath.Join("..", "..", sample)

	It("is taken as it is, or with another version", func() {
		manifest, err := readSample(file, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(manifest.Object["spec"]).To(HaveKeyWithValue("probe", HaveKeyWithValue("enabled", true)))
		Expect(manifest.GetName()).To(Equal("managed-istio"), "the health check asks for that name")
		Expect(istio.Versions()).To(ContainElement(versionOf(manifest)))
		manifest, err = readSample(file, "1.29.1")
		Expect(err).NotTo(HaveOccurred())
		Expect(versionOf(manifest)).To(Equal("1.29.1"))
	})

	It("is refused where it is no YAML", func() {
		path := filepath.Join(GinkgoT().TempDir(), "bad.yaml")
		Expect(os.WriteFile(path, []byte("a: [b"), 0o600)).To(Succeed())
		_, err := readSample(path, "")
		Expect(err).To(MatchError(ContainSubstring(path)))
	})
})

var _ = It("A running cluster is compared with the wanted one", func() {
	Expect(sameKind(0, 0)).To(Succeed())
	Expect(sameKind(1, 2)).To(MatchError(And(
		ContainSubstring("real nodes (REAL=1)"), ContainSubstring("real nodes (REAL=2)"), ContainSubstring("make demo-down"))))
	Expect(kindOf(0)).To(Equal("simulated nodes"))
})

var _ = It("A path is shown as one types it", func() {
	home, err := os.UserHomeDir()
	Expect(err).NotTo(HaveOccurred())
	Expect(short(filepath.Join(home, "a", "b"))).To(Equal("$HOME/a/b"))
	Expect(short(home + "r/a")).To(Equal(home + "r/a"))
})

var _ = It("The operator gets new pods when its image is another", func() {
	Expect(annotation([]imagebuild.Tarball{{Path: "/images/pilot-1.tar"}, {Path: "/images/gloo-operator-0.1.0-abc.tar"}})).
		To(Equal("manager.podAnnotations.archive=gloo-operator-0.1.0-abc.tar"))
	_, err := annotation([]imagebuild.Tarball{{Path: "/images/pilot-1.tar"}})
	Expect(err).To(HaveOccurred())
})

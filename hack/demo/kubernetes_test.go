// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/istio"
)

var sampleFolder = filepath.Join("..", "..", "config", "samples")

var _ = Describe("The sample", func() {
	sample := filepath.Join(sampleFolder, "k3s-cilium.yaml")

	It("is taken as it is", func() {
		manifest, err := readSample(sample, "")
		Expect(err).NotTo(HaveOccurred())
		Expect(manifest.GetName()).To(Equal("managed-istio"), "the health check asks for that name")
		Expect(istio.Versions()).To(ContainElement(versionOf(manifest)))
	})

	It("takes another version", func() {
		manifest, err := readSample(sample, "1.29.1")
		Expect(err).NotTo(HaveOccurred())
		Expect(versionOf(manifest)).To(Equal("1.29.1"))
	})

	It("is refused where it holds several objects", func() {
		_, err := readSample(filepath.Join(sampleFolder, "extensions-config.yaml"), "")
		Expect(err).To(MatchError(ContainSubstring("holds 2 objects")))
	})

	It("is refused where it is no YAML", func() {
		path := filepath.Join(GinkgoT().TempDir(), "bad.yaml")
		Expect(os.WriteFile(path, []byte("a: [b"), 0o600)).To(Succeed())
		_, err := readSample(path, "")
		Expect(err).To(MatchError(ContainSubstring(path)))
	})
})

var _ = Describe("A CRD", func() {
	It("is served when its condition says so", func() {
		crd := &object{Object: map[string]any{}}
		Expect(established(crd)).To(BeFalse())
		crd.Object["status"] = map[string]any{"conditions": []any{
			map[string]any{"type": "NamesAccepted", "status": "True"},
			map[string]any{"type": "Established", "status": "True"},
		}}
		Expect(established(crd)).To(BeTrue())
	})
})

var _ = Describe("A path", func() {
	It("is shown as one would type it", func() {
		home, err := os.UserHomeDir()
		Expect(err).NotTo(HaveOccurred())
		Expect(short(filepath.Join(home, "a", "b"))).To(Equal("$HOME/a/b"))
		Expect(short(home + "r/a")).To(Equal(home + "r/a"))
	})
})

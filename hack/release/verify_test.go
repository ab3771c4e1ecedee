// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// flip changes a byte of a file.
func flip(dist, name string) {
	GinkgoHelper()
	file := filepath.Join(dist, name)
	content, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	content[len(content)/2] ^= 1
	Expect(os.WriteFile(file, content, 0o600)).To(Succeed())
}

// repack changes a file in an archive.
func repack(archive []byte, name string, change func(string) string) []byte {
	GinkgoHelper()
	files, err := unpacked(bytes.NewReader(archive))
	Expect(err).NotTo(HaveOccurred())
	return repackFiles(files, name, change, packed)
}

// repackCompressed changes a file in an archive that is compressed.
func repackCompressed(archive []byte, name string, change func(string) string) []byte {
	GinkgoHelper()
	return repackFiles(untar(archive), name, change, compressed)
}

// repackFiles makes an archive of files, of which one has changed.
func repackFiles(files contents, name string, change func(string) string, archive func(time.Time, []file) ([]byte, error)) []byte {
	GinkgoHelper()
	Expect(files).To(HaveKey(name))
	changed := change(string(files[name]))
	Expect(changed).NotTo(Equal(string(files[name])))
	files[name] = []byte(changed)
	return archived(files, archive)
}

// archived makes an archive of files.
func archived(files contents, archive func(time.Time, []file) ([]byte, error)) []byte {
	GinkgoHelper()
	var list []file
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, file{name: name, content: files[name]})
	}
	made, err := archive(time.Unix(0, 0), list)
	Expect(err).NotTo(HaveOccurred())
	return made
}

var anyDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// otherDigest replaces digests.
func otherDigest(text string) string {
	return anyDigest.ReplaceAllString(text, "sha256:"+strings.Repeat("ab", 32))
}

var _ = Describe("The verification of a release", func() {
	var dist string

	BeforeEach(func(ctx SpecContext) { dist = newRelease(ctx) })

	It("finds a byte that has changed, in each file", func(ctx SpecContext) {
		for name := range read(dist) {
			flip(dist, name)
			Expect(verify(ctx, dist, GinkgoWriter)).To(MatchError(ContainSubstring(checksumsFile)), name)
			flip(dist, name)
		}
		Expect(verify(ctx, dist, GinkgoWriter)).To(Succeed())
	})

	It("finds each file that is missing", func(ctx SpecContext) {
		for name, content := range read(dist) {
			Expect(os.Remove(filepath.Join(dist, name))).To(Succeed())
			Expect(verify(ctx, dist, GinkgoWriter)).To(MatchError(Or(Equal(name+" is missing"), HaveSuffix("is not in "+checksumsFile))), name)
			Expect(os.WriteFile(filepath.Join(dist, name), content, 0o600)).To(Succeed())
		}
		Expect(verify(ctx, dist, GinkgoWriter)).To(Succeed())
	})

	It("finds a file that does not belong to it", func(ctx SpecContext) {
		Expect(os.WriteFile(filepath.Join(dist, "extra.yaml"), nil, 0o600)).To(Succeed())
		Expect(verify(ctx, dist, GinkgoWriter)).To(MatchError("extra.yaml is not in checksums.txt"))
	})

	It("reads no file outside of the release", func(ctx SpecContext) {
		files := read(dist)
		files[checksumsFile] = append(files[checksumsFile], []byte(strings.Repeat("0", 64)+"  ../secret\n")...)
		Expect(files.writeTo(dist)).To(Succeed())
		Expect(verify(ctx, dist, GinkgoWriter)).To(MatchError(ContainSubstring("is not a digest and a file")))
	})

	DescribeTable("finds, where checksums and provenance fit,", func(ctx SpecContext, change func(contents), problem string) {
		edit(dist, func(contents) {})
		Expect(verify(ctx, dist, GinkgoWriter)).To(Succeed())
		edit(dist, change)
		Expect(verify(ctx, dist, GinkgoWriter)).To(MatchError(ContainSubstring(problem)))
	},
		Entry("another image in the chart", func(c contents) {
			c["gloo-operator-0.1.0.tgz"] = repackCompressed(c["gloo-operator-0.1.0.tgz"], "gloo-operator/values.yaml", otherDigest)
		}, "gloo-operator-0.1.0.tgz: has the image sha256:abab"),
		Entry("another version of the chart", func(c contents) {
			c["gloo-operator-0.1.0.tgz"] = repackCompressed(c["gloo-operator-0.1.0.tgz"], "gloo-operator/Chart.yaml", func(text string) string {
				return strings.Replace(text, "\nversion: 0.1.0\n", "\nversion: 0.1.1\n", 1)
			})
		}, "has version 0.1.1"),
		Entry("another image in install.yaml", func(c contents) {
			c[manifestFile] = []byte(otherDigest(string(c[manifestFile])))
		}, "install.yaml: has the image ghcr.io/gloo-operator/gloo-operator@sha256:abab"),
		Entry("an install.yaml without the operator", func(c contents) {
			c[manifestFile] = []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n")
		}, "runs no container"),
		Entry("another image in an archive", func(c contents) {
			name := "gloo-operator-v0.1.0-image-linux-amd64.tar"
			c[name] = repack(c[name], "index.json", otherDigest)
		}, "gloo-operator-v0.1.0-image-linux-amd64.tar: index.json is not the one"),
		Entry("another SBOM", func(c contents) {
			c["gloo-operator-v0.1.0-image-linux-arm64.cdx.json"] = []byte("{}")
		}, "is not the SBOM of the image"),
		Entry("a layout without the image", func(c contents) {
			name := layoutName("v0.1.0")
			c[name] = repack(c[name], "index.json", func(text string) string { return strings.Replace(text, "v0.1.0", "v0.1.1", 1) })
		}, "image: v0.1.0: not found"),
	)

	It("finds a provenance of something else", func(ctx SpecContext) {
		edit(dist, func(c contents) {
			c[provenanceFile] = bytes.Replace(c[provenanceFile], []byte(`"install.yaml"`), []byte(`"other.yaml"`), 1)
		})
		Expect(verify(ctx, dist, GinkgoWriter)).To(MatchError(ContainSubstring(`the digest of install.yaml is ""`)))
	})
})

// SPDX-License-Identifier: Apache-2.0

package imagebuild

import (
	"archive/tar"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gloo-operator/gloo-operator/hack/image/pack"
)

var _ = Describe("An image", func() {
	const name = "example.com/team/hello:v1"
	var b *builder
	var hello string

	BeforeEach(func() {
		hello = filepath.Join(GinkgoT().TempDir(), "hello")
		Expect(os.WriteFile(hello, []byte("hello"), 0o600)).To(Succeed())
		b = &builder{log: GinkgoWriter, scratch: GinkgoT().TempDir(), cache: GinkgoT().TempDir()}
	})

	add := func(ctx SpecContext, content string) Tarball {
		GinkgoHelper()
		Expect(os.WriteFile(hello, []byte(content), 0o600)).To(Succeed())
		b.scratch = GinkgoT().TempDir()
		Expect(b.add(ctx, name, plain(ocispec.ImageConfig{Entrypoint: []string{"/bin/hello"}},
			pack.File{Name: "bin/hello", From: hello, Mode: 0o755},
			pack.File{Name: "tmp", Mode: 0o1777},
			pack.File{Name: "bin/greet", Link: "hello"},
		))).To(Succeed())
		return b.made[len(b.made)-1]
	}

	It("unpacks to what it was made of", func(ctx SpecContext) {
		made := add(ctx, "hello")
		root := filepath.Join(GinkgoT().TempDir(), "root")
		image, err := made.Unpack(root)
		Expect(err).NotTo(HaveOccurred())
		Expect(image.Config.Entrypoint).To(Equal([]string{"/bin/hello"}))
		Expect(image.Platform).To(Equal(platform))
		Expect(os.ReadFile(filepath.Join(root, "bin", "greet"))).To(BeEquivalentTo("hello"))
		Expect(os.Stat(filepath.Join(root, "bin", "hello"))).To(HaveField("Mode()", os.FileMode(0o755)))
		Expect(os.Stat(filepath.Join(root, "tmp"))).To(HaveField("Mode()", os.ModeDir|os.ModeSticky|0o777))
	})

	It("has its full name for containerd", func(ctx SpecContext) {
		opened, err := os.Open(add(ctx, "hello").Path)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(opened.Close)
		var index ocispec.Index
		for archive := tar.NewReader(opened); ; {
			header, err := archive.Next()
			Expect(err).NotTo(HaveOccurred(), "it has no index")
			if header.Name == ocispec.ImageIndexFile {
				Expect(json.NewDecoder(archive).Decode(&index)).To(Succeed())
				break
			}
		}
		Expect(index.Manifests).To(HaveExactElements(HaveField("Annotations", HaveKeyWithValue("io.containerd.image.name", name))))
	})

	It("is written again only where its content is new", func(ctx SpecContext) {
		first, again, other := add(ctx, "hello"), add(ctx, "hello"), add(ctx, "hullo")
		Expect(again).To(Equal(first))
		Expect(other.Name).To(Equal(first.Name))
		Expect(other.Path).NotTo(Equal(first.Path))
		Expect(Paths([]Tarball{first, other})).To(HaveEach(BeARegularFile()))
	})

	It("is removed when nothing has asked for it for long", func(ctx SpecContext) {
		old, used := add(ctx, "old"), add(ctx, "used")
		long := time.Now().Add(-2 * unusedFor)
		Expect(os.Chtimes(old.Path, long, long)).To(Succeed())
		Expect(os.Chtimes(used.Path, long, long)).To(Succeed())
		add(ctx, "used")
		add(ctx, "new")
		Expect(old.Path).NotTo(BeAnExistingFile())
		Expect(used.Path).To(BeARegularFile())
	})
})

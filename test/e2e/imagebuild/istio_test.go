// SPDX-License-Identifier: Apache-2.0

package imagebuild

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// commit is the one of istio.io/istio after that word of a go.mod.
func commit(goMod, after string) string {
	GinkgoHelper()
	content, err := os.ReadFile(goMod)
	Expect(err).NotTo(HaveOccurred())
	found := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(after) + `istio\.io/istio v0\.0\.0-\d+-([0-9a-f]+)`).FindSubmatch(content)
	Expect(found).To(HaveLen(2), goMod)
	return string(found[1])
}

var _ = Describe("The images of Istio", func() {
	It("are compiled from the commits whose charts are bundled", func() {
		root, err := toolchain.Root()
		Expect(err).NotTo(HaveOccurred())
		modules, err := filepath.Glob(filepath.Join(root, "hack", "tools", "istio-*"))
		Expect(err).NotTo(HaveOccurred())
		Expect(modules).NotTo(BeEmpty())
		for _, module := range modules {
			_, minor, _ := strings.Cut(filepath.Base(module), "-")
			alias := "charts.local/v" + strings.ReplaceAll(minor, ".", "_") + " => "
			Expect(commit(filepath.Join(module, "go.mod"), "")).To(Equal(commit(filepath.Join(root, "go.mod"), alias)), module)
		}
	})

	It("are made for the releases that there is a module for", func() {
		Expect(Versions()).To(HaveExactElements("1.28.2", "1.29.1"))
	})

	It("take the ztunnel that one names, for each release", func(ctx SpecContext) {
		directory := GinkgoT().TempDir()
		given := filepath.Join(directory, "ztunnel-1.2.3.tar")
		Expect(os.WriteFile(given, nil, 0o600)).To(Succeed())
		GinkgoT().Setenv(ZtunnelVariable, filepath.Join(directory, "ztunnel-VERSION.tar"))
		b := &builder{log: GinkgoWriter}
		Expect(b.ztunnel(ctx, "example.com/ztunnel:1.2.3", "1.2.3")).To(Succeed())
		Expect(b.made).To(Equal([]Tarball{{Name: "example.com/ztunnel:1.2.3", Path: given}}))
		Expect(b.ztunnel(ctx, "example.com/ztunnel:1.2.4", "1.2.4")).To(MatchError(And(
			ContainSubstring(ZtunnelVariable), ContainSubstring("ztunnel-1.2.4.tar"))))
	})

	It("have no files of Debian's packages that no program reads, and the links that its scripts make", func() {
		root := GinkgoT().TempDir()
		for _, name := range []string{"usr/sbin/xtables-nft-multi", "usr/share/doc/iptables/copyright", "lib/libc.so.6"} {
			Expect(os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755)).To(Succeed())
			Expect(os.WriteFile(filepath.Join(root, name), nil, 0o755)).To(Succeed())
		}
		files, err := debianFiles(root)
		Expect(err).NotTo(HaveOccurred())
		named := map[string]string{}
		for _, file := range append(files, iptablesFiles()...) {
			named[file.Name] = file.Link
		}
		Expect(named).To(And(
			HaveKeyWithValue("usr/sbin/iptables-save", "iptables-nft-save"), HaveKeyWithValue("usr/sbin/ip6tables", "ip6tables-nft"),
			HaveKeyWithValue("lib64", "usr/lib64"), HaveKeyWithValue("lib/libc.so.6", ""),
			Not(HaveKey("lib")), Not(HaveKey("usr/share/doc/iptables/copyright"))))
	})
})

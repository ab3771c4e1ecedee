// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

var _ = Describe("A Debian package", func() {
	greeter := Package{Name: "greeter", Programs: []string{"hello"}}
	var dir string

	// Commands in place of Debian's: apt-get knows of no package before it was
	// told to update, and counts its downloads.
	BeforeEach(func() {
		dir = GinkgoT().TempDir()
		sh(dir, `
			mkdir bin
			printf '#!/bin/sh\ncase $1 in\nupdate) [ ! -e %s/offline ] && touch %s/updated;;\ndownload) [ -e %s/updated ] && echo >> %s/downloads && touch $2_1_all.deb;;\nesac\n' \
				"$PWD" "$PWD" "$PWD" "$PWD" > bin/apt-get
			printf '#!/bin/sh\nmkdir -p "$3/usr/bin" && printf "#!/bin/sh\\necho hello" > "$3/usr/bin/hello" && chmod +x "$3/usr/bin/hello"\n' > bin/dpkg-deb
			chmod +x bin/*`)
		GinkgoT().Setenv("PATH", filepath.Join(dir, "bin")+":/usr/bin:/bin")
		GinkgoT().Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	})

	It("is fetched once, on a machine that knows of none yet too", func() {
		log := gbytes.NewBuffer()
		for range 2 {
			tools, err := Unpack(context.Background(), greeter, log)
			Expect(err).NotTo(HaveOccurred())
			Expect(exec.Command(tools.Path("hello")).Output()).To(BeEquivalentTo("hello\n"))
		}
		Expect(os.ReadFile(filepath.Join(dir, "downloads"))).To(HaveLen(1))
		Expect(log).To(gbytes.Say("greeter: downloading Debian's package"))
	})

	It("is not fetched where its programs are there", func() {
		sh(dir, `printf '#!/bin/sh\necho here' > bin/hello; chmod +x bin/hello`)
		tools, err := Unpack(context.Background(), greeter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Expect(tools.Path("hello")).To(Equal(filepath.Join(dir, "bin", "hello")))
	})

	It("that cannot be had says what to do, and leaves nothing behind", func() {
		sh(dir, `touch offline`)
		_, err := Unpack(context.Background(), greeter, GinkgoWriter)
		Expect(err).To(MatchError(And(ContainSubstring("put hello on the PATH"), ContainSubstring("apt-get update"))))
		Expect(filepath.Glob(filepath.Join(dir, "cache", "gloo-operator", "tools", "*greeter*"))).To(ConsistOf(HaveSuffix(".lock")))
		Expect(filepath.Glob(filepath.Join(dir, "cache", "gloo-operator", "tools", ".*"))).To(BeEmpty())
	})
})

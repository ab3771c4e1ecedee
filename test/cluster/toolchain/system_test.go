// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"context"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Debian's part of a real node", func() {
	var dir string

	// Commands in place of Debian's: apt-get puts two archives where it is told to, one of them a
	// library's, and dpkg-deb finds in each a program of its name.
	BeforeEach(func() {
		dir = GinkgoT().TempDir()
		sh(dir, `
			mkdir -p bin machine
			printf '#!/bin/sh\n[ ! -e %s/offline ] || exit 1\nfor word; do case $word in\nDir::Cache::archives=*) touch "${word#*=}/runc.deb" "${word#*=}/libnft.deb";;\nesac; done\n' "$PWD" > bin/apt-get
			printf '#!/bin/sh\nmkdir -p "$3/usr/sbin" && touch "$3/usr/sbin/$(basename "$2" .deb)"\n' > bin/dpkg-deb
			chmod +x bin/*`)
		GinkgoT().Setenv("PATH", filepath.Join(dir, "bin")+":/usr/bin:/bin")
		GinkgoT().Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	})
	system := func() (string, error) {
		return systemFor(context.Background(), filepath.Join(dir, "machine"), GinkgoWriter)
	}

	It("is unpacked with its libraries, where it is not installed, and iptables is nftables'", func() {
		unpacked, err := system()
		Expect(err).NotTo(HaveOccurred())
		Expect(filepath.Join(unpacked, "usr/sbin/runc")).To(BeARegularFile())
		Expect(filepath.Join(unpacked, "usr/sbin/libnft")).To(BeARegularFile())
		Expect(os.Readlink(filepath.Join(unpacked, "usr/sbin/ip6tables-restore"))).To(Equal("ip6tables-nft-restore"))
		sh(dir, `touch offline`)
		Expect(system()).To(Equal(unpacked), "it is there already")
	})

	It("is not fetched where it is installed", func() {
		sh(filepath.Join(dir, "machine"), `
			mkdir -p usr/sbin usr/lib/cni
			touch usr/sbin/runc usr/sbin/iptables usr/sbin/nft usr/sbin/conntrack usr/lib/cni/bridge; touch ../offline`)
		Expect(system()).To(BeEmpty())
	})

	It("that cannot be had says what to do, and leaves nothing behind", func() {
		sh(dir, `touch offline`)
		_, err := system()
		Expect(err).To(MatchError(ContainSubstring("apt-get install runc containernetworking-plugins iptables nftables conntrack does as well")))
		Expect(filepath.Glob(filepath.Join(dir, "cache", "gloo-operator", "tools", ".*"))).To(BeEmpty())
	})
})

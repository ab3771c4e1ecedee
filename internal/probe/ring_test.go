// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net/netip"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func addresses(list string) []netip.Addr {
	var all []netip.Addr
	for _, one := range strings.Fields(list) {
		all = append(all, netip.MustParseAddr(one))
	}
	return all
}

var _ = DescribeTable("The ring of peers", func(own, found, expected string) {
	Expect(ring(netip.MustParseAddr(own), addresses(found))).To(HaveExactElements(addresses(expected)))
},
	Entry("begins after the own address, and goes around", "10.0.0.3", "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5", "10.0.0.4 10.0.0.5 10.0.0.1 10.0.0.2"),
	Entry("is sorted by number, not by text", "10.0.0.9", "10.0.0.100 10.0.0.20", "10.0.0.20 10.0.0.100"),
	Entry("has an address once", "10.0.0.1", "10.0.0.2 ::ffff:10.0.0.2 10.0.0.2", "10.0.0.2"),
	Entry("does not need the own address in DNS", "10.0.0.2", "10.0.0.1 10.0.0.3", "10.0.0.3 10.0.0.1"),
	Entry("is empty for a single probe", "10.0.0.1", "10.0.0.1", ""),
	Entry("is one of IPv6", "fd00::2", "fd00::1 fd00::2 fd00::3", "fd00::3 fd00::1"),
)

var _ = Describe("The ring of peers", func() {
	It("has each probe asked first by exactly one other", func() {
		all := addresses("10.0.0.1 10.0.0.2 10.0.0.7 10.0.1.1 10.0.2.9")
		first := map[netip.Addr]int{}
		for _, own := range all {
			first[ring(own, all)[0]]++
		}
		Expect(first).To(HaveLen(len(all)))
	})

	It("is bounded", func() {
		var many []netip.Addr
		for address := netip.MustParseAddr("10.0.0.2"); len(many) <= maxPeers; address = address.Next() {
			many = append(many, address)
		}
		Expect(ring(netip.MustParseAddr("10.0.0.1"), many)).To(HaveLen(maxPeers))
	})
})

var _ = DescribeTable("In a round, a probe asks", func(ring string, random int, turn, other string) {
	asked, at := targets(addresses(ring), func(n int) int {
		Expect(random).To(BeNumerically("<", n))
		return random
	})
	Expect(asked).To(HaveExactElements(addresses(turn)))
	if other == "" {
		Expect(at.IsValid()).To(BeFalse())
		return
	}
	Expect(at).To(Equal(netip.MustParseAddr(other)))
},
	Entry("three in turn, and one of the others", "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5", 1, "10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.5"),
	Entry("the only other", "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4", 0, "10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.4"),
	Entry("nobody else among three", "10.0.0.1 10.0.0.2 10.0.0.3", 0, "10.0.0.1 10.0.0.2 10.0.0.3", ""),
	Entry("the only peer", "10.0.0.1", 0, "10.0.0.1", ""),
)

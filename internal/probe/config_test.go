// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bytes"
	"flag"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// quiet is a log that nobody reads.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func environment(address, node string) func(string) string {
	return func(name string) string { return map[string]string{"POD_IP": address, "NODE_NAME": node}[name] }
}

var _ = Describe("The command line", func() {
	It("has the name of the peers, and defaults", func() {
		c, err := Parse([]string{"--peers=probes.test"}, environment("10.0.0.1", "node-a"), io.Discard)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Peers).To(Equal("probes.test"))
		Expect(c.Interval).To(Equal(30 * time.Second))
		Expect(c.Timeout).To(Equal(3 * time.Second))
		Expect(c.Ports).To(Equal(Ports{Traffic: 8080, Forbidden: 8081, Status: 8082, Ztunnel: 15008}))
		Expect(c.Address).To(Equal(netip.MustParseAddr("10.0.0.1")))
		Expect(c.Node).To(Equal("node-a"))
	})

	It("prints help", func() {
		var out bytes.Buffer
		_, err := Parse([]string{"--help"}, environment("", ""), &out)
		Expect(err).To(MatchError(flag.ErrHelp))
		Expect(out.String()).To(ContainSubstring("-peers"))
	})

	DescribeTable("is rejected", func(arguments, address, name, problem string) {
		_, err := Parse(strings.Fields(arguments), environment(address, name), io.Discard)
		Expect(err).To(MatchError(ContainSubstring(problem)))
	},
		Entry("without the peers", "", "10.0.0.1", "node-a", "--peers is required"),
		Entry("with a flag that does not exist", "--peer=x", "10.0.0.1", "node-a", "-peer"),
		Entry("with an argument", "--peers=x y", "10.0.0.1", "node-a", `unexpected argument "y"`),
		Entry("with an interval that floods the peers", "--peers=x --interval=1ms", "10.0.0.1", "node-a", "--interval=1ms is not between 1s and 1h0m0s"),
		Entry("with a timeout longer than the interval", "--peers=x --timeout=31s", "10.0.0.1", "node-a", "--timeout=31s is not between 0 and --interval=30s"),
		Entry("with a duration that is none", "--peers=x --timeout=3", "10.0.0.1", "node-a", "-timeout"),
		Entry("without the pod's address", "--peers=x", "", "node-a", "environment variable POD_IP"),
		Entry("without the node's name", "--peers=x", "10.0.0.1", "", "environment variable NODE_NAME"),
	)
})

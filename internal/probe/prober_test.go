// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// local is a configuration for a probe at 127.0.0.9, and peers at 127.0.0.1.
func local(traffic, forbidden netip.AddrPort) Config {
	return Config{
		Node: "node-a", Address: netip.MustParseAddr("127.0.0.9"), Peers: "probes.test", Interval: time.Minute, Timeout: 300 * time.Millisecond,
		Ports: Ports{Traffic: traffic.Port(), Forbidden: forbidden.Port()}, Clock: Clock{Now: time.Now, After: time.After}, Log: quiet(),
		Random: func(int) int { return 0 }, network: seen{},
		Resolve: func(context.Context, string, string) ([]netip.Addr, error) {
			return addresses("127.0.0.9 127.0.0.1"), nil
		},
	}
}

// serving answers each request with that, but closes the first connections.
func serving(failures int32, body string) netip.AddrPort {
	GinkgoHelper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= failures {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, body) // the client may be gone
	}))
	DeferCleanup(server.Close)
	return netip.MustParseAddrPort(server.Listener.Addr().String())
}

// unknownName is the error for a name that does not exist.
var unknownName = &net.DNSError{Err: "no such host", Name: "probes.test", IsNotFound: true}

var _ = Describe("A round", func() {
	take := func(c Config) round {
		return newProber(c, newRecord(c)).round(context.Background())
	}

	It("passes with a peer that answers where it has to, and not where it must not", func() {
		Expect(take(local(serving(0, "node-b"), unused())).outcomes).To(HaveExactElements(outcome{peer: peer{netip.MustParseAddr("127.0.0.1"), "node-b"}}))
	})

	It("asks once more before a request counts as failed", func() {
		Expect(take(local(serving(1, "node-b"), unused())).passed()).To(BeTrue())
		failed := take(local(serving(2, "node-b"), unused()))
		Expect(failed.passed()).To(BeFalse())
		Expect(failed.diagnosis).To(Equal(diagnosis{reason: RefusedByPeer, peer: peer{address: netip.MustParseAddr("127.0.0.1")}}))
	})

	It("finds that the peer answers where it must not, with the second request as well", func() {
		exposed, ok := take(local(serving(0, "node-b"), serving(0, "node-b"))).exposed()
		Expect(ok).To(BeTrue())
		Expect(exposed.node).To(Equal("node-b"))
	})

	It("does not take silence where nobody is let in for a refusal", func() {
		one := take(local(serving(0, "node-b"), listening(hanging)))
		Expect(one.passed()).To(BeFalse())
		Expect(one.diagnosis.reason).To(Equal(NoRoute))
	})

	It("does not take another status for the answer of a probe", func() {
		server := httptest.NewServer(http.NotFoundHandler())
		DeferCleanup(server.Close)
		one := take(local(netip.MustParseAddrPort(server.Listener.Addr().String()), unused()))
		Expect(one.diagnosis.reason).To(Equal(RefusedByPeer))
	})

	It("asks peers in turn until one passes, and one of the others", func() {
		c := local(serving(0, "node-b"), unused())
		ask := func(ring string) []string {
			c.Resolve = func(context.Context, string, string) ([]netip.Addr, error) {
				return addresses("127.0.0.9 " + ring), nil
			}
			var asked []string
			for _, o := range take(c).outcomes {
				asked = append(asked, o.address.String())
			}
			return asked
		}
		// Nothing listens at the others.
		Expect(ask("127.0.0.1 127.0.0.11 127.0.0.12")).To(Equal([]string{"127.0.0.11", "127.0.0.12", "127.0.0.1"}))
		Expect(ask("127.0.0.1 127.0.0.2 127.0.0.11 127.0.0.12")).To(Equal([]string{"127.0.0.11", "127.0.0.12", "127.0.0.1", "127.0.0.2"}))
		Expect(ask("127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4")).To(Equal([]string{"127.0.0.1", "127.0.0.4"}))
	})

	DescribeTable("does not repeat a name that is none", func(name string) {
		one := take(local(serving(0, name), unused()))
		Expect(one.passed()).To(BeTrue())
		Expect(one.outcomes[0].node).To(BeEmpty())
	}, Entry("with a line break", "node-b\nFATAL"), Entry("that is long", strings.Repeat("x", 254)))

	It("does not read more than it has to", func() {
		Expect(take(local(serving(0, strings.Repeat("x", maxName+1)), unused())).passed()).To(BeFalse())
	})

	It("asks DNS for addresses of the pod's family", func() {
		c := local(unused(), unused())
		var families []string
		c.Resolve = func(_ context.Context, family, name string) ([]netip.Addr, error) {
			families = append(families, family+" "+name)
			return nil, nil
		}
		take(c)
		c.Address = netip.MustParseAddr("fd00::1")
		take(c)
		Expect(families).To(Equal([]string{"ip4 probes.test", "ip6 probes.test"}))
	})

	It("fails without DNS, which it asks twice", func() {
		c, times := local(unused(), unused()), 0
		c.Resolve = func(context.Context, string, string) ([]netip.Addr, error) {
			times++
			return nil, errors.New("i/o timeout")
		}
		Expect(take(c).diagnosis.reason).To(Equal(DNSFailed))
		Expect(times).To(Equal(2))
	})

	It("waits for a name that does not exist yet, for a while", func() {
		c := local(unused(), unused())
		at := time.Now()
		c.Clock.Now = func() time.Time { return at }
		c.Resolve = func(context.Context, string, string) ([]netip.Addr, error) { return nil, unknownName }
		p := newProber(c, newRecord(c))
		Expect(p.round(context.Background())).To(Equal(round{}))
		at = at.Add(3 * time.Minute)
		Expect(p.round(context.Background()).diagnosis.reason).To(Equal(DNSFailed))
	})

	It("remembers the nodes of peers that do not answer any more, and forgets peers that are gone", func() {
		c := local(unused(), unused())
		p := newProber(c, newRecord(c))
		b, d := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.4")
		p.remember([]netip.Addr{b, d}, []outcome{{peer: peer{b, "node-b"}}, {peer: peer{d, "node-d"}}})
		failed := []outcome{{peer: peer{address: b}, problem: refused}}
		p.remember([]netip.Addr{b}, failed)
		Expect(failed[0].node).To(Equal("node-b"))
		Expect(p.nodes).To(Equal(map[netip.Addr]string{b: "node-b"}))
	})
})

var _ = Describe("Rounds", func() {
	It("begin at once, then often until the state is known, then once an interval, each a little later by chance", func() {
		var waits []time.Duration
		c := local(serving(0, "node-b"), unused())
		at := time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		var r *record
		c.Random = func(n int) int { return n - 1 }
		c.Clock = Clock{Now: func() time.Time { return at }, After: func(d time.Duration) <-chan time.Time {
			waits = append(waits, d.Round(time.Millisecond))
			switch len(waits) {
			case 3:
				r.reached()
			case 5:
				cancel()
			}
			tick := make(chan time.Time, 1)
			tick <- at
			return tick
		}}
		r = newRecord(c)
		p := newProber(c, r)
		p.run(ctx)
		Expect(waits[:5]).To(Equal([]time.Duration{time.Second, 11 * time.Second, 11 * time.Second, 66 * time.Second, 66 * time.Second}))
	})
})

var _ = Describe("A server of a probe", func() {
	It("takes note of requests of other probes alone", func() {
		c := local(unused(), unused())
		for address, counts := range map[string]bool{
			"10.0.0.2:1": true, "127.0.0.9:1": false, "169.254.7.127:1": false, "[fd16:9254:7127:1337:ffff:ffff:ffff:ffff]:1": false, "[::ffff:127.0.0.9]:1": false,
		} {
			r := newRecord(c)
			request, answer := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
			request.RemoteAddr = address
			c.traffic(r).ServeHTTP(answer, request)
			Expect(answer.Body.String()).To(Equal("node-a"))
			Expect(!r.facts.reached.IsZero()).To(Equal(counts), address)
		}
	})

	// start starts a server of that handler.
	start := func(handler http.Handler) string {
		GinkgoHelper()
		c := local(unused(), unused())
		c.Listen = "127.0.0.1"
		s, err := c.listen(context.Background(), 0, handler)
		Expect(err).NotTo(HaveOccurred())
		go func() { _ = s.http.Serve(s.listener) }()
		DeferCleanup(func() { closeAll([]server{s}) })
		return s.listener.Addr().String()
	}

	It("ends what takes too long, and lets the next one in when it serves as many as it may", func() {
		address := start(http.NotFoundHandler())
		began := time.Now()
		for range maxConnections {
			connection, err := net.Dial("tcp", address)
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(connection.Close)
		}
		response, err := (&http.Client{Timeout: 5 * time.Second}).Get("http://" + address)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Close()).To(Succeed())
		Expect(time.Since(began)).To(And(BeNumerically(">", 250*time.Millisecond), BeNumerically("<", 5*time.Second)))
	})

	It("rejects large headers", func() {
		request, err := http.NewRequest(http.MethodGet, "http://"+start(http.NotFoundHandler()), nil)
		Expect(err).NotTo(HaveOccurred())
		request.Header.Set("X", strings.Repeat("x", 16<<10))
		response, err := http.DefaultClient.Do(request)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Close()).To(Succeed())
		Expect(response.StatusCode).To(Equal(http.StatusRequestHeaderFieldsTooLarge))
	})

	It("does not start where the port is taken", func() {
		c := local(unused(), unused())
		c.Listen, c.Ports.Status = "127.0.0.1", listening(closing).Port()
		Expect(Run(context.Background(), c)).To(MatchError(ContainSubstring("address already in use")))
	})
})

// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var (
	now  = time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)
	node = Config{Node: "node-a", Peers: "probes.test", Interval: 30 * time.Second, Timeout: 3 * time.Second, Ports: DefaultPorts}

	good     = outcome{peer: peer{netip.MustParseAddr("10.0.0.2"), "node-b"}}
	closed   = outcome{peer: peer{netip.MustParseAddr("10.0.0.3"), "node-c"}, problem: refused}
	silent   = outcome{peer: peer{address: netip.MustParseAddr("10.0.0.4")}, problem: unanswered}
	exposing = outcome{peer: peer{netip.MustParseAddr("10.0.0.5"), "node-e"}, exposed: true}
)

// after is a round with those outcomes, and a cause that is looked at if it failed.
func after(reason Reason, outcomes ...outcome) *round {
	return &round{peers: len(outcomes), outcomes: outcomes, diagnosis: diagnosis{reason: reason, peer: closed.peer, cause: errors.New("the cause")}}
}

// ago is a time before now; a negative one is never.
func ago(d time.Duration) time.Time {
	if d < 0 {
		return time.Time{}
	}
	return now.Add(-d)
}

const never = -1

var _ = DescribeTable("The verdict is", func(r *round, started, reached time.Duration, state State, reason Reason, message string) {
	gotState, gotReason, gotMessage := node.verdict(facts{round: r, started: ago(started), reached: ago(reached)}, now)
	Expect(gotState).To(Equal(state))
	Expect(gotReason).To(Equal(reason))
	Expect(gotMessage).To(MatchRegexp("^" + message + "$"))
},
	Entry("unknown before the first round", nil, time.Second, time.Second, Unknown, Reason(""), "The first round has not ended yet."),
	Entry("unknown without another probe", after(""), time.Hour, time.Duration(never), Unknown, Reason(""), "No other probe exists in probes.test, so node node-a cannot be tested."),
	Entry("proven both ways", after("", good), time.Hour, 90*time.Second, Proven, Reason(""), ""),
	Entry("proven while other peers fail", after("", closed, silent, good), time.Hour, time.Second, Proven, Reason(""), ""),
	Entry("failing when nobody has reached it lately", after("", good), time.Hour, 91*time.Second, Failing, NotReached, "No other probe has reached node node-a for 1m30s, .*15008.*"),
	Entry("failing when nobody has ever reached it", after("", good), 90*time.Second, time.Duration(never), Failing, NotReached, ".*node-a.*"),
	Entry("unknown while others may not know it yet", after("", good), 89*time.Second, time.Duration(never), Unknown, Reason(""), "Node node-a reaches another probe, and waits to be reached by one."),
	Entry("not enforced when any peer answers where it must not", after("", good, exposing), time.Hour, time.Second, Failing, NotEnforced, ".*peer 10.0.0.5 on node node-e answered on port 8081.*"),
	Entry("not enforced, whatever else fails", after(RefusedByPeer, closed, exposing), time.Hour, time.Duration(never), Failing, NotEnforced, ".*node-e.*"),
	Entry("the diagnosis when no peer passes", after(RefusedByPeer, closed), time.Hour, time.Second, Failing, RefusedByPeer, "From node node-a, peer 10.0.0.3 on node node-c closed the connection: .*"),
	Entry("the diagnosis although nobody has reached it either", after(NotCaptured, closed), time.Second, time.Duration(never), Failing, NotCaptured, ".*node-a.*"),
	Entry("the diagnosis when names cannot be resolved", &round{resolving: errors.New("x"), diagnosis: diagnosis{reason: DNSFailed, cause: errors.New("i/o timeout")}}, time.Hour, time.Second,
		Failing, DNSFailed, `Node node-a cannot resolve probes.test \(i/o timeout\): .*`),
)

// seen is a network in which everything is as in a mesh, or not.
type seen struct {
	down     bool
	problem  error
	captured capture
}

func (s seen) Serves(context.Context) bool     { return !s.down }
func (s seen) Certified(context.Context) error { return s.problem }
func (s seen) Capture(context.Context) capture { return s.captured }

var _ = DescribeTable("The diagnosis is", func(ctx SpecContext, in seen, resolving error, outcomes []outcome, reason Reason, named netip.Addr) {
	d := diagnose(ctx, round{resolving: resolving, outcomes: outcomes}, in)
	Expect(d.reason).To(Equal(reason))
	Expect(d.peer.address).To(Equal(named))
	Expect(node.explain(d)).To(And(ContainSubstring("node-a"), ContainSubstring("check"), HaveSuffix(".")))
	Expect(strings.Count(node.explain(d), ". ")).To(BeZero(), "one sentence")
},
	Entry("that DNS fails", seen{}, errors.New("no"), nil, DNSFailed, netip.Addr{}),
	Entry("that ztunnel is down, where rules lead to where it listened", seen{down: true, captured: rejected}, nil, []outcome{closed}, ZtunnelDown, netip.Addr{}),
	Entry("that ztunnel is down, before that names cannot be resolved without it", seen{down: true, captured: rejected}, errors.New("no"), nil, ZtunnelDown, netip.Addr{}),
	Entry("that the pod was never set up, where there are neither rules nor sockets", seen{down: true, captured: lost}, nil, []outcome{closed}, NotCaptured, netip.Addr{}),
	Entry("that there is no certificate", seen{problem: errors.New("EOF")}, nil, []outcome{closed}, NoCertificate, netip.Addr{}),
	Entry("that there is no certificate, before that rules are missing", seen{problem: errors.New("EOF"), captured: lost}, nil, []outcome{closed}, NoCertificate, netip.Addr{}),
	Entry("that rules are missing", seen{captured: lost}, nil, []outcome{closed}, NotCaptured, netip.Addr{}),
	Entry("that rules are missing, where something refuses what leaves the pod", seen{captured: rejected}, nil, []outcome{closed}, NotCaptured, netip.Addr{}),
	Entry("that the next peer refuses", seen{}, nil, []outcome{closed, silent}, RefusedByPeer, closed.address),
	Entry("that nothing leads to the next peer", seen{}, nil, []outcome{silent, closed}, NoRoute, silent.address),
)

var _ = DescribeTable("A request fails because", func(err error, expected problem) {
	Expect(problemOf(err)).To(Equal(expected))
},
	Entry("of nothing", nil, none),
	Entry("the connection was refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, refused),
	Entry("the connection was reset", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, refused),
	Entry("a proxy has answered", fmt.Errorf("%w: status 403", errNotAnswered), refused),
	Entry("nothing came in time", fmt.Errorf("reading: %w", context.DeadlineExceeded), unanswered),
	Entry("the kernel has given up", &net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}, unanswered),
	Entry("nothing leads there", &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, unanswered),
	Entry("no network leads there", &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, unanswered),
)

var _ = DescribeTable("A text is limited", func(text, expected string) {
	limited := limited(text, 10)
	Expect(limited).To(Equal(expected))
	Expect(utf8.ValidString(limited)).To(BeTrue())
},
	Entry("not when it is short", "0123456789", "0123456789"),
	Entry("to a number of bytes", "0123456789a", "0123456…"),
	Entry("between characters", "012345é789", "012345…"),
	Entry("to one line", "a\nb\x1b[1m\x00", "a b [1m "),
	Entry("to what is UTF-8", "a\xffb", "a b"),
)

var _ = Describe("The record", func() {
	It("says since when the verdict is the same, and changes it by time as well", func() {
		at := now
		c := node
		c.Log, c.Clock = quiet(), Clock{Now: func() time.Time { return at }}
		r := newRecord(c)
		Expect(r.current()).To(Equal(Result{Node: "node-a", State: Unknown, Message: "The first round has not ended yet.", Since: now}))
		at = now.Add(time.Second)
		r.ended(*after("", good))
		r.reached()
		at = now.Add(91 * time.Second)
		Expect(r.current()).To(Equal(Result{Node: "node-a", State: Proven, Since: now.Add(time.Second), LastRound: now.Add(time.Second)}))
		at = now.Add(92 * time.Second)
		Expect(r.current()).To(And(HaveField("Reason", NotReached), HaveField("Since", at)))
	})
})

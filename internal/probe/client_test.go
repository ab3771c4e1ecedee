// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// listening is a server on the loopback address that does that with each connection.
func listening(handle func(net.Conn)) netip.AddrPort {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(listener.Close)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go handle(connection)
		}
	}()
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

// unused is an address where nothing listens.
func unused() netip.AddrPort {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	Expect(listener.Close()).To(Succeed())
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

// answering is a server with that answer to each request.
func answering(status int, body string) netip.AddrPort {
	GinkgoHelper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/result" {
			status = http.StatusOK // of where the redirect leads
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may be gone
	}))
	DeferCleanup(server.Close)
	return netip.MustParseAddrPort(server.Listener.Addr().String())
}

// closing closes a connection, and hanging never answers.
func closing(connection net.Conn) { _ = connection.Close() }
func hanging(connection net.Conn) { _, _ = io.Copy(io.Discard, connection) }

var _ = Describe("The client", func() {
	ask := func(address netip.AddrPort) (Result, error) {
		return NewClient(300*time.Millisecond).Ask(context.Background(), address)
	}

	It("returns what a probe says", func() {
		result, err := ask(answering(http.StatusOK, `{"node":"node-a","state":"Failing","reason":"NoRoute","message":"x","since":"2026-11-28T12:00:00Z","lastRound":"2026-11-28T12:01:00Z","later":1}`))
		Expect(err).NotTo(HaveOccurred())
		Expect(result).To(Equal(Result{Node: "node-a", State: Failing, Reason: NoRoute, Message: "x", Since: now, LastRound: now.Add(time.Minute)}))
	})

	DescribeTable("does not believe a forged pod", func(body string, reason Reason, length int) {
		result, err := ask(answering(http.StatusOK, body))
		Expect(err).NotTo(HaveOccurred())
		Expect(result.Reason).To(Equal(reason))
		Expect(result.Message).To(HaveLen(length))
	},
		Entry("with a reason of its own", `{"node":"a","state":"Failing","reason":"Forged"}`, Unrecognized, 0),
		Entry("without a reason", `{"node":"a","state":"Failing"}`, Unrecognized, 0),
		Entry("with a reason although it is proven", `{"node":"a","state":"Proven","reason":"NoRoute"}`, Reason(""), 0),
		Entry("with a long message", `{"node":"a","state":"Unknown","message":"`+strings.Repeat("x", 4000)+`"}`, Reason(""), maxMessage),
	)

	DescribeTable("fails", func(address func() netip.AddrPort, expected error, problem string) {
		_, err := ask(address())
		Expect(err).To(MatchError(expected))
		Expect(err).To(MatchError(And(HavePrefix("asking the probe at 127.0.0.1:"), ContainSubstring(problem), Not(ContainSubstring("\n")))))
	},
		Entry("where nothing listens", unused, ErrRefused, "refused"),
		Entry("where the connection is closed", func() netip.AddrPort { return listening(closing) }, ErrClosed, "closed"),
		Entry("where nothing answers in time", func() netip.AddrPort { return listening(hanging) }, ErrUnreachable, "no answer"),
		Entry("with another status", func() netip.AddrPort { return answering(http.StatusForbidden, "no") }, ErrInvalid, "status 403"),
		Entry("with a redirect, which it does not follow", func() netip.AddrPort { return answering(http.StatusFound, "") }, ErrInvalid, "status 302"),
		Entry("with a body that is too long", func() netip.AddrPort { return answering(http.StatusOK, strings.Repeat(" ", maxResult+1)) }, ErrInvalid, "longer"),
		Entry("with what is not JSON", func() netip.AddrPort { return answering(http.StatusOK, "ok") }, ErrInvalid, "JSON"),
		Entry("with an unknown state", func() netip.AddrPort { return answering(http.StatusOK, `{"node":"a","state":"Fine"}`) }, ErrInvalid, "state"),
		Entry("with a name that no node has", func() netip.AddrPort { return answering(http.StatusOK, `{"node":"a\nb","state":"Proven"}`) }, ErrInvalid, "node"),
	)

	It("ends with its context", func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := NewClient(time.Minute).Ask(ctx, listening(hanging))
		Expect(err).To(MatchError(context.Canceled))
	})
})

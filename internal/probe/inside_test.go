// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// ztunnel is a server for mutual TLS with a certificate that is valid in that time.
func ztunnel(version uint16, from, to time.Time) netip.AddrPort {
	GinkgoHelper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	Expect(err).NotTo(HaveOccurred())
	config := &tls.Config{
		MinVersion: version, MaxVersion: version, NextProtos: []string{"h2"}, ClientAuth: tls.RequireAnyClientCert,
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
	}
	return listening(func(connection net.Conn) {
		secure := tls.Server(connection, config)
		_ = secure.Handshake() // fails, as the client has no certificate
		_ = secure.Close()
	})
}

var _ = Describe("From inside of the pod", func() {
	in := func(ztunnel, nowhere netip.AddrPort) inside {
		return inside{ztunnel: ztunnel, nowhere: nowhere, timeout: 300 * time.Millisecond, now: func() time.Time { return now }}
	}

	It("is seen whether ztunnel listens", func(ctx SpecContext) {
		Expect(in(listening(closing), netip.AddrPort{}).Serves(ctx)).To(BeTrue())
		Expect(in(unused(), netip.AddrPort{}).Serves(ctx)).To(BeFalse())
	})

	DescribeTable("is seen a certificate", func(ctx SpecContext, version uint16) {
		Expect(in(ztunnel(version, now.Add(-time.Hour), now.Add(time.Hour)), netip.AddrPort{}).Certified(ctx)).To(Succeed())
		Expect(in(ztunnel(version, now.Add(-time.Hour), now.Add(-time.Minute)), netip.AddrPort{}).Certified(ctx)).To(MatchError("it expired at 2026-11-28T11:59:00Z"))
		Expect(in(ztunnel(version, now.Add(time.Hour), now.Add(2*time.Hour)), netip.AddrPort{}).Certified(ctx)).To(MatchError("it is valid from 2026-11-28T13:00:00Z on"))
	}, Entry("in TLS 1.3", uint16(tls.VersionTLS13)), Entry("in TLS 1.2", uint16(tls.VersionTLS12)))

	DescribeTable("is seen that there is no certificate", func(ctx SpecContext, handle func(net.Conn)) {
		Expect(in(listening(handle), netip.AddrPort{}).Certified(ctx)).NotTo(Succeed())
	}, Entry("where the connection is closed", closing), Entry("where the handshake hangs", hanging))

	It("is seen whether an address that does not exist answers", func(ctx SpecContext) {
		Expect(in(netip.AddrPort{}, listening(closing)).Capture(ctx)).To(Equal(accepted))
		Expect(in(netip.AddrPort{}, unused()).Capture(ctx)).To(Equal(rejected))
		gone, cancel := context.WithCancel(ctx)
		cancel()
		Expect(in(netip.AddrPort{}, unused()).Capture(gone)).To(Equal(lost))
	})

	DescribeTable("is looked at addresses of the pod's family", func(pod, ztunnel, nowhere string) {
		c := node
		c.Address = netip.MustParseAddr(pod)
		Expect(c.inside().ztunnel).To(Equal(netip.MustParseAddrPort(ztunnel)))
		Expect(c.inside().nowhere).To(Equal(netip.MustParseAddrPort(nowhere)))
	},
		Entry("IPv4", "10.0.0.1", "127.0.0.1:15008", "192.0.2.1:9"),
		Entry("IPv6", "fd00::1", "[::1]:15008", "[2001:db8::1]:9"),
	)
})

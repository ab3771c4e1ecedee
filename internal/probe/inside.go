// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Addresses that documentation may use and that no network has: RFC 5737 and RFC 3849.
var (
	documentation4 = netip.MustParseAddr("192.0.2.1")
	documentation6 = netip.MustParseAddr("2001:db8::1")
)

const (
	// discard is a port at which nothing has to listen: nobody but ztunnel sees it.
	discard = 9
	// atOnce is how long ztunnel may take to accept a connection.
	atOnce = time.Second
)

// inside looks at the mesh from inside of the pod. istio-cni's rules redirect what leaves
// the pod, and not what goes to its loopback address, where ztunnel listens as well.
type inside struct {
	ztunnel netip.AddrPort
	nowhere netip.AddrPort
	timeout time.Duration
	now     func() time.Time
}

func (c Config) inside() inside {
	loopback, nowhere := netip.MustParseAddr("127.0.0.1"), documentation4
	if c.Address.Is6() {
		loopback, nowhere = netip.IPv6Loopback(), documentation6
	}
	return inside{
		ztunnel: netip.AddrPortFrom(loopback, c.Ports.Ztunnel), nowhere: netip.AddrPortFrom(nowhere, discard),
		timeout: c.Timeout, now: c.Clock.Now,
	}
}

func connect(ctx context.Context, to netip.AddrPort, timeout time.Duration) (net.Conn, error) {
	return (&net.Dialer{Timeout: timeout, KeepAlive: -1}).DialContext(ctx, "tcp", to.String())
}

// Serves connects to ztunnel's socket for mutual TLS.
func (i inside) Serves(ctx context.Context) bool {
	connection, err := connect(ctx, i.ztunnel, atOnce)
	if err != nil {
		return false
	}
	_ = connection.Close() // nothing was sent
	return true
}

// Certified makes a TLS connection, in which ztunnel shows the certificate that it has for
// this pod. It does not verify the certificate, as the pod does not know the mesh's CA. That
// it has none itself ends the handshake, at the latest after ztunnel has shown its own.
func (i inside) Certified(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, i.timeout)
	defer cancel()
	connection, err := connect(ctx, i.ztunnel, atOnce)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }() // nothing was sent
	var shown []*x509.Certificate
	secure := tls.Client(connection, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}, InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			shown = state.PeerCertificates
			return nil
		},
	})
	if err = secure.HandshakeContext(ctx); len(shown) == 0 {
		return err
	}
	return validAt(shown[0], i.now())
}

func validAt(certificate *x509.Certificate, now time.Time) error {
	switch {
	case now.Before(certificate.NotBefore):
		return fmt.Errorf("it is valid from %s on", certificate.NotBefore.UTC().Format(time.RFC3339))
	case now.After(certificate.NotAfter):
		return fmt.Errorf("it expired at %s", certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// Capture connects to an address that does not exist.
func (i inside) Capture(ctx context.Context) capture {
	connection, err := connect(ctx, i.nowhere, atOnce)
	switch {
	case err == nil:
		_ = connection.Close() // nothing was sent
		return accepted
	case errors.Is(err, syscall.ECONNREFUSED):
		return rejected
	}
	return lost
}

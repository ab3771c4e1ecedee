// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// mark is on what the proxy sends, so that the rules in the pod do not redirect it again.
const mark = 0x539

// inNamespace runs a function on a thread that has entered a network namespace. The thread
// ends with it, and is never used for anything else.
func inNamespace(descriptor int, do func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(descriptor, unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("entering the pod's network namespace: %w", err)
			return
		}
		done <- do()
	}()
	return <-done
}

func control(set func(descriptor int, network string) error) func(string, string, syscall.RawConn) error {
	return func(network, _ string, raw syscall.RawConn) error {
		var failed error
		if err := raw.Control(func(descriptor uintptr) { failed = set(int(descriptor), network) }); err != nil {
			return err
		}
		return failed
	}
}

// unlessNoIPv6 is nil for a kernel or a pod without IPv6.
func unlessNoIPv6(network string, err error) error {
	if strings.HasSuffix(network, "6") && (errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL)) {
		return nil
	}
	return err
}

// dial connects from the pod's network namespace. With a source, the connection has its
// address, as the application expects to see its client's.
func (s *Server) dial(ctx context.Context, network string, to netip.AddrPort, source netip.Addr) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: patience, Control: control(func(descriptor int, network string) error {
		if err := unix.SetsockoptInt(descriptor, unix.SOL_SOCKET, unix.SO_MARK, mark); err != nil || !source.IsValid() {
			return err
		}
		return setTransparent(descriptor, network)
	})}
	if source.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	var connection net.Conn
	err := inNamespace(s.pod.NetworkNamespace, func() (err error) {
		connection, err = dialer.DialContext(ctx, network, to.String())
		return err
	})
	return connection, err
}

// setTransparent allows a socket to have an address that is not the pod's.
func setTransparent(descriptor int, network string) error {
	if err := unix.SetsockoptInt(descriptor, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return err
	}
	if strings.HasSuffix(network, "6") {
		return unix.SetsockoptInt(descriptor, unix.SOL_IPV6, unix.IPV6_TRANSPARENT, 1)
	}
	return unix.SetsockoptInt(descriptor, unix.SOL_IP, unix.IP_TRANSPARENT, 1)
}

// soOriginalDestination is SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST of the kernel's netfilter.
const soOriginalDestination = 80

// originalDestination is where a connection went before it was redirected.
func originalDestination(connection *net.TCPConn) (netip.AddrPort, error) {
	raw, err := connection.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, err
	}
	read := originalIPv4
	if addressOf(connection.LocalAddr()).Addr().Is6() {
		read = originalIPv6
	}
	var destination netip.AddrPort
	var failed error
	if err := raw.Control(func(descriptor uintptr) { destination, failed = read(int(descriptor)) }); err != nil {
		return destination, err
	}
	if failed != nil {
		return destination, fmt.Errorf("asking for the original destination: %w", failed)
	}
	return destination, nil
}

// originalIPv4 reads a sockaddr_in into a structure of the same size: family, port, address.
func originalIPv4(descriptor int) (netip.AddrPort, error) {
	read, err := unix.GetsockoptIPv6Mreq(descriptor, unix.SOL_IP, soOriginalDestination)
	if err != nil {
		return netip.AddrPort{}, err
	}
	content := read.Multiaddr
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(content[4:8])), uint16(content[2])<<8|uint16(content[3])), nil
}

// originalIPv6 reads a sockaddr_in6, at the beginning of a larger structure.
func originalIPv6(descriptor int) (netip.AddrPort, error) {
	read, err := unix.GetsockoptIPv6MTUInfo(descriptor, unix.SOL_IPV6, soOriginalDestination)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port := read.Addr.Port<<8 | read.Addr.Port>>8 // in network byte order
	return netip.AddrPortFrom(netip.AddrFrom16(read.Addr.Addr), port), nil
}

// addressOf is that of a TCP or UDP socket's end.
func addressOf(address net.Addr) netip.AddrPort {
	of, ok := address.(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(of.AddrPort().Addr().Unmap(), of.AddrPort().Port())
}

// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"
)

// largestDatagram of DNS over UDP, with all extensions.
const largestDatagram = 65535

// Nameservers reads those in a file such as /etc/resolv.conf.
func Nameservers(file string) ([]netip.AddrPort, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return nameserversIn(string(content)), nil
}

func nameserversIn(content string) []netip.AddrPort {
	var all []netip.AddrPort
	for line := range strings.Lines(content) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if ip, err := netip.ParseAddr(fields[1]); err == nil {
			all = append(all, netip.AddrPortFrom(ip, 53))
		}
	}
	return all
}

// resolveTCP passes questions on to the first nameserver that can be reached.
func (s *Server) resolveTCP(client *net.TCPConn) {
	server, err := s.nameserver("tcp")
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }() // it has ended
	defer context.AfterFunc(s.ctx, func() { _ = server.Close() })()
	join(client, server.(*net.TCPConn))
}

func (s *Server) nameserver(network string) (net.Conn, error) {
	failed := errors.New("no nameserver")
	for _, address := range s.proxy.Nameservers {
		connection, err := s.dial(s.ctx, network, address, netip.Addr{})
		if err == nil {
			return connection, nil
		}
		failed = err
	}
	return nil, failed
}

func (s *Server) listenUDP(network, address string) error {
	listener, err := listenerOptions.ListenPacket(s.ctx, network, address)
	if err != nil {
		return unlessNoIPv6(network, err)
	}
	packets := listener.(*net.UDPConn)
	s.listeners = append(s.listeners, packets)
	s.open.Go(func() { s.resolveUDP(packets) })
	return nil
}

// resolveUDP ends after Drain, when all questions have their answers: a lost one costs its
// client seconds.
func (s *Server) resolveUDP(listener *net.UDPConn) {
	var answers sync.WaitGroup
	defer func() { answers.Wait(); _ = listener.Close() }()
	buffer := make([]byte, largestDatagram)
	for {
		n, client, err := listener.ReadFrom(buffer)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if err == nil {
			question := append([]byte{}, buffer[:n]...)
			answers.Go(func() { s.answer(listener, client, question) })
		}
	}
}

// answer passes on one question. Without an answer the client asks again, as without a proxy.
func (s *Server) answer(listener *net.UDPConn, client net.Addr, question []byte) {
	server, err := s.nameserver("udp")
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }() // has answered
	defer context.AfterFunc(s.ctx, func() { _ = server.Close() })()
	if err := server.SetDeadline(time.Now().Add(patience)); err != nil {
		return
	}
	if _, err := server.Write(question); err != nil {
		return
	}
	buffer := make([]byte, largestDatagram)
	if n, err := server.Read(buffer); err == nil {
		_, _ = listener.WriteTo(buffer[:n], client) // to a listener that is closed: it asks again
	}
}

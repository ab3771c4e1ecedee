// SPDX-License-Identifier: Apache-2.0

// Package proxy carries the traffic of pods in the mesh, with sockets in their network
// namespaces: the CNI agent's rules lead to its listeners, and leave alone what has its
// mark. The ports and the mark are those of tools/istio-iptables/pkg/constants and
// cni/pkg/iptables in istio.io/istio.
package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http2"

	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/mesh"
)

// patience is the longest time until a connection is established.
const patience = 10 * time.Second

// Proxy has what the pods of a node share.
type Proxy struct {
	Mesh *mesh.Mesh
	// Certificate returns the current one of an identity, and waits for the first.
	Certificate func(ctx context.Context, identity string) (*tls.Certificate, error)
	// Roots are the certificates that the mesh trusts.
	Roots func() (*x509.CertPool, error)
	// Nameservers are where names are resolved.
	Nameservers []netip.AddrPort
	// Log gets each connection when it has ended.
	Log *AccessLog
}

// Pod is one in the mesh.
type Pod struct {
	Name, Namespace string
	// Identity is its SPIFFE ID.
	Identity string
	// NetworkNamespace is a file descriptor. It has to stay open until Close returns.
	NetworkNamespace int
}

// Server serves one pod.
type Server struct {
	proxy     *Proxy
	pod       Pod
	listeners []listener
	// ctx ends the connections.
	ctx    context.Context
	cancel context.CancelFunc
	// open are the connections, and what accepts new ones.
	open sync.WaitGroup
	// tunnels tells clients of tunnels to use other connections when it shuts down.
	tunnels *http.Server
	http2   *http2.Server
}

// Serve opens the listeners in the pod's network namespace, and returns when new
// connections get to them.
func (p *Proxy) Serve(pod Pod) (*Server, error) {
	s := &Server{proxy: p, pod: pod, tunnels: &http.Server{ReadHeaderTimeout: patience}, http2: &http2.Server{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := http2.ConfigureServer(s.tunnels, s.http2); err != nil {
		return nil, err
	}
	if err := inNamespace(pod.NetworkNamespace, s.listen); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// listen runs in the pod's network namespace.
func (s *Server) listen() error {
	var failed []error
	for port, handle := range map[string]func(*net.TCPConn){
		"15001": s.outbound, "15006": s.inboundPlain, "15008": s.inboundTunnel,
	} {
		failed = append(failed, s.listenTCP("tcp4", "0.0.0.0:"+port, handle), s.listenTCP("tcp6", "[::]:"+port, handle))
	}
	for network, host := range map[string]string{"4": "127.0.0.1", "6": "[::1]"} {
		failed = append(failed, s.listenTCP("tcp"+network, host+":15053", s.resolveTCP), s.listenUDP("udp"+network, host+":15053"))
	}
	return errors.Join(failed...)
}

func (s *Server) listenTCP(network, address string, handle func(*net.TCPConn)) error {
	listener, err := listenerOptions.Listen(s.ctx, network, address)
	if err != nil {
		return unlessNoIPv6(network, err)
	}
	connections := listener.(*net.TCPListener)
	s.listeners = append(s.listeners, connections)
	s.open.Go(func() { s.accept(connections, handle) })
	return nil
}

// accept ends after Drain, when it has taken what the kernel had for it.
func (s *Server) accept(from *net.TCPListener, handle func(*net.TCPConn)) {
	defer func() { _ = from.Close() }() // nothing gets to it any more
	for {
		connection, err := from.AcceptTCP()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if err == nil {
			s.open.Go(func() { s.handle(connection, handle) })
		}
	}
}

// handle closes the connection at the end, or when all are to end.
func (s *Server) handle(connection *net.TCPConn, handle func(*net.TCPConn)) {
	defer func() { _ = connection.Close() }() // it has ended
	defer context.AfterFunc(s.ctx, func() { _ = connection.Close() })()
	handle(connection)
}

// Drain closes the listeners in a moment, and lets connections go on. New ones get to
// another process that listens on the same ports.
func (s *Server) Drain() {
	for _, listener := range s.listeners {
		_ = retire(listener) // closed before is as good
	}
	_ = s.tunnels.Shutdown(s.ctx) // serves no listener, so does not wait
}

// Wait returns when no connection is left after Drain.
func (s *Server) Wait() { s.open.Wait() }

// Close ends all connections, too.
func (s *Server) Close() {
	s.Drain()
	s.cancel()
	s.Wait()
}

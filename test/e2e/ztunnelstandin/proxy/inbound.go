// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"golang.org/x/net/http2"

	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/mesh"
)

var (
	errRejected     = errors.New("the application cannot be reached")
	errPolicyChange = errors.New("connection closed due to policy change")
)

// inboundPlain takes a connection in plain text to the application, if policies allow it.
func (s *Server) inboundPlain(client *net.TCPConn) {
	source := addressOf(client.RemoteAddr())
	e := s.entry("inbound")
	e.Source = End{Address: source, Peer: s.proxy.Mesh.Peer(source.Addr())}
	e.Source.Identity = "" // it has proven none
	defer func() { s.proxy.Log.add(e) }()
	destination, err := originalDestination(client)
	e.Destination = End{Address: destination, Peer: s.peer()}
	if err == nil && destination == addressOf(client.LocalAddr()) {
		err = errSelf
	}
	c := mesh.Connection{Source: source.Addr(), Destination: destination}
	if err == nil {
		err = s.authorize(c)
	}
	if err == nil {
		err = s.deliver(e, client, c)
	}
	e.fail(err)
}

// authorize waits until the pod's policies are known.
func (s *Server) authorize(c mesh.Connection) error {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	if err := s.proxy.Mesh.AwaitFirst(ctx); err != nil {
		return err
	}
	if err := s.proxy.Mesh.AwaitWorkload(ctx, c.Destination.Addr()); err != nil {
		return err
	}
	return s.proxy.Mesh.Authorize(c)
}

// deliver connects to the application with the client's address, and passes on what both say.
func (s *Server) deliver(e *Connection, client stream, c mesh.Connection) error {
	application, err := s.dialApplication(c)
	if err != nil {
		return err
	}
	return s.joinApplication(e, client, application, c)
}

func (s *Server) dialApplication(c mesh.Connection) (*net.TCPConn, error) {
	application, err := s.dial(s.ctx, "tcp", c.Destination, c.Source)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRejected, err)
	}
	return application.(*net.TCPConn), nil
}

// joinApplication closes the connection when policies change so that they reject it.
func (s *Server) joinApplication(e *Connection, client stream, application *net.TCPConn, c mesh.Connection) error {
	ctx, ended := context.WithCancel(s.ctx)
	rejected := make(chan bool, 1)
	go func() {
		rejected <- s.proxy.Mesh.AwaitRejection(ctx, c) == nil
		_ = application.Close() // it has ended, or has to
	}()
	e.Received, e.Sent = join(client, application)
	ended()
	if <-rejected {
		return errPolicyChange
	}
	return nil
}

// inboundTunnel serves HBONE to a client that has proven its identity.
func (s *Server) inboundTunnel(client *net.TCPConn) {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	secure, identity, err := s.secureServer(ctx, client)
	cancel()
	if err != nil {
		e := s.tunnelEntry(client, identity)
		e.fail(err)
		s.proxy.Log.add(e)
		return
	}
	s.http2.ServeConn(secure, &http2.ServeConnOpts{Context: s.ctx, BaseConfig: s.tunnels, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := s.tunnelEntry(client, identity)
		defer func() { s.proxy.Log.add(e) }()
		e.fail(s.serveTunnel(e, w, r))
	})})
}

func (s *Server) tunnelEntry(client *net.TCPConn, identity string) *Connection {
	source := addressOf(client.RemoteAddr())
	e := s.entry("inbound")
	e.Source = End{Address: source, Peer: s.proxy.Mesh.Peer(source.Addr())}
	e.Source.Identity = identity
	e.Destination = End{Address: addressOf(client.LocalAddr()), Peer: s.peer()}
	return e
}

// serveTunnel answers as ztunnel does: 400 for what is not the pod's, 401 for what a policy
// rejects, and 503 where the application does not listen.
func (s *Server) serveTunnel(e *Connection, w http.ResponseWriter, r *http.Request) error {
	destination, err := netip.ParseAddrPort(r.Host)
	if err != nil || r.Method != http.MethodConnect || destination.Addr() != e.Destination.Address.Addr() {
		w.WriteHeader(http.StatusBadRequest)
		return fmt.Errorf("not a destination of the pod: %s %s", r.Method, r.Host)
	}
	e.Destination.Tunnel = destination
	c := mesh.Connection{Identity: e.Source.Identity, Source: e.Source.Address.Addr(), Destination: destination}
	if err := s.authorize(c); err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return err
	}
	application, err := s.dialApplication(c)
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return err
	}
	client, err := acceptTunnel(w, r)
	if err != nil {
		_ = application.Close() // err says why
		return err
	}
	return s.joinApplication(e, client, application, c)
}

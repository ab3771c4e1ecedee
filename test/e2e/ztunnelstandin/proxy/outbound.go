// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/mesh"
)

var errSelf = errors.New("the connection is to the proxy itself")

// outbound takes a connection from the pod to where the mesh wants it.
func (s *Server) outbound(client *net.TCPConn) {
	e := s.entry("outbound")
	e.Source = End{Address: addressOf(client.RemoteAddr()), Peer: s.peer()}
	defer func() { s.proxy.Log.add(e) }()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	route, err := s.route(ctx, client)
	e.Destination = End{Address: route.To, Tunnel: route.Tunnel, Peer: route.Peer, Service: route.Service}
	if err != nil {
		e.fail(err)
		return
	}
	server, err := s.follow(ctx, route)
	if err != nil {
		e.fail(err)
		return
	}
	defer func() { _ = server.Close() }() // it has ended
	defer context.AfterFunc(s.ctx, func() { _ = server.Close() })()
	e.Sent, e.Received = join(client, server)
}

// route waits until the mesh is known.
func (s *Server) route(ctx context.Context, client *net.TCPConn) (mesh.Route, error) {
	original, err := originalDestination(client)
	if err != nil {
		return mesh.Route{}, err
	}
	if original == addressOf(client.LocalAddr()) {
		return mesh.Route{To: original}, errSelf
	}
	if err := s.proxy.Mesh.AwaitFirst(ctx); err != nil {
		return mesh.Route{To: original}, err
	}
	route, err := s.proxy.Mesh.Route(original)
	if err != nil {
		route.To = original
	}
	return route, err
}

// follow connects, in plain text or by a tunnel.
func (s *Server) follow(ctx context.Context, route mesh.Route) (stream, error) {
	connection, err := s.dial(ctx, "tcp", route.To, netip.Addr{})
	if err != nil {
		return nil, err
	}
	if !route.Tunnel.IsValid() {
		return connection.(*net.TCPConn), nil
	}
	tunnel, err := s.tunnelOver(ctx, connection, route)
	if err != nil {
		_ = connection.Close() // err says why
		return nil, err
	}
	return tunnel, nil
}

func (s *Server) tunnelOver(ctx context.Context, connection net.Conn, route mesh.Route) (*clientTunnel, error) {
	secure, err := s.secureClient(ctx, connection, route.Identities)
	if err != nil {
		return nil, err
	}
	return openTunnel(ctx, secure, route.Tunnel)
}

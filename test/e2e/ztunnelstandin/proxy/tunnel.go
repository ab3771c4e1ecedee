// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"golang.org/x/net/http2"
)

// HBONE is HTTP/2's CONNECT over mutual TLS: architecture/ambient/ztunnel.md in
// istio.io/istio. Its package pkg/hbone can neither connect from another network namespace
// nor ask whether a connection is allowed, so this speaks HTTP/2 itself.

// clientTunnel is the client's end. Each tunnel has a connection of its own.
type clientTunnel struct {
	io.Reader
	*io.PipeWriter
	connection net.Conn
}

// openTunnel asks for a destination over a TLS connection, which the tunnel owns.
func openTunnel(ctx context.Context, connection net.Conn, to netip.AddrPort) (*clientTunnel, error) {
	client, err := new(http2.Transport).NewClientConn(connection)
	if err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Scheme: "https", Host: to.String()}, Host: to.String(), Header: http.Header{}, Body: out}
	stop := context.AfterFunc(ctx, func() { _ = connection.Close() })
	response, err := client.RoundTrip(request)
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the tunnel: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		_ = in.Close()
		return nil, fmt.Errorf("http status: %s", response.Status)
	}
	return &clientTunnel{Reader: response.Body, PipeWriter: in, connection: connection}, nil
}

// CloseWrite ends the request's body.
func (t *clientTunnel) CloseWrite() error { return t.PipeWriter.Close() }

// Close ends the connection as well.
func (t *clientTunnel) Close() error {
	_ = t.PipeWriter.Close() // never fails
	return t.connection.Close()
}

// serverTunnel is the server's end. A response ends only together with its request, so the
// tunnel cannot be closed in one direction from here: CloseWrite ends both.
type serverTunnel struct {
	request  io.ReadCloser
	response http.ResponseWriter
	control  *http.ResponseController
}

// acceptTunnel answers the client that it has what it asked for.
func acceptTunnel(w http.ResponseWriter, r *http.Request) (serverTunnel, error) {
	t := serverTunnel{request: r.Body, response: w, control: http.NewResponseController(w)}
	w.WriteHeader(http.StatusOK)
	return t, t.control.Flush()
}

// Read reads what the client sends.
func (t serverTunnel) Read(into []byte) (int, error) { return t.request.Read(into) }

// Write sends at once.
func (t serverTunnel) Write(content []byte) (int, error) {
	n, err := t.response.Write(content)
	if err == nil {
		err = t.control.Flush()
	}
	return n, err
}

// CloseWrite ends both directions.
func (t serverTunnel) CloseWrite() error { return t.request.Close() }

// Close ends both directions.
func (t serverTunnel) Close() error { return t.request.Close() }

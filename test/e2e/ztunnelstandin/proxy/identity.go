// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
)

// secureClient makes a TLS connection with the pod's certificate to a server that has one
// of those identities.
func (s *Server) secureClient(ctx context.Context, connection net.Conn, identities []string) (*tls.Conn, error) {
	own, err := s.proxy.Certificate(ctx, s.pod.Identity)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(connection, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{*own},
		InsecureSkipVerify: true, // a SPIFFE ID is no host name, so VerifyConnection verifies it
		VerifyConnection: func(state tls.ConnectionState) error {
			peer, err := s.verify(state, x509.ExtKeyUsageServerAuth)
			if err == nil && !slices.Contains(identities, peer) {
				err = fmt.Errorf("the server is %s, and not one of %v", peer, identities)
			}
			return err
		},
	})
	return secure, secure.HandshakeContext(ctx)
}

// secureServer makes a TLS connection with the pod's certificate, and returns who the
// client is.
func (s *Server) secureServer(ctx context.Context, connection net.Conn) (*tls.Conn, string, error) {
	own, err := s.proxy.Certificate(ctx, s.pod.Identity)
	if err != nil {
		return nil, "", err
	}
	var peer string
	secure := tls.Server(connection, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{*own},
		ClientAuth: tls.RequireAnyClientCert, // VerifyConnection verifies it
		VerifyConnection: func(state tls.ConnectionState) (err error) {
			peer, err = s.verify(state, x509.ExtKeyUsageClientAuth)
			return err
		},
	})
	err = secure.HandshakeContext(ctx)
	return secure, peer, err
}

// verify returns the SPIFFE ID in the other end's certificate, which the mesh's CA has signed.
func (s *Server) verify(state tls.ConnectionState, usage x509.ExtKeyUsage) (string, error) {
	roots, err := s.proxy.Roots()
	if err != nil {
		return "", err
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range state.PeerCertificates[1:] {
		intermediates.AddCert(certificate)
	}
	peer := state.PeerCertificates[0]
	if _, err := peer.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
		return "", err
	}
	if len(peer.URIs) != 1 || peer.URIs[0].Scheme != "spiffe" {
		return "", errors.New("the other end's certificate has no SPIFFE ID")
	}
	return peer.URIs[0].String(), nil
}

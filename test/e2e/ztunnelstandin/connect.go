// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
)

// connect makes a connection to istiod, which it trusts by the mesh's root certificate and
// which trusts it by its token. Both files are read each time: they are replaced.
func (s settings) connect(address, name string) (*grpc.ClientConn, error) {
	roots, err := s.roots()
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12}
	return grpc.NewClient(address,
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithPerRPCCredentials(bearer{file: s.token, clusterID: s.clusterID}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(200<<20)))
}

// roots are the certificates that the mesh trusts.
func (s settings) roots() (*x509.CertPool, error) {
	pem, err := os.ReadFile(s.rootCertificate)
	if err != nil {
		return nil, fmt.Errorf("reading the mesh's root certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", s.rootCertificate)
	}
	return roots, nil
}

// bearer adds the token that the kubelet projects into the pod.
type bearer struct{ file, clusterID string }

// GetRequestMetadata are the headers by which istiod knows a client.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := os.ReadFile(b.file)
	if err != nil {
		return nil, fmt.Errorf("reading the token: %w", err)
	}
	return map[string]string{"authorization": "Bearer " + strings.TrimSpace(string(token)), "clusterid": b.clusterID}, nil
}

// RequireTransportSecurity keeps the token from being sent in the clear.
func (bearer) RequireTransportSecurity() bool { return true }

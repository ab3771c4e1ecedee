// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"istio.io/api/security/v1alpha1"
)

// authority is istiod's CA.
type authority struct{ settings }

// certificate asks for one. That of another identity than its own the CA gives to a
// ztunnel for a pod on its node, by the metadata ImpersonatedIdentity: see
// security/pkg/server/ca in istio.io/istio.
func (a authority) certificate(ctx context.Context, identity string) (*tls.Certificate, error) {
	key, request, err := signingRequest(identity)
	if err != nil {
		return nil, err
	}
	connection, err := a.connect(a.caAddress, a.caName)
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	asked := &v1alpha1.IstioCertificateRequest{Csr: request, ValidityDuration: int64(a.lifetime.Seconds())}
	if identity != a.identity() {
		asked.Metadata = &structpb.Struct{Fields: map[string]*structpb.Value{"ImpersonatedIdentity": structpb.NewStringValue(identity)}}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	answer, err := v1alpha1.NewIstioCertificateServiceClient(connection).CreateCertificate(ctx, asked)
	if err != nil {
		return nil, err
	}
	return check(answer.GetCertChain(), key, identity)
}

// check makes a certificate of a chain and its key, where it is for that identity.
func check(chain []string, key []byte, identity string) (*tls.Certificate, error) {
	certificate, err := tls.X509KeyPair([]byte(strings.Join(chain, "\n")), key)
	if err != nil {
		return nil, fmt.Errorf("the CA's answer: %w", err)
	}
	if names := certificate.Leaf.URIs; len(names) != 1 || names[0].String() != identity {
		return nil, fmt.Errorf("the CA's certificate is for %v, and not for %s", names, identity)
	}
	return &certificate, nil
}

// signingRequest makes a key, and asks for its certificate. Both are PEM.
func signingRequest(identity string) (key []byte, request string, err error) {
	name, err := url.Parse(identity)
	if err != nil {
		return nil, "", err
	}
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", err
	}
	secret, err := x509.MarshalECPrivateKey(made)
	if err != nil {
		return nil, "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{name}}, made)
	key = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}

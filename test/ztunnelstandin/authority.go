// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"istio.io/api/security/v1alpha1"
)

// lifetime is what is asked for. The CA may give less.
const lifetime = 24 * time.Hour

// authority is istiod's CA.
type authority struct{ settings }

// certificate asks for one. That of another identity than its own the CA gives to a
// ztunnel for a pod on its node, by the metadata ImpersonatedIdentity: see
// security/pkg/server/ca in istio.io/istio. The key is thrown away: nothing is encrypted.
func (a authority) certificate(ctx context.Context, identity string) (*x509.Certificate, error) {
	request, err := signingRequest(identity)
	if err != nil {
		return nil, err
	}
	connection, err := a.connect(a.caAddress, a.caName)
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	asked := &v1alpha1.IstioCertificateRequest{Csr: request, ValidityDuration: int64(lifetime.Seconds())}
	if identity != a.identity() {
		asked.Metadata = &structpb.Struct{Fields: map[string]*structpb.Value{"ImpersonatedIdentity": structpb.NewStringValue(identity)}}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	answer, err := v1alpha1.NewIstioCertificateServiceClient(connection).CreateCertificate(ctx, asked)
	if err != nil {
		return nil, err
	}
	return a.check(answer.GetCertChain(), identity)
}

// check takes the certificate out of a chain, where it is for that identity.
func (a authority) check(chain []string, identity string) (*x509.Certificate, error) {
	if len(chain) == 0 {
		return nil, errors.New("the CA's answer has no certificate")
	}
	block, _ := pem.Decode([]byte(chain[0]))
	if block == nil {
		return nil, errors.New("the CA's answer is not PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if len(certificate.URIs) != 1 || certificate.URIs[0].String() != identity {
		return nil, fmt.Errorf("the CA's certificate is for %v, and not for %s", certificate.URIs, identity)
	}
	return certificate, nil
}

// signingRequest makes a key, and asks for its certificate.
func signingRequest(identity string) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	name, err := url.Parse(identity)
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{name}}, key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}

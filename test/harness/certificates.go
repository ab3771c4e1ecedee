// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/internal/certificates"
)

// CACertificate is a certificate that signs itself and expires after that time, as PEM.
func CACertificate(name string, expires time.Duration) string {
	GinkgoHelper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().Add(expires),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	Expect(err).NotTo(HaveOccurred())
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// PublishRoot makes the ConfigMap that istiod has the root in.
func (e *Env) PublishRoot(root string) {
	GinkgoHelper()
	published := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: certificates.RootConfigMap}}
	Expect(e.API.Delete(context.Background(), published.DeepCopy())).To(Or(Succeed(), MatchError(ContainSubstring("not found"))))
	published.Data = map[string]string{certificates.RootKey: root}
	Expect(e.API.Create(context.Background(), published)).To(Succeed())
}

// SPDX-License-Identifier: Apache-2.0

package certificates_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/certificates"
)

var (
	now = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	key = func() *ecdsa.PrivateKey {
		made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return made
	}()
	day = 24 * time.Hour
)

// ca returns a certificate that signs itself and expires after that time.
func ca(name string, expires time.Duration) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.AddDate(-100, 0, 0), NotAfter: now.Add(expires), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func privateKey() []byte {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

// The certificates of the tables.
var (
	rootA, rootB   = ca("root-a", 3650*day), ca("root-b", 3650*day)
	oldRoot        = ca("old", -day)
	soonRoot       = ca("soon", 29*day)
	signer         = ca("signer", 365*day)
	soonSigner     = ca("soon-signer", 10*day)
	malformedBlock = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no certificate")})
)

func cacerts(signer, root []byte) map[string][]byte {
	return map[string][]byte{"ca-cert.pem": signer, "root-cert.pem": root, "cert-chain.pem": signer}
}

func both(texts ...[]byte) []byte { return bytes.Join(texts, nil) }

// many are that many certificates.
func many(count int) []byte {
	text := &bytes.Buffer{}
	for i := range count {
		text.Write(ca(fmt.Sprint("root-", i), time.Duration(1000+i)*day))
	}
	return text.Bytes()
}

var _ = DescribeTable("Certificates", func(in certificates.Input, valid metav1.ConditionStatus, reason, message string) {
	in.Namespace = "istio-system"
	found := certificates.Judge(in, now)
	Expect(found).To(And(HaveField("Valid", valid), HaveField("Reason", reason)), found.Message)
	Expect(found.Message).To(MatchRegexp(message))
},
	Entry("are not known where there are none", certificates.Input{}, metav1.ConditionStatus(""), "", `^$`),
	Entry("are not known of Secrets without certificates", certificates.Input{CACerts: map[string][]byte{}, Istiod: map[string][]byte{}}, metav1.ConditionStatus(""), "", `^$`),
	Entry("are valid for long", certificates.Input{Published: rootA, CACerts: cacerts(signer, rootA)}, metav1.ConditionTrue, v1.ReasonCertificatesValid,
		`^the signer is the first to expire, on 2027-01-01$`),
	Entry("are valid 31 days before", certificates.Input{Published: ca("x", 31*day)}, metav1.ConditionTrue, v1.ReasonCertificatesValid, `the root is the first`),
	Entry("expire soon 30 days before", certificates.Input{Published: ca("x", 30*day)}, metav1.ConditionFalse, v1.ReasonCertificateExpiring, `the root CN=x expires on 2026-01-31`),
	Entry("whose root expires soon", certificates.Input{Published: soonRoot, Istiod: map[string][]byte{"ca-cert.pem": soonRoot}},
		metav1.ConditionFalse, v1.ReasonCertificateExpiring, `^the root CN=soon expires on 2026-01-30: check the log of istiod`),
	Entry("whose signer expires soon", certificates.Input{Published: rootA, CACerts: cacerts(soonSigner, rootA)},
		metav1.ConditionFalse, v1.ReasonCertificateExpiring, `^the signer CN=soon-signer expires on 2026-01-11: renew it in the Secret cacerts`),
	Entry("whose intermediate expires before the signer", certificates.Input{Published: rootA, CACerts: map[string][]byte{
		"ca-cert.pem": signer, "cert-chain.pem": both(signer, soonSigner), "root-cert.pem": rootA}},
		metav1.ConditionFalse, v1.ReasonCertificateExpiring, `soon-signer`),
	Entry("of which one of several roots has expired", certificates.Input{Published: both(rootA, oldRoot)},
		metav1.ConditionFalse, v1.ReasonCertificateExpired, `^the root CN=old has expired on 2025-12-31: `),
	Entry("that expire now", certificates.Input{Published: ca("x", 0)}, metav1.ConditionFalse, v1.ReasonCertificateExpired, `has expired`),
	Entry("whose root istiod has not loaded", certificates.Input{Published: rootA, CACerts: cacerts(signer, both(rootA, rootB))},
		metav1.ConditionFalse, v1.ReasonRootMismatch, `^the root [0-9A-F:]{95} of the Secret cacerts is not published yet: restart istiod .* -n istio-system$`),
	Entry("that are rotated without overlap", certificates.Input{Published: rootA, CACerts: cacerts(signer, rootB)},
		metav1.ConditionFalse, v1.ReasonRootMismatch, `^root-cert.pem of the Secret cacerts lacks the published root [0-9A-F:]{95}: .* add that root to root-cert.pem before$`),
	Entry("that are plugged in beside istiod's own without overlap", certificates.Input{Published: rootA, Istiod: map[string][]byte{"ca-cert.pem": rootA}, CACerts: cacerts(signer, rootB)},
		metav1.ConditionFalse, v1.ReasonRootMismatch, `cacerts lacks the published root`),
	Entry("of an istiod whose Secret has been replaced", certificates.Input{Published: rootA, Istiod: map[string][]byte{"ca-cert.pem": rootB}},
		metav1.ConditionFalse, v1.ReasonRootMismatch, `the Secret istio-ca-secret lacks the published root`),
	Entry("of which an old root is no longer in the Secret", certificates.Input{Published: both(rootA, rootB), CACerts: cacerts(signer, rootB)},
		metav1.ConditionTrue, v1.ReasonCertificatesValid, ``),
	Entry("of cert-manager's type", certificates.Input{Published: rootA, CACerts: map[string][]byte{"tls.crt": soonSigner, "ca.crt": rootA}},
		metav1.ConditionFalse, v1.ReasonCertificateExpiring, `soon-signer`),
	Entry("of another CA beside an old Secret", certificates.Input{Published: rootA, Istiod: map[string][]byte{"ca-cert.pem": rootB}, CAAddress: "cert-manager-istio-csr.cert-manager.svc:443"},
		metav1.ConditionTrue, v1.ReasonCertificatesValid, ``),
	Entry("with a key between them", certificates.Input{Published: both(privateKey(), rootA)}, metav1.ConditionTrue, v1.ReasonCertificatesValid, ``),
	Entry("that are no PEM", certificates.Input{Published: []byte("hello")}, metav1.ConditionUnknown, v1.ReasonCertificateUnreadable,
		`^certificates cannot be read: ConfigMap istio-ca-root-cert: it has no certificate$`),
	Entry("that are cut off", certificates.Input{Published: both(rootA, rootB[:len(rootB)-40])}, metav1.ConditionUnknown, v1.ReasonCertificateUnreadable, `malformed certificates: 1$`),
	Entry("that are no certificates", certificates.Input{Published: rootA, CACerts: cacerts(malformedBlock, rootA)}, metav1.ConditionUnknown, v1.ReasonCertificateUnreadable,
		`^certificates cannot be read: Secret cacerts: ca-cert.pem: malformed certificates: 1, cert-chain.pem: malformed certificates: 1$`),
	Entry("without a signer", certificates.Input{Published: rootA, CACerts: map[string][]byte{"root-cert.pem": rootA}}, metav1.ConditionUnknown, v1.ReasonCertificateUnreadable,
		`Secret cacerts: ca-cert.pem: it has no certificate`),
	Entry("in a huge text", certificates.Input{Published: bytes.Repeat(rootA, certificates.MaxBytes/len(rootA)+1)}, metav1.ConditionUnknown, v1.ReasonCertificateUnreadable,
		`it is longer than 512 KiB`),
	Entry("in a text with thousands of beginnings", certificates.Input{Published: bytes.Repeat([]byte("-----BEGIN CERTIFICATE-----\n"), 1001)}, metav1.ConditionUnknown,
		v1.ReasonCertificateUnreadable, `it has more than 1000 certificates`),
)

var _ = Describe("The status of certificates", func() {
	status := func(in certificates.Input) v1.CertificatesStatus {
		GinkgoHelper()
		found := certificates.Judge(in, now)
		Expect(found.Status).NotTo(BeNil())
		return *found.Status
	}

	It("has the root and the signer", func() {
		found := status(certificates.Input{Published: rootA, CACerts: cacerts(signer, rootA), Istiod: map[string][]byte{"ca-cert.pem": rootB}})
		Expect(found.Source).To(Equal(v1.SourceCACerts))
		Expect(*found.Root).To(And(HaveField("Subject", "CN=root-a"), HaveField("NotAfter.Time", BeTemporally("==", now.Add(3650*day))), HaveField("Fingerprint", MatchRegexp(`^([0-9A-F]{2}:){31}[0-9A-F]{2}$`))))
		Expect(*found.Signer).To(HaveField("Subject", "CN=signer"))
		Expect(found.Message).To(BeEmpty())
	})

	It("has the first to expire of hundreds of roots, and their number", func() {
		found := status(certificates.Input{Published: both(many(300), soonRoot, soonRoot)})
		Expect(found.Root.Subject).To(Equal("CN=soon"))
		Expect(found.Message).To(HavePrefix("301 roots are published, of which root is the first to expire"))
	})

	It("says that nothing is published yet", func() {
		found := status(certificates.Input{CACerts: cacerts(signer, rootA)})
		Expect(found.Root).To(BeNil())
		Expect(found.Message).To(Equal("istiod has not published the root yet: there is no ConfigMap istio-ca-root-cert"))
	})

	It("shows a subject without what a terminal obeys, and not all of a long one", func() {
		Expect(status(certificates.Input{Published: ca("a\x1b[31m\nb", day)}).Root.Subject).To(Equal("CN=a?[31m?b"))
		Expect(len(status(certificates.Input{Published: ca(strings.Repeat("ä", 1000), day)}).Root.Subject)).To(BeNumerically("<=", 200))
	})

	It("has no time that the API server refuses", func() {
		Expect(status(certificates.Input{Published: ca("x", -80*365*day)}).Root.NotAfter.Year()).To(Equal(1970))
	})

	DescribeTable("names who signs", func(in certificates.Input, source v1.CertificateSource) {
		in.Published = rootA
		Expect(status(in).Source).To(Equal(source))
	},
		Entry("istiod", certificates.Input{Istiod: cacerts(rootA, nil)}, v1.SourceIstiod),
		Entry("istiod, by its own address", certificates.Input{Istiod: cacerts(rootA, nil), CAAddress: "istiod-canary.istio-system.svc:15012"}, v1.SourceIstiod),
		Entry("a plugged-in CA", certificates.Input{CACerts: cacerts(rootA, rootA)}, v1.SourceCACerts),
		Entry("istio-csr", certificates.Input{CAAddress: "cert-manager-istio-csr.cert-manager.svc:443", NoCAServer: true}, v1.SourceIstioCSR),
		Entry("another CA", certificates.Input{CAAddress: "ca.example.com", CACerts: cacerts(rootA, rootA)}, v1.SourceOther),
		Entry("an istiod that is told not to sign", certificates.Input{NoCAServer: true}, v1.SourceOther),
		Entry("nobody that is known", certificates.Input{}, v1.SourceOther),
	)

	DescribeTable("changes with time", func(expires time.Duration, next time.Time) {
		Expect(certificates.Judge(certificates.Input{Published: ca("x", expires)}, now).Next).To(Equal(next))
	},
		Entry("30 days before it expires", 100*day, now.Add(70*day)),
		Entry("when it expires", 10*day, now.Add(10*day)),
		Entry("and not after it has", -day, time.Time{}),
	)
})

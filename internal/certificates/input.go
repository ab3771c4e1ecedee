// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"net"
	"strings"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// Istio's names for what is read.
const (
	// RootConfigMap is the ConfigMap that has the root in each namespace, and RootKey its key.
	RootConfigMap = "istio-ca-root-cert"
	RootKey       = "root-cert.pem"
	// CACertsSecret has the CA that a user has plugged in. Istiod prefers it.
	CACertsSecret = "cacerts"
	// IstiodSecret has the CA that istiod has made itself.
	IstiodSecret = "istio-ca-secret"

	signerKey = "ca-cert.pem"
	chainKey  = "cert-chain.pem"
	// The keys of a Secret of type kubernetes.io/tls, which istiod takes as well.
	tlsSignerKey = "tls.crt"
	tlsRootKey   = "ca.crt"
)

// SecretKeys are the keys of the Secrets that hold certificates. No other key is needed: the
// others are private keys.
func SecretKeys() []string {
	return []string{signerKey, RootKey, chainKey, tlsSignerKey, tlsRootKey}
}

// Input is what was read in the install namespace. What is nil is not there.
type Input struct {
	// Namespace is the install namespace.
	Namespace string
	// Published is the text of the root in RootConfigMap.
	Published []byte
	// CACerts and Istiod are the certificates of CACertsSecret and IstiodSecret.
	CACerts, Istiod map[string][]byte
	// CAAddress is the CA that the mesh is told to use. Empty: istiod.
	CAAddress string
	// NoCAServer: istiod is told not to sign.
	NoCAServer bool
}

// external is who signs if istiod does not. Empty: istiod does.
func (in Input) external() v1.CertificateSource {
	host := in.CAAddress
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	service, _, _ := strings.Cut(host, ".")
	switch istiod := service == "" || service == "istiod" || strings.HasPrefix(service, "istiod-"); {
	case strings.Contains(service, "istio-csr"):
		return v1.SourceIstioCSR
	case !istiod || in.NoCAServer:
		return v1.SourceOther
	default:
		return ""
	}
}

// secret is the Secret that istiod signs with.
type secret struct {
	name                string
	source              v1.CertificateSource
	signer, chain, root bundle
	// rootKey is the key that has the roots.
	rootKey string
}

// secret returns the Secret that istiod signs with when it starts: cacerts if it has any file of
// a CA. Nil: there is none.
func (in Input) secret() *secret {
	switch {
	case len(in.CACerts) > 0:
		return secretOf(CACertsSecret, v1.SourceCACerts, in.CACerts)
	case len(in.Istiod) > 0:
		return secretOf(IstiodSecret, v1.SourceIstiod, in.Istiod)
	default:
		return nil
	}
}

func secretOf(name string, source v1.CertificateSource, data map[string][]byte) *secret {
	signer, chain, root := signerKey, chainKey, RootKey
	if _, isTLS := data[tlsSignerKey]; isTLS && name == CACertsSecret {
		signer, chain, root = tlsSignerKey, "", tlsRootKey
	}
	if len(data[root]) == 0 && name == IstiodSecret {
		root = signer // It signs itself.
	}
	s := &secret{name: name, source: source, rootKey: root, signer: parse(data[signer]), root: parse(data[root])}
	s.signer.name(signer)
	s.root.name(root)
	if len(data[chain]) > 0 {
		s.chain = parse(data[chain])
		s.chain.name(chain)
	}
	return s
}

// problems lists what is wrong with the texts of a Secret.
func (s *secret) problems() []string {
	var problems []string
	for _, b := range []bundle{s.signer, s.chain, s.root} {
		if b.problem != "" && (len(problems) == 0 || problems[len(problems)-1] != b.problem) {
			problems = append(problems, b.problem)
		}
	}
	return problems
}

// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gloo-operator/gloo-operator/internal/wording"
)

const (
	// MaxBytes is how much of a bundle is read. It holds hundreds of certificates.
	MaxBytes = 512 << 10
	// maxCertificates is how many certificates of a bundle are read.
	maxCertificates = 1000
	// maxSubject is how many bytes of a subject are shown.
	maxSubject = 200
)

// certificate is what is kept of one.
type certificate struct {
	subject, fingerprint string
	notAfter             time.Time
}

// bundle is the certificates of a PEM text, each once, and what is wrong with the text. An empty
// problem: nothing is.
type bundle struct {
	certificates []certificate
	problem      string
}

// parse reads the certificates of a text. It skips all that is not one, such as a private key.
func parse(text []byte) (b bundle) {
	if len(text) > MaxBytes {
		return bundle{problem: fmt.Sprintf("it is longer than %d KiB", MaxBytes>>10)}
	}
	rest, malformed := text, 0
	begun := bytes.Count(text, []byte("-----BEGIN CERTIFICATE-----"))
	if begun > maxCertificates {
		return bundle{problem: fmt.Sprintf("it has more than %d certificates", maxCertificates)}
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		begun--
		if parsed, err := x509.ParseCertificate(block.Bytes); err != nil {
			malformed++
		} else if found := certificateOf(parsed); !b.has(found) {
			b.certificates = append(b.certificates, found)
		}
	}
	switch {
	case malformed+max(begun, 0) > 0: // A block that is no PEM begins, and is not decoded.
		b.problem = fmt.Sprintf("malformed certificates: %d", malformed+max(begun, 0))
	case len(b.certificates) == 0:
		b.problem = "it has no certificate"
	}
	return b
}

func certificateOf(parsed *x509.Certificate) certificate {
	digest := sha256.Sum256(parsed.Raw)
	octets := make([]string, len(digest))
	for i, octet := range digest {
		octets[i] = fmt.Sprintf("%02X", octet)
	}
	return certificate{subject: printable(parsed.Subject.String()), fingerprint: strings.Join(octets, ":"), notAfter: representable(parsed.NotAfter)}
}

// printable is a subject as it may be shown: whoever made the certificate has chosen it.
func printable(subject string) string {
	shown := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '?'
	}, subject)
	return wording.Truncate(shown, maxSubject)
}

// representable is a time that the API server takes: not before 1970.
func representable(t time.Time) time.Time {
	if epoch := time.Unix(0, 0).UTC(); t.Before(epoch) {
		return epoch
	}
	return t.UTC()
}

func (b bundle) has(wanted certificate) bool {
	return slices.ContainsFunc(b.certificates, func(c certificate) bool { return c.fingerprint == wanted.fingerprint })
}

// firstToExpire is nil where there is no certificate.
func (b bundle) firstToExpire() *certificate {
	var first *certificate
	for i := range b.certificates {
		if first == nil || b.certificates[i].notAfter.Before(first.notAfter) {
			first = &b.certificates[i]
		}
	}
	return first
}

// without lists the certificates that another bundle does not have.
func (b bundle) without(other bundle) []certificate {
	return slices.DeleteFunc(slices.Clone(b.certificates), other.has)
}

// name adds to the problem which text has it.
func (b *bundle) name(key string) {
	if b.problem != "" {
		b.problem = key + ": " + b.problem
	}
}

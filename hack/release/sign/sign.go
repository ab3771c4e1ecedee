// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/dsse"
)

// Files of a release. hack/release has the same names.
const (
	checksumsFile      = "checksums.txt"
	provenanceFile     = "provenance.json"
	checksumsSignature = "checksums.txt.sig"
	checksumsBundle    = "checksums.txt.sigstore.json"
	provenanceBundle   = "provenance.sigstore.json"
	artifactsBundle    = "oci-artifacts.sigstore.json"
)

const (
	// payloadType is the type of in-toto statements in an envelope.
	payloadType = "application/vnd.in-toto+json"
	// bundleType is https://github.com/sigstore/protobuf-specs, with one signature.
	bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"
	// signatureType is the predicate by which cosign signs an artifact in a registry.
	signatureType = "https://sigstore.dev/cosign/sign/v1"
)

// bundle is a Sigstore bundle of a message or of a statement that was signed with a key.
// protojson does not promise the same bytes, so it is encoded by encoding/json.
type bundle struct {
	MediaType            string `json:"mediaType"`
	VerificationMaterial struct {
		PublicKey struct {
			Hint string `json:"hint"`
		} `json:"publicKey"`
	} `json:"verificationMaterial"`
	// Message is the signature of a file, and Envelope a statement with its signature.
	Message  *messageSignature `json:"messageSignature,omitempty"`
	Envelope json.RawMessage   `json:"dsseEnvelope,omitempty"`
}

type messageSignature struct {
	Digest struct {
		Algorithm string `json:"algorithm"`
		Digest    []byte `json:"digest"`
	} `json:"messageDigest"`
	Signature []byte `json:"signature"`
}

// statement is as much of an in-toto statement as this program reads or writes.
type statement struct {
	Type          string          `json:"_type"`
	Subject       []subject       `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// sign writes the signatures of a release into its directory.
func sign(dist, keyFile string, out io.Writer) error {
	key, err := readKey(keyFile)
	if err != nil {
		return fmt.Errorf("%s: %w", keyFile, err)
	}
	checksums, err := os.ReadFile(filepath.Join(dist, checksumsFile))
	if err != nil {
		return err
	}
	provenance, err := os.ReadFile(filepath.Join(dist, provenanceFile))
	if err != nil {
		return err
	}
	artifacts, err := artifactsStatement(provenance)
	if err != nil {
		return fmt.Errorf("%s: %w", provenanceFile, err)
	}
	signed, err := signatures(key, checksums, provenance, artifacts)
	if err != nil {
		return err
	}
	for name, content := range signed {
		if err := os.WriteFile(filepath.Join(dist, name), content, 0o644); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "%s: signed with %s\n", dist, keyFile)
	return err
}

// signatures signs a message and two statements. They are files by their names.
func signatures(key signingKey, checksums, provenance, artifacts []byte) (map[string][]byte, error) {
	raw, err := key.SignMessage(bytes.NewReader(checksums))
	if err != nil {
		return nil, err
	}
	signed := map[string][]byte{checksumsSignature: []byte(base64.StdEncoding.EncodeToString(raw))}
	message, digest := messageSignature{Signature: raw}, sha256.Sum256(checksums)
	message.Digest.Algorithm, message.Digest.Digest = "SHA2_256", digest[:]
	if signed[checksumsBundle], err = encode(key, bundle{Message: &message}); err != nil {
		return nil, err
	}
	for name, payload := range map[string][]byte{provenanceBundle: provenance, artifactsBundle: artifacts} {
		envelope, err := dsse.WrapSigner(key, payloadType).SignMessage(bytes.NewReader(payload))
		if err != nil {
			return nil, err
		}
		if signed[name], err = encode(key, bundle{Envelope: envelope}); err != nil {
			return nil, err
		}
	}
	return signed, nil
}

// artifactsStatement is about the subjects of the provenance that are in a registry: those
// whose names are not files.
func artifactsStatement(provenance []byte) ([]byte, error) {
	var of statement
	if err := json.Unmarshal(provenance, &of); err != nil {
		return nil, err
	}
	artifacts := statement{Type: of.Type, PredicateType: signatureType, Predicate: json.RawMessage("{}")}
	for _, one := range of.Subject {
		if strings.Contains(one.Name, "/") {
			artifacts.Subject = append(artifacts.Subject, one)
		}
	}
	if len(artifacts.Subject) == 0 {
		return nil, errors.New("is about no image and no chart")
	}
	return json.Marshal(artifacts)
}

// encode encodes a bundle, with a digest that tells which key has signed it.
func encode(key signingKey, made bundle) ([]byte, error) {
	encoded, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(encoded)
	made.MediaType = bundleType
	made.VerificationMaterial.PublicKey.Hint = base64.StdEncoding.EncodeToString(digest[:])
	return json.Marshal(made)
}

// signingKey signs the same message with the same bytes each time: RFC 6979.
type signingKey struct{ *ecdsa.PrivateKey }

// SignMessage signs the SHA-256 digest of a message.
func (k signingKey) SignMessage(message io.Reader, _ ...signature.SignOption) ([]byte, error) {
	digest := sha256.New()
	if _, err := io.Copy(digest, message); err != nil {
		return nil, err
	}
	return k.Sign(nil, digest.Sum(nil), crypto.SHA256)
}

// PublicKey returns the public key.
func (k signingKey) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return k.Public(), nil
}

// readKey reads a private key, also one that cosign has encrypted.
func readKey(name string) (signingKey, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return signingKey{}, err
	}
	password := func(bool) ([]byte, error) { return []byte(os.Getenv("COSIGN_PASSWORD")), nil }
	found, err := cryptoutils.UnmarshalPEMToPrivateKey(content, password)
	if err != nil {
		return signingKey{}, err
	}
	key, ok := found.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return signingKey{}, fmt.Errorf("want an ECDSA key with the curve P-256, as cosign generate-key-pair makes it")
	}
	return signingKey{key}, nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto"
	"crypto/sha256"
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

// verify checks all signatures of a release with a public key.
func verify(dist, keyFile string, out io.Writer) error {
	verifier, err := readPublicKey(keyFile)
	if err != nil {
		return fmt.Errorf("%s: %w", keyFile, err)
	}
	files := map[string][]byte{}
	for _, name := range []string{checksumsFile, provenanceFile, checksumsSignature, checksumsBundle, provenanceBundle, artifactsBundle} {
		if files[name], err = os.ReadFile(filepath.Join(dist, name)); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s is not signed: %s is missing", dist, name)
		} else if err != nil {
			return err
		}
	}
	if err := verifySignature(verifier, files[checksumsSignature], files[checksumsFile]); err != nil {
		return fmt.Errorf("%s: %w", checksumsSignature, err)
	}
	if err := verifyMessage(verifier, files[checksumsBundle], files[checksumsFile]); err != nil {
		return fmt.Errorf("%s: %w", checksumsBundle, err)
	}
	if err := verifyBundle(verifier, files[provenanceBundle], files[provenanceFile]); err != nil {
		return fmt.Errorf("%s: %w", provenanceBundle, err)
	}
	artifacts, err := artifactsStatement(files[provenanceFile])
	if err != nil {
		return fmt.Errorf("%s: %w", provenanceFile, err)
	}
	if err := verifyBundle(verifier, files[artifactsBundle], artifacts); err != nil {
		return fmt.Errorf("%s: %w", artifactsBundle, err)
	}
	_, err = fmt.Fprintf(out, "%s: the signatures of %s, of %s, and of image and chart are those of %s\n", dist, checksumsFile, provenanceFile, keyFile)
	return err
}

func readPublicKey(name string) (signature.Verifier, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(content)
	if err != nil {
		return nil, err
	}
	return signature.LoadVerifier(key, crypto.SHA256)
}

// verifySignature checks a signature in base64.
func verifySignature(verifier signature.Verifier, encoded, message []byte) error {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(encoded)))
	if err != nil {
		return err
	}
	return verifier.VerifySignature(bytes.NewReader(raw), bytes.NewReader(message))
}

// verifyMessage checks the signature of a bundle that is about a file.
func verifyMessage(verifier signature.Verifier, encoded, message []byte) error {
	read, err := readBundle(encoded)
	if err != nil {
		return err
	}
	if read.Message == nil {
		return errors.New("has no signature of a file")
	}
	digest := sha256.Sum256(message)
	if !bytes.Equal(read.Message.Digest.Digest, digest[:]) {
		return errors.New("is about another file")
	}
	return verifier.VerifySignature(bytes.NewReader(read.Message.Signature), bytes.NewReader(message))
}

func readBundle(encoded []byte) (bundle, error) {
	var read bundle
	if err := json.Unmarshal(encoded, &read); err != nil {
		return read, err
	}
	if read.MediaType != bundleType {
		return read, fmt.Errorf("is a %q, want %s", read.MediaType, bundleType)
	}
	return read, nil
}

// verifyBundle checks the signature of a bundle, and that it has that statement.
func verifyBundle(verifier signature.Verifier, encoded, want []byte) error {
	read, err := readBundle(encoded)
	if err != nil {
		return err
	}
	var got []byte
	options := []dsse.Option{dsse.WithExpectedPayloadType(payloadType), dsse.WithDecodedPayload(&got)}
	if err := dsse.WrapVerifier(verifier, options...).VerifySignature(bytes.NewReader(read.Envelope), nil); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("is about another release: its statement is not the one of %s", provenanceFile)
	}
	return nil
}

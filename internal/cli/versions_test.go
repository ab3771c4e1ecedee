// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/cli"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

var _ = Describe("The versions of Istio", func() {
	// versions runs the command on 2026-11-28.
	versions := func(arguments ...string) result {
		var out, errOut bytes.Buffer
		command := cli.NewVersions(func() time.Time { return time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC) })
		command.SetArgs(arguments)
		command.SetOut(&out)
		command.SetErr(&errOut)
		err := command.Execute()
		return result{out: out.String(), errOut: errOut.String(), err: err}
	}
	// row is the line of a minor version, with single spaces.
	row := func(printed, minor string) string {
		for line := range strings.Lines(printed) {
			if fields := strings.Fields(line); len(fields) > 0 && fields[0] == minor {
				return strings.Join(fields, " ")
			}
		}
		return ""
	}

	It("that are bundled are listed with their support, without a network", func() {
		listed := versions("--offline")
		Expect(listed.err).NotTo(HaveOccurred())
		Expect(listed.errOut).To(BeEmpty())
		Expect(row(listed.out, "1.31")).To(Equal("1.31 supported until 2027-02-28 (expected) 1.31.0 -"))
		Expect(row(listed.out, "1.26")).To(Equal("1.26 not supported since 2025-12-22 1.26.2 -"))
		Expect(row(listed.out, "1.30")).To(BeEmpty())
		Expect(listed.out).To(ContainSubstring("Support is what was announced until 2026-10-15. It may have changed"))
	})

	Context("in a repository", func() {
		var repository []string

		BeforeEach(func() {
			server := charttest.NewServer(nil)
			server.Handle("/v2/charts/istiod/tags/list", send(`{"tags":["1.25.0","1.26.8","1.30.0","1.30.1","1.30.2","1.30.3","1.30.4","1.30.5","1.30.6","1.30.7","1.30.8",`+
				`"1.31.0-rc.1","1.31-alpha.0a1b","1.31.1","1.32.0","latest"]}`))
			ca := filepath.Join(GinkgoT().TempDir(), "ca.crt")
			Expect(os.WriteFile(ca, server.CA, 0o600)).To(Succeed())
			repository = []string{"--repository", "oci://" + server.Listener.Addr().String() + "/charts", "--ca-file", ca}
		})

		It("are listed beside those that are bundled, newest first", func() {
			listed := versions(repository...)
			Expect(listed.err).NotTo(HaveOccurred())
			Expect(listed.errOut).To(BeEmpty())
			Expect(row(listed.out, "1.32")).To(Equal("1.32 not known - 1.32.0"))
			Expect(row(listed.out, "1.31")).To(Equal("1.31 supported until 2027-02-28 (expected) 1.31.0 1.31.1"))
			Expect(row(listed.out, "1.30")).To(Equal("1.30 supported until 2027-01-31 (expected) - " +
				"1.30.8, 1.30.7, 1.30.6, 1.30.5, 1.30.4, 1.30.3, 1.30.2, 1.30.1 and 1 more"))
			Expect(row(listed.out, "1.26")).To(Equal("1.26 not supported since 2025-12-22 1.26.2 1.26.8"))
			Expect(row(listed.out, "1.25")).To(BeEmpty())
			Expect(strings.Index(listed.out, "1.32")).To(BeNumerically("<", strings.Index(listed.out, "1.31")))
		})

		It("are a document for programs", func() {
			Expect(versions(append(repository, "-o", "json")...).out).To(And(
				ContainSubstring(`"supportKnown": "2026-10-15"`), ContainSubstring(`"minor": "1.30"`), ContainSubstring(`"1.30.0"`)))
		})
	})

	It("of a repository that does not answer are a warning", func() {
		listed := versions("--repository", "oci://127.0.0.1:1/charts")
		Expect(listed.err).NotTo(HaveOccurred())
		Expect(listed.errOut).To(And(HavePrefix("warning: listing the versions: chart istiod of oci://127.0.0.1:1/charts: "), ContainSubstring("connection refused")))
		Expect(row(listed.out, "1.31")).To(ContainSubstring("1.31.0 -"))
	})

	It("are not printed in another format", func() {
		Expect(versions("-o", "yaml").err).To(MatchError(ContainSubstring("--output must be text or json")))
	})
})

// send answers with that document.
func send(document string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(document)) }
}

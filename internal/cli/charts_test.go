// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

var _ = Describe("Rendering a version that is not bundled", func() {
	const version = "1.29.99"

	var server *charttest.Server

	BeforeEach(func() {
		server = charttest.HelmRepository(version, charttest.Charts("1.29.1", version))
		GinkgoT().Setenv("XDG_CACHE_HOME", GinkgoT().TempDir())
	})

	mesh := func(secret string) string {
		return fmt.Sprintf(`apiVersion: operator.gloo.solo.io/v1
kind: ServiceMeshController
metadata: {name: managed-istio}
spec: {version: %s, repository: {url: "%s/charts", secrets: [{name: %s}]}}
`, version, server.URL, secret)
	}
	secret := func() string {
		return fmt.Sprintf("---\napiVersion: v1\nkind: Secret\nmetadata: {name: pull, annotations: {%s: %q}}\n"+
			"stringData:\n  username: %s\n  password: %s\n  ca.crt: |\n    %s\n",
			v1.RepositoryHostAnnotation, server.Listener.Addr(), charttest.Username, charttest.Password, strings.ReplaceAll(string(server.CA), "\n", "\n    "))
	}

	It("fetches its charts with the Secrets in the file, once", func() {
		first := render(mesh("pull") + secret())
		Expect(first.err).NotTo(HaveOccurred())
		Expect(first.out).To(ContainSubstring("image: docker.io/istio/ztunnel:" + version))
		server.Close()
		Expect(render(mesh("pull") + secret()).out).To(Equal(first.out))
	})

	It("says where a Secret has to be", func() {
		Expect(render(mesh("other") + secret()).err).To(MatchError(ContainSubstring("Secret other of spec.repository is not in the file")))
	})

	It("says what the repository says", func() {
		wrong := strings.ReplaceAll(secret(), charttest.Password, "wrong")
		Expect(render(mesh("pull") + wrong).err).To(MatchError(ContainSubstring("the server responded with 401 Unauthorized")))
	})

	It("repeats nothing of a Secret that is none", func() {
		broken := "---\napiVersion: v1\nkind: Secret\nmetadata: {name: pull}\ndata: {password: [hunter2]}\n"
		Expect(render(mesh("pull") + broken).err).To(MatchError(And(ContainSubstring("Secret pull"), Not(ContainSubstring("hunter2")))))
	})
})

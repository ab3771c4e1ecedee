// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"context"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// ghcr.io, where Istio's charts are, lets everyone in, but only with a token that it gives
// away: https://distribution.github.io/distribution/spec/auth/token/.
var _ = Describe("A registry that gives a token to everyone", func() {
	It("gives the charts and lists their versions", func() {
		behind := inFrontOf(registry)
		var server *charttest.Server
		server = charttest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			repository, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/manifests/")
			repository, _, _ = strings.Cut(strings.Split(repository, "/blobs/")[0], "/tags/")
			scope := "repository:" + repository + ":pull"
			switch {
			case r.URL.Path == "/token":
				_, _ = w.Write([]byte(`{"token":"for ` + r.URL.Query().Get("scope") + `"}`))
			case r.Header.Get("Authorization") == "Bearer for "+scope:
				r.SetBasicAuth(charttest.Username, charttest.Password)
				behind.ServeHTTP(w, r)
			default:
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+server.URL+`/token",service="registry",scope="`+scope+`"`)
				w.WriteHeader(http.StatusUnauthorized)
			}
		}))
		url := "oci://" + server.Listener.Addr().String() + "/istio/charts"
		Expect(fetchAs(repository.Access{CA: server.CA}, url)).To(HaveLen(4))
		Expect(repository.Versions(context.Background(), repository.Source{URL: url}, repository.Access{CA: server.CA}, repository.DefaultLimits())).
			To(ContainElement(version))
	})
})

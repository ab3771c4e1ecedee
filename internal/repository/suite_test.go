// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

func TestRepository(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	RunSpecs(t, "Chart repositories")
}

// version is one that is not bundled.
const version = "1.29.99"

// asPuller is the access that the servers of charttest want.
func asPuller(ca []byte) repository.Access {
	return repository.Access{Username: charttest.Username, Password: charttest.Password, CA: ca}
}

// smallCharts are charts of one ConfigMap each.
func smallCharts() map[string][]byte {
	GinkgoHelper()
	charts := map[string][]byte{}
	for _, name := range repository.Names {
		charts[name] = charttest.Pack(name, charttest.Small(name, version, "kind: ConfigMap\nmetadata: {name: "+name+"}\n"))
	}
	return charts
}

// inFrontOf passes requests on to a registry.
func inFrontOf(registry *charttest.Registry) *charttest.Server {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: registry.Host})
	proxy.Transport = registry.Client().Transport
	return charttest.NewServer(proxy)
}

// fetch fetches from a server, as the user whom it lets in.
func fetch(server *charttest.Server, where string) (repository.Charts, error) {
	return fetchAs(asPuller(server.CA), where)
}

func fetchAs(access repository.Access, where string) (repository.Charts, error) {
	return repository.Fetch(context.Background(), repository.Source{URL: where, Version: version}, access, repository.DefaultLimits())
}

// failure is what a fetch failed with.
func failure(err error) *repository.Error {
	GinkgoHelper()
	failed := &repository.Error{}
	Expect(errors.As(err, &failed)).To(BeTrue(), "%v", err)
	Expect(failed.Error()).NotTo(ContainSubstring(charttest.Password))
	return failed
}

// answer answers with that status.
func answer(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// send answers with that content.
func send(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }
}

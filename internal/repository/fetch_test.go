// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
	"github.com/gloo-operator/gloo-operator/test/harness/memory"
)

// site is a kind of repository as the tests see it.
type site struct {
	server *charttest.Server
	// url is the repository's.
	url string
	// first is the path that is asked for first, blob that of istiod's archive.
	first, blob string
	// charts are what it has.
	charts map[string][]byte
}

var registry *charttest.Registry

// newRegistrySite is a real registry behind a server that can put faults in.
func newRegistrySite() site {
	GinkgoHelper()
	charts := smallCharts()
	server := inFrontOf(registry)
	sum := sha256.Sum256(charts["istiod"])
	return site{
		server: server, charts: charts, url: "oci://" + strings.TrimPrefix(server.URL, "https://") + "/istio/charts",
		first: "/v2/istio/charts/base/manifests/" + version, blob: "/v2/istio/charts/istiod/blobs/sha256:" + hex.EncodeToString(sum[:]),
	}
}

func newHelmSite() site {
	GinkgoHelper()
	charts := smallCharts()
	server := charttest.HelmRepository(version, charts)
	return site{server: server, charts: charts, url: server.URL + "/charts", first: "/charts/index.yaml", blob: "/charts/istiod-" + version + ".tgz"}
}

var _ = BeforeSuite(func() {
	registry = charttest.StartRegistry()
	registry.Push(version, smallCharts())
})

var _ = DescribeTableSubtree("A chart repository", func(newSite func() site) {
	var s site

	BeforeEach(func() { s = newSite() })

	It("gives the charts", func() {
		charts, err := fetch(s.server, s.url)
		Expect(err).NotTo(HaveOccurred())
		Expect(charts).To(BeEquivalentTo(s.charts))
	})

	It("takes a URL with a slash at its end", func() {
		Expect(fetch(s.server, s.url+"/")).To(HaveLen(4))
	})

	It("is not trusted without its CA", func() {
		_, err := fetchAs(asPuller(nil), s.url)
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonRepositoryUntrusted), HaveField("Temporary", false)))
		Expect(err).To(MatchError(ContainSubstring("ca.crt")))
	})

	It("is trusted without its CA where nothing is to be verified", func() {
		source := repository.Source{URL: s.url, Version: version, SkipVerify: true}
		Expect(repository.Fetch(context.Background(), source, asPuller(nil), repository.DefaultLimits())).To(HaveLen(4))
	})

	DescribeTable("denies", func(user, password string) {
		_, err := fetchAs(repository.Access{Username: user, Password: password, CA: s.server.CA}, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonRepositoryDenied), HaveField("Temporary", false)))
		Expect(err).To(MatchError(ContainSubstring("spec.repository.secrets")))
	},
		Entry("a user without a password", "", ""),
		Entry("a wrong password", charttest.Username, "wrong"),
	)

	It("may not have the version", func() {
		source := repository.Source{URL: s.url, Version: "1.29.98"}
		_, err := repository.Fetch(context.Background(), source, asPuller(s.server.CA), repository.DefaultLimits())
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonChartNotFound), HaveField("Temporary", false)))
		Expect(err).To(MatchError("chart base 1.29.98 of " + s.url +
			": it does not exist; the nearest releases that the repository has are 1.29.99: set spec.version to one of them"))
	})

	It("may not have the version, and not list those that it has", func() {
		s.server.Handle(s.first, answer(http.StatusNotFound))
		s.server.Handle("/v2/istio/charts/istiod/tags/list", answer(http.StatusForbidden))
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonChartNotFound), HaveField("Temporary", false)))
		Expect(err).To(MatchError(And(ContainSubstring("404 Not Found"), ContainSubstring("check spec.repository.url"))))
	})

	It("lists its versions", func() {
		source := repository.Source{URL: s.url}
		Expect(repository.Versions(context.Background(), source, asPuller(s.server.CA), repository.DefaultLimits())).To(Equal([]string{version}))
		s.server.Close()
		_, err := repository.Versions(context.Background(), source, asPuller(s.server.CA), repository.DefaultLimits())
		Expect(failure(err)).To(HaveField("Reason", v1.ReasonRepositoryUnavailable))
		Expect(err).To(MatchError(HavePrefix("listing the versions: chart istiod of " + s.url)))
	})

	DescribeTable("may answer", func(status int, reason string, temporary bool) {
		s.server.Handle(s.blob, answer(status))
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", reason), HaveField("Temporary", temporary)))
		Expect(err).To(MatchError(ContainSubstring(strconv.Itoa(status))))
	},
		Entry("401", 401, v1.ReasonRepositoryDenied, false),
		Entry("403", 403, v1.ReasonRepositoryDenied, false),
		Entry("404", 404, v1.ReasonChartNotFound, false),
		Entry("400", 400, v1.ReasonRepositoryInvalid, false),
		Entry("429", 429, v1.ReasonRepositoryUnavailable, true),
		Entry("500", 500, v1.ReasonRepositoryUnavailable, true),
		Entry("503", 503, v1.ReasonRepositoryUnavailable, true),
	)

	It("may be away", func() {
		s.server.Close()
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonRepositoryUnavailable), HaveField("Temporary", true)))
		Expect(err).To(MatchError(ContainSubstring("connection refused")))
	})

	It("may give what it does not announce", func() {
		s.server.Handle(s.blob, send(bytes.Repeat([]byte("x"), len(s.charts["istiod"]))))
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonChartDigest), HaveField("Temporary", false)))
	})

	It("may break off", func() {
		s.server.Handle(s.blob, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(s.charts["istiod"])))
			_, _ = w.Write(s.charts["istiod"][:100])
		})
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonRepositoryUnavailable), HaveField("Temporary", true)))
	})

	It("may send without end", func() {
		s.server.Handle(s.blob, func(w http.ResponseWriter, _ *http.Request) {
			for part := bytes.Repeat([]byte("x"), 1<<20); ; {
				if _, err := w.Write(part); err != nil {
					return
				}
			}
		})
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonChartInvalid), HaveField("Temporary", false)))
		Expect(err).To(MatchError(ContainSubstring("larger than")))
	})

	DescribeTable("may keep one waiting,", func(handler http.HandlerFunc, change func(*repository.Limits), message string) {
		s.server.Handle(s.blob, handler)
		limits := repository.DefaultLimits()
		change(&limits)
		source := repository.Source{URL: s.url, Version: version}
		_, err := repository.Fetch(context.Background(), source, asPuller(s.server.CA), limits)
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonRepositoryUnavailable), HaveField("Temporary", true)))
		Expect(err).To(MatchError(ContainSubstring(message)))
	},
		Entry("sending nothing", silent, window, "sends too slowly"),
		Entry("sending byte by byte", drip, window, "sends too slowly"),
		Entry("for longer than the deadline", drip, func(l *repository.Limits) { l.Deadline = 3 * time.Second }, "took too long"),
	)

	It("may send one elsewhere, where no credentials are sent", func() {
		elsewhere := charttest.NewServer(send(s.charts["istiod"]))
		s.server.Handle(s.blob, func(w http.ResponseWriter, r *http.Request) {
			if _, _, ok := r.BasicAuth(); !ok {
				w.Header().Set("WWW-Authenticate", `Basic realm="charts"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			http.Redirect(w, r, elsewhere.URL+"/?signature=secret", http.StatusTemporaryRedirect)
		})
		Expect(fetch(s.server, s.url)).To(HaveLen(4))
		Expect(elsewhere.Seen()).To(ConsistOf(HaveField("Header", Not(Or(HaveKey("Authorization"), HaveKey("Referer"))))))
	})

	It("may send one to a URL that is signed, which stands in no message", func() {
		elsewhere := charttest.NewServer(nil)
		s.server.Handle(s.blob, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/?signature=secret", http.StatusTemporaryRedirect)
		})
		elsewhere.Close()
		_, err := fetch(s.server, s.url)
		Expect(failure(err).Error()).NotTo(ContainSubstring("signature"))
	})

	It("may not send one to where there is no TLS", func() {
		plain := httptest.NewServer(send(s.charts["istiod"]))
		DeferCleanup(plain.Close)
		s.server.Handle(s.blob, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) })
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonRepositoryInvalid), HaveField("Temporary", false)))
	})

	It("may send one in circles", func() {
		s.server.Handle(s.blob, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, s.blob, http.StatusFound) })
		_, err := fetch(s.server, s.url)
		Expect(err).To(MatchError(ContainSubstring("too many redirects")))
	})

	It("may be something else", func() {
		s.server.Handle(s.first, send([]byte("<html>hello</html>")))
		_, err := fetch(s.server, s.url)
		Expect(failure(err).Temporary).To(BeFalse())
	})
},
	Entry("in a registry", newRegistrySite),
	Entry("as Helm makes them", newHelmSite),
)

func window(l *repository.Limits) { l.Window = 2 * time.Second }

// silent answers nothing until it is left alone.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// drip sends a byte now and then until it is left alone.
func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			_, _ = w.Write([]byte("x"))
			w.(http.Flusher).Flush()
		}
	}
}

var _ = Describe("A registry's manifest", func() {
	var s site

	BeforeEach(func() { s = newRegistrySite() })

	DescribeTable("is refused where it", func(content, reason, message string) {
		s.server.Handle(s.first, send([]byte(content)))
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", reason), HaveField("Temporary", false)))
		Expect(err).To(MatchError(ContainSubstring(message)))
	},
		Entry("is an image's", `{"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip"}]}`, v1.ReasonChartInvalid, "not a Helm chart"),
		Entry("tells of a chart of 1 GB",
			`{"layers":[{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip","size":1000000000,"digest":"sha256:00"}]}`,
			v1.ReasonChartInvalid, "larger than"),
		Entry("tells of a chart of less than nothing",
			`{"layers":[{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip","size":-5,"digest":"sha256:00"}]}`,
			v1.ReasonChartInvalid, "size"),
	)

	It("is refused where it is not the one that the registry announces", func() {
		s.server.Handle(s.first, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
			_, _ = w.Write([]byte(`{}`))
		})
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(HaveField("Reason", v1.ReasonChartDigest))
	})

	It("is had with a token where the registry asks for one", func() {
		tokens := charttest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, password, _ := r.BasicAuth(); password == charttest.Password {
				_, _ = fmt.Fprint(w, `{"token":"token-of-the-day"}`)
				return
			}
			w.WriteHeader(http.StatusUnauthorized)
		}))
		s.server.Handle(s.blob, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer token-of-the-day" {
				_, _ = w.Write(s.charts["istiod"])
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+tokens.URL+`/token",service="charts",scope="repository:istiod:pull"`)
			w.WriteHeader(http.StatusUnauthorized)
		})
		Expect(fetch(s.server, s.url)).To(HaveLen(4))
		_, err := fetchAs(repository.Access{Username: "x", Password: "wrong", CA: s.server.CA}, s.url)
		Expect(failure(err)).To(HaveField("Reason", v1.ReasonRepositoryDenied))
	})
})

var _ = Describe("A Helm repository's index", func() {
	DescribeTable("is refused where it", func(index, reason, message string) {
		s := newHelmSite()
		s.server.Handle(s.first, send([]byte(index)))
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(And(HaveField("Reason", reason), HaveField("Temporary", false)))
		Expect(err).To(MatchError(ContainSubstring(message)))
	},
		Entry("says nowhere", "entries: {base: [{version: 1.29.99}]}", v1.ReasonRepositoryInvalid, "has no URL for it"),
		Entry("leads to plain HTTP", "entries: {base: [{version: 1.29.99, urls: ['http://localhost/base.tgz']}]}", v1.ReasonRepositoryInvalid, "not https"),
		Entry("leads to a file", "entries: {base: [{version: 1.29.99, urls: ['file:///etc/passwd']}]}", v1.ReasonRepositoryInvalid, "not https"),
		Entry("is a list", "[1, 2]", v1.ReasonRepositoryInvalid, "not an index of charts"),
		Entry("is endless", strings.Repeat("#", 5<<20), v1.ReasonChartInvalid, "larger than"),
		Entry("explodes", bomb(), v1.ReasonRepositoryInvalid, "its index.yaml is rejected, since it has YAML aliases"),
	)

	// Hardened: a Helm repository's index of 211 KiB with YAML aliases of one long text | the operator took 3.9 GiB and was killed
	It("is refused where it has aliases, in little memory (RepositoryInvalid)", func() {
		server := charttest.HelmRepository(version, smallCharts())
		server.Handle("/charts/index.yaml", send([]byte("apiVersion: v1\nentries: {}\n"+aliases())))
		var err error
		Expect(memory.Peak(func() { _, err = fetch(server, server.URL+"/charts") })).To(BeNumerically("<", memory.Limit))
		Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonRepositoryInvalid), HaveField("Temporary", false)))
		Expect(err).To(MatchError(ContainSubstring("its index.yaml is rejected, since it has YAML aliases")))
	})

	It("may lead to another host, which gets no credentials", func() {
		s := newHelmSite()
		elsewhere := charttest.NewServer(send(s.charts["base"]))
		s.server.Handle(s.first, send(fmt.Appendf(nil, "entries: {base: [{version: 1.29.99, urls: ['%s/base.tgz']}]}", elsewhere.URL)))
		_, err := fetch(s.server, s.url)
		Expect(failure(err)).To(HaveField("Reason", v1.ReasonChartNotFound), "base was had, istiod is not in this index")
		Expect(elsewhere.Seen()).To(ConsistOf(HaveField("Header", Not(HaveKey("Authorization")))))
	})
})

// bomb is YAML that is a billion times larger when its aliases are followed.
func bomb() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 10; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return text + "entries: *a9\n"
}

var _ = DescribeTable("A URL is refused that", func(url, message string) {
	_, err := fetchAs(repository.Access{}, url)
	Expect(failure(err)).To(And(HaveField("Reason", v1.ReasonRepositoryInvalid), HaveField("Temporary", false)))
	Expect(err).To(MatchError(ContainSubstring(message)))
},
	Entry("holds credentials", "oci://user:"+charttest.Password+"@localhost/charts", "not have a user, password"),
	Entry("holds a query", "https://localhost/charts?token="+charttest.Password, "not have a user, password, query"),
	Entry("has no host", "oci://", "has no host"),
	Entry("is for another protocol", "http://localhost/charts", "must start with"),
)

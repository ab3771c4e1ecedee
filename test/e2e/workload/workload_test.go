// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

func TestWorkload(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The workload")
}

// asked asks that many times, and returns the last line and the error.
func asked(ctx context.Context, times int, answers <-chan struct{}, arguments ...string) (count, error) {
	GinkgoHelper()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var out bytes.Buffer
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, append([]string{"ask", "-every=1ms"}, arguments...), &out) }()
	for range times {
		Eventually(answers).WithTimeout(10 * time.Second).Should(Receive())
	}
	stop()
	var err error
	Eventually(ended).WithTimeout(10 * time.Second).Should(Receive(&err))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var last count
	Expect(json.Unmarshal([]byte(lines[len(lines)-1]), &last)).To(Succeed())
	return last, err
}

var _ = Describe("The workload", func() {
	var answers chan struct{}
	answering := func(code int) string {
		answers = make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			select {
			case answers <- struct{}{}:
			case <-r.Context().Done():
			}
		}))
		DeferCleanup(server.Close)
		return server.URL
	}

	It("counts what is answered", func(ctx SpecContext) {
		address := answering(http.StatusOK)
		so, err := asked(ctx, 5, answers, address)
		Expect(err).NotTo(HaveOccurred())
		Expect(so.Asked).To(BeNumerically(">=", 4), "the last may be under way")
		Expect(so.Failed).To(BeZero())
	})

	DescribeTable("counts connections", func(ctx SpecContext, expected OmegaMatcher, arguments ...string) {
		address := answering(http.StatusOK)
		so, err := asked(ctx, 5, answers, append(arguments, address)...)
		Expect(err).NotTo(HaveOccurred())
		Expect(so.Connections).To(expected)
	},
		Entry("one for each question", BeNumerically(">=", 4)),
		Entry("one that is kept", BeEquivalentTo(1), "-reuse"),
	)

	DescribeTable("makes another connection when the one that is kept has ended, and no question fails", func(ctx SpecContext, end func(w http.ResponseWriter, server *httptest.Server)) {
		answers = make(chan struct{})
		asks := 0
		var server *httptest.Server
		server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asks++; asks == 3 {
				end(w, server)
			}
			select {
			case answers <- struct{}{}:
			case <-r.Context().Done():
			}
		}))
		DeferCleanup(server.Close)
		so, err := asked(ctx, 6, answers, "-reuse", server.URL)
		Expect(err).NotTo(HaveOccurred())
		Expect(so.Failed).To(BeZero())
		Expect(so.Connections).To(BeEquivalentTo(2))
	},
		Entry("as the server says", func(w http.ResponseWriter, _ *httptest.Server) { w.Header().Set("Connection", "close") }),
		Entry("before the answer", func(_ http.ResponseWriter, server *httptest.Server) { server.CloseClientConnections() }),
	)

	It("asks with the method that it is given", func(ctx SpecContext) {
		answers = make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				answers <- struct{}{}
			}
		}))
		DeferCleanup(server.Close)
		_, err := asked(ctx, 1, answers, "-method=DELETE", server.URL)
		Expect(err).NotTo(HaveOccurred())
	})

	It("counts what fails, says why, and fails at the end", func(ctx SpecContext) {
		address := answering(http.StatusServiceUnavailable)
		so, err := asked(ctx, 5, answers, address)
		Expect(err).To(MatchError(ContainSubstring("503")))
		Expect(so.Failed).To(And(BeNumerically(">=", 4), Equal(so.Asked)))
		Expect(so.LastError).To(ContainSubstring("503"))
	})

	It("counts an attempt that is made again as no failure, if one does in time", func(ctx SpecContext) {
		answers = make(chan struct{})
		attempts := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if attempts++; attempts < 3 {
				http.Error(w, "not yet", http.StatusServiceUnavailable)
				return
			}
			select {
			case answers <- struct{}{}:
			case <-r.Context().Done():
			}
		}))
		DeferCleanup(server.Close)
		so, err := asked(ctx, 2, answers, "-patience=1m", server.URL)
		Expect(err).NotTo(HaveOccurred())
		Expect(so).To(And(HaveField("Failed", 0), HaveField("Retried", 2), HaveField("LastError", ContainSubstring("503 Service Unavailable: not yet"))))
	})

	It("counts as a failure what is tried again to no end", func(ctx SpecContext) {
		address := answering(http.StatusServiceUnavailable)
		so, err := asked(ctx, 20, answers, "-patience=5ms", address) // No question takes more than six of them.
		Expect(err).To(HaveOccurred())
		Expect(so.Failed).To(BeNumerically(">", 0))
	})

	It("can ask for connections only", func(ctx SpecContext) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		connected := make(chan struct{}, 100)
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				_ = connection.Close()
				connected <- struct{}{}
			}
		}()
		so, err := asked(ctx, 5, connected, "-connect", listener.Addr().String())
		Expect(err).NotTo(HaveOccurred())
		Expect(so.Asked).To(BeNumerically(">=", 4))
	})

	It("serves with a certificate as well", func(ctx SpecContext) {
		serving, stop := context.WithCancel(ctx)
		out := gbytes.NewBuffer()
		ended := make(chan error, 1)
		go func() {
			ended <- run(serving, []string{"serve", "-listen=127.0.0.1:0", "-listen-tls=127.0.0.1:0"}, out)
		}()
		Eventually(out).WithTimeout(10 * time.Second).Should(gbytes.Say("serves on .*\n.*serves on .*\n"))
		words := strings.Fields(string(out.Contents()))
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		response, err := client.Get("https://" + words[len(words)-1] + "/apis/workload.test/v1")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(response.Body.Close)
		Expect(response).To(HaveHTTPBody(ContainSubstring("APIResourceList")))
		client.CloseIdleConnections()
		stop()
		Eventually(ended).WithTimeout(10 * time.Second).Should(Receive(BeNil()))
	})

	It("serves its name until it is told to end", func(ctx SpecContext) {
		serving, stop := context.WithCancel(ctx)
		out := gbytes.NewBuffer()
		ended := make(chan error, 1)
		go func() { ended <- run(serving, []string{"serve", "-listen=127.0.0.1:0"}, out) }()
		Eventually(out).WithTimeout(10 * time.Second).Should(gbytes.Say("serves on .*\n"))
		name, err := os.Hostname()
		Expect(err).NotTo(HaveOccurred())
		response, err := http.Get("http://" + strings.TrimSpace(strings.TrimPrefix(string(out.Contents()), name+" serves on ")))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(response.Body.Close)
		Expect(response).To(HaveHTTPBody(name))
		stop()
		Eventually(ended).WithTimeout(10 * time.Second).Should(Receive(BeNil()))
	})
})

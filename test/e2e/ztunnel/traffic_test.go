// SPDX-License-Identifier: Apache-2.0

package ztunnel_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gloo-operator/gloo-operator/test/cluster"
)

// Addresses of two pods, by their families.
var (
	clientAddresses = []string{"10.9.0.1", "fd00:9::1"}
	serverAddresses = []string{"10.9.0.2", "fd00:9::2"}
)

// carriesTraffic has two pods whose networks are linked, as a node's are. The rules that
// redirect their traffic are the agent's.
func (r *release) carriesTraffic() {
	BeforeAll(func(ctx SpecContext) {
		kubelet := r.m.Process(cluster.Kwok)
		Expect(kubelet.Stop()).To(Succeed())
		DeferCleanup(kubelet.Start)
		r.join(ctx, "client", 1, r.client, clientAddresses)
		r.join(ctx, "server", 2, r.server, serverAddresses)
		r.server.serve(":8080")
	})

	for i, family := range []string{"IPv4", "IPv6"} {
		It("carries it over mTLS, by "+family+", and the server sees its client's address", func() {
			logged := fmt.Sprintf(
				`src.identity="spiffe://cluster.local/ns/shop/sa/client" dst.addr=\S+ dst.hbone_addr=%s \S+ \S+ dst.identity="spiffe://cluster.local/ns/shop/sa/server" direction="inbound"`,
				regexp.QuoteMeta(net.JoinHostPort(serverAddresses[i], "8080")))
			eventually(func(g Gomega) {
				answer, err := ask(r.client.browser(false), net.JoinHostPort(serverAddresses[i], "8080"))
				g.Expect(err).NotTo(HaveOccurred())
				host, _, err := net.SplitHostPort(answer)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(host).To(Equal(clientAddresses[i]))
				g.Expect(string(r.s.session.Err.Contents())).To(MatchRegexp(logged))
			})
		})
	}
}

// handsOver replaces the stand-in, as a rollout does. It is gone afterwards.
func (r *release) handsOver() {
	It("loses no connection when another one takes over, and serves open ones until they end", func(ctx SpecContext) {
		address := net.JoinHostPort(serverAddresses[0], "8080")
		keeping := r.client.browser(true)
		first, err := ask(keeping, address)
		Expect(err).NotTo(HaveOccurred())
		successor := startStandin(ctx, r.m, r.version, r.a.socket())
		Eventually(successor.readiness).WithTimeout(patience).Should(Equal(http.StatusOK))
		r.s.session.Terminate()
		for range 500 { // Some of them while it closes its listeners.
			Expect(ask(r.client.browser(false), address)).NotTo(BeEmpty())
		}
		Expect(r.s.session).NotTo(gexec.Exit())
		Expect(ask(keeping, address)).To(Equal(first), "over the same connection")
		keeping.CloseIdleConnections()
		Eventually(r.s.session).WithTimeout(patience).Should(gexec.Exit(0))
	})
}

// join puts a pod into the mesh.
func (r *release) join(ctx context.Context, name string, place int, in *network, addresses []string) {
	GinkgoHelper()
	in.connect(addresses[0]+"/24", addresses[1]+"/64")
	pod := r.m.pod(ctx, shop, name, name)
	eventually(func(g Gomega) {
		code, answer := r.a.announce(ctx, g, pod, place, addresses...)
		g.Expect(code).To(Equal(http.StatusOK), answer)
	})
	pod, err := r.m.kube.CoreV1().Pods(shop).Get(ctx, name, metav1.GetOptions{})
	Expect(err).NotTo(HaveOccurred())
	r.m.runAt(ctx, pod, addresses...)
}

// serve answers each request with the address that it comes from.
func (n *network) serve(address string) {
	GinkgoHelper()
	var listener net.Listener
	var err error
	n.do(func() { listener, err = net.Listen("tcp", address) })
	Expect(err).NotTo(HaveOccurred())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) })}
	DeferCleanup(server.Close)
	go func() { _ = server.Serve(listener) }() // until it is closed
}

// browser is a client in the network. Unless it keeps its connection, each request has its own.
func (n *network) browser(keep bool) *http.Client {
	return &http.Client{Timeout: patience / 10, Transport: &http.Transport{DisableKeepAlives: !keep, DialContext: func(ctx context.Context, family, address string) (net.Conn, error) {
		var connection net.Conn
		var err error
		n.do(func() { connection, err = new(net.Dialer).DialContext(ctx, family, address) })
		return connection, err
	}}}
}

// ask returns what a server answers.
func ask(client *http.Client, address string) (string, error) {
	response, err := client.Get("http://" + address)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return string(content), err
}

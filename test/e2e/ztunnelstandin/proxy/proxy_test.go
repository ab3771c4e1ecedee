// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/test/e2e/ztunnelstandin/mesh"
)

func TestProxy(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The proxy")
}

var _ = Describe("The access log", func() {
	entry := Connection{
		Direction: "inbound", Started: time.Now(), Sent: 7, Received: 5,
		Source: End{Address: netip.MustParseAddrPort("10.0.0.1:40000"), Peer: mesh.Peer{Workload: "cart", Namespace: "shop", Identity: "spiffe://cluster.local/ns/shop/sa/cart"}},
		Destination: End{
			Address: netip.MustParseAddrPort("10.0.0.2:15008"), Tunnel: netip.MustParseAddrPort("10.0.0.2:8080"), Service: "pay.shop.svc.cluster.local",
			Peer: mesh.Peer{Workload: "pay", Namespace: "shop", Identity: "spiffe://cluster.local/ns/shop/sa/pay"},
		},
	}

	DescribeTable("has a line for a connection, with the fields of ztunnel's", func(edit func(*Connection), expected string) {
		e, out := entry, new(bytes.Buffer)
		edit(&e)
		(&AccessLog{Out: out}).add(&e)
		Expect(out.String()).To(MatchRegexp(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z` + "\t" + expected + "\n$"))
	},
		Entry("over mutual TLS", func(*Connection) {}, "info\taccess\tconnection complete\t"+
			`src\.addr=10\.0\.0\.1:40000 src\.workload="cart" src\.namespace="shop" src\.identity="spiffe://cluster\.local/ns/shop/sa/cart" `+
			`dst\.addr=10\.0\.0\.2:15008 dst\.hbone_addr=10\.0\.0\.2:8080 dst\.service="pay\.shop\.svc\.cluster\.local" dst\.workload="pay" `+
			`dst\.namespace="shop" dst\.identity="spiffe://cluster\.local/ns/shop/sa/pay" direction="inbound" bytes_sent=7 bytes_recv=5 duration="\d+ms"`),
		Entry("in plain text", func(e *Connection) { e.Source.Peer, e.Destination = mesh.Peer{}, End{Address: e.Destination.Tunnel} },
			"info\taccess\tconnection complete\t"+
				`src\.addr=10\.0\.0\.1:40000 dst\.addr=10\.0\.0\.2:8080 direction="inbound" bytes_sent=7 bytes_recv=5 duration="\d+ms"`),
		Entry("that failed", func(e *Connection) { e.Error = "refused" }, "error\taccess\t.* error=\"refused\""),
	)

	It("remembers the last connections, and answers with them", func() {
		log := &AccessLog{Out: new(bytes.Buffer)}
		for i := range recent + 1 {
			e := entry
			e.Sent = int64(i)
			log.add(&e)
		}
		answer := httptest.NewRecorder()
		log.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/connections", nil))
		Expect(log.last).To(HaveLen(recent))
		Expect(log.last[0].Sent).To(BeEquivalentTo(1))
		Expect(answer.Body.String()).To(ContainSubstring(`"identity":"spiffe://cluster.local/ns/shop/sa/cart"`))
	})
})

var _ = DescribeTable("Nameservers are", func(content string, expected ...string) {
	var found []string
	for _, address := range nameserversIn(content) {
		found = append(found, address.String())
	}
	Expect(found).To(HaveExactElements(expected))
},
	Entry("those of the file, in order", "search a b\nnameserver 10.96.0.10\nnameserver  fd00::10\n", "10.96.0.10:53", "[fd00::10]:53"),
	Entry("not what cannot be read", "nameserver\nnameserver example.com\n# nameserver 10.0.0.1\noptions 10.0.0.3\nnameserver 10.0.0.2", "10.0.0.2:53"),
)

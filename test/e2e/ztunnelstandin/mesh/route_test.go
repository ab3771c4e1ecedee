// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"net/netip"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"istio.io/istio/pkg/workloadapi"
)

var _ = Describe("A route", func() {
	const (
		cart    = "spiffe://cluster.local/ns/shop/sa/cart"
		gateway = "spiffe://cluster.local/ns/shop/sa/gateway"
	)
	var m *Mesh

	BeforeEach(func() {
		m = New("cluster.local")
		sendService(m, service("gateway", "10.96.0.9", func(s *workloadapi.Service) {
			s.Ports = []*workloadapi.Port{{ServicePort: 15008, TargetPort: 15008}}
		}))
		sendWorkloads(m, workload("gateway", "10.0.0.9", behind("gateway")))
	})

	type route struct{ to, tunnel, identity string }
	routed := func(destination string) route {
		GinkgoHelper()
		found, err := m.Route(netip.MustParseAddrPort(destination))
		Expect(err).NotTo(HaveOccurred())
		r := route{to: found.To.String()}
		if found.Tunnel.IsValid() {
			Expect(found.Identities).To(HaveLen(1))
			r.tunnel, r.identity = found.Tunnel.String(), found.Identities[0]
		}
		return r
	}

	DescribeTable("to a workload", func(w *workloadapi.Workload, destination string, expected route) {
		sendWorkloads(m, w)
		Expect(routed(destination)).To(Equal(expected))
	},
		Entry("is a tunnel to the workload in the mesh", workload("cart", "10.0.0.1"), "10.0.0.1:8080",
			route{"10.0.0.1:15008", "10.0.0.1:8080", cart}),
		Entry("is a tunnel over IPv6", workload("cart", "fd00::1"), "[fd00::1]:8080",
			route{"[fd00::1]:15008", "[fd00::1]:8080", cart}),
		Entry("is plain outside of the mesh", workload("cart", "10.0.0.1", plain), "10.0.0.1:8080",
			route{to: "10.0.0.1:8080"}),
		Entry("is plain to what istiod has sent nothing about", workload("cart", "10.0.0.1"), "192.0.2.1:443",
			route{to: "192.0.2.1:443"}),
		Entry("is plain to an address of the host network, which many have",
			workload("cart", "10.0.0.1", func(w *workloadapi.Workload) { w.NetworkMode = workloadapi.NetworkMode_HOST_NETWORK }), "10.0.0.1:8080",
			route{to: "10.0.0.1:8080"}),
		Entry("is a tunnel to its waypoint", workload("cart", "10.0.0.1", func(w *workloadapi.Workload) { w.Waypoint = waypoint("gateway") }), "10.0.0.1:8080",
			route{"10.0.0.9:15008", "10.0.0.1:8080", gateway}),
		Entry("has the trust domain and service account of the workload, or else the defaults",
			workload("cart", "10.0.0.1", func(w *workloadapi.Workload) { w.TrustDomain, w.ServiceAccount = "example.com", "" }), "10.0.0.1:8080",
			route{"10.0.0.1:15008", "10.0.0.1:8080", "spiffe://example.com/ns/shop/sa/default"}),
	)

	DescribeTable("to a Service", func(s *workloadapi.Service, endpoint *workloadapi.Workload, destination string, expected route) {
		sendService(m, s)
		sendWorkloads(m, endpoint, workload("sick", "10.0.0.3", behind("cart"), unhealthy), workload("other", "10.0.0.4", behind("other")))
		for range 20 { // It is a random one.
			Expect(routed(destination)).To(Equal(expected))
		}
	},
		Entry("is a tunnel to a healthy endpoint", service("cart", "10.96.0.1"), workload("cart", "10.0.0.1", behind("cart")), "10.96.0.1:80",
			route{"10.0.0.1:15008", "10.0.0.1:8080", cart}),
		Entry("has the endpoint's own port of that name", service("cart", "10.96.0.1"),
			workload("cart", "10.0.0.1", behind("cart", &workloadapi.Port{ServicePort: 80, TargetPort: 9090})), "10.96.0.1:80",
			route{"10.0.0.1:15008", "10.0.0.1:9090", cart}),
		Entry("is plain to an endpoint outside of the mesh", service("cart", "10.96.0.1"), workload("cart", "10.0.0.1", behind("cart"), plain), "10.96.0.1:80",
			route{to: "10.0.0.1:8080"}),
		Entry("has the endpoint's address of the same family", service("cart", "fd00:96::1"), workload("cart", "10.0.0.1", behind("cart"),
			func(w *workloadapi.Workload) {
				w.Addresses = append(w.Addresses, netip.MustParseAddr("fd00::1").AsSlice())
			}), "[fd00:96::1]:80",
			route{"[fd00::1]:15008", "[fd00::1]:8080", cart}),
		Entry("is a tunnel to the waypoint, which picks an endpoint",
			service("cart", "10.96.0.1", func(s *workloadapi.Service) { s.Waypoint = waypoint("gateway") }), workload("cart", "10.0.0.1", behind("cart")), "10.96.0.1:80",
			route{"10.0.0.9:15008", "10.96.0.1:80", gateway}),
		Entry("is a tunnel to a waypoint that is given by its address", service("cart", "10.96.0.1", func(s *workloadapi.Service) {
			s.Waypoint = &workloadapi.GatewayAddress{HboneMtlsPort: 15008, Destination: &workloadapi.GatewayAddress_Address{
				Address: &workloadapi.NetworkAddress{Address: []byte{10, 96, 0, 9}},
			}}
		}), workload("cart", "10.0.0.1", behind("cart")), "10.96.0.1:80", route{"10.0.0.9:15008", "10.96.0.1:80", gateway}),
		Entry("is plain for a port that the Service does not have", service("cart", "10.96.0.1"), workload("cart", "10.0.0.1", behind("cart")), "10.96.0.1:81",
			route{to: "10.96.0.1:81"}),
		Entry("is plain where the Service wants its own address", service("cart", "10.96.0.1", func(s *workloadapi.Service) {
			s.LoadBalancing = &workloadapi.LoadBalancing{Mode: workloadapi.LoadBalancing_PASSTHROUGH}
		}), workload("cart", "10.0.0.1", behind("cart")), "10.96.0.1:80", route{to: "10.96.0.1:80"}),
	)

	It("to a Service may lead to endpoints that are not healthy, if the Service allows it", func() {
		sendService(m, service("cart", "10.96.0.1", func(s *workloadapi.Service) {
			s.LoadBalancing = &workloadapi.LoadBalancing{HealthPolicy: workloadapi.LoadBalancing_ALLOW_ALL}
		}))
		sendWorkloads(m, workload("cart", "10.0.0.1", behind("cart"), unhealthy))
		Expect(routed("10.96.0.1:80").tunnel).To(Equal("10.0.0.1:8080"))
	})

	DescribeTable("does not exist", func(s *workloadapi.Service, reason string) {
		sendService(m, s)
		sendWorkloads(m, workload("cart", "10.0.0.1", behind("cart"), unhealthy))
		route, err := m.Route(netip.MustParseAddrPort("10.96.0.1:80"))
		Expect(err).To(MatchError(ContainSubstring(reason)))
		Expect(route.Service).To(Equal("cart"))
	},
		Entry("without a healthy endpoint", service("cart", "10.96.0.1"), "no healthy upstream of cart"),
		Entry("without the waypoint's Service",
			service("cart", "10.96.0.1", func(s *workloadapi.Service) { s.Waypoint = waypoint("missing") }), "waypoint: istiod has sent no Service of it"),
	)

	It("follows a workload that takes over an address, when the former one is removed later", func() {
		sendWorkloads(m, workload("former", "10.0.0.1"), workload("cart", "10.0.0.1"))
		Expect(m.Update(AddressType, nil, []string{"uid/former"})).To(Succeed())
		Expect(routed("10.0.0.1:8080").identity).To(Equal(cart))
	})

	It("is plain to what istiod has removed", func() {
		sendWorkloads(m, workload("cart", "10.0.0.1"))
		sendService(m, service("cart", "10.96.0.1"))
		Expect(m.Update(AddressType, nil, []string{"uid/cart", "shop/cart"})).To(Succeed())
		Expect(routed("10.0.0.1:8080")).To(Equal(route{to: "10.0.0.1:8080"}))
		Expect(routed("10.96.0.1:80")).To(Equal(route{to: "10.96.0.1:80"}))
	})
})

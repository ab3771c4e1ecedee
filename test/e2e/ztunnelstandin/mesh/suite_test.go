// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"net/netip"
	"testing"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"istio.io/istio/pkg/workloadapi"
	"istio.io/istio/pkg/workloadapi/security"
)

func TestMesh(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "What istiod sends")
}

// send has a mesh receive resources, by their names.
func send(m *Mesh, typeURL string, resources map[string]proto.Message) {
	GinkgoHelper()
	var all []*discovery.Resource
	for name, resource := range resources {
		content, err := anypb.New(resource)
		Expect(err).NotTo(HaveOccurred())
		all = append(all, &discovery.Resource{Name: name, Resource: content})
	}
	Expect(m.Update(typeURL, all, nil)).To(Succeed())
}

// sendWorkloads has a mesh receive workloads, by their UIDs.
func sendWorkloads(m *Mesh, workloads ...*workloadapi.Workload) {
	GinkgoHelper()
	for _, workload := range workloads {
		send(m, AddressType, map[string]proto.Message{
			workload.GetUid(): &workloadapi.Address{Type: &workloadapi.Address_Workload{Workload: workload}},
		})
	}
}

func sendService(m *Mesh, service *workloadapi.Service) {
	GinkgoHelper()
	send(m, AddressType, map[string]proto.Message{
		service.GetNamespace() + "/" + service.GetHostname(): &workloadapi.Address{Type: &workloadapi.Address_Service{Service: service}},
	})
}

func sendPolicy(m *Mesh, policy *security.Authorization) {
	GinkgoHelper()
	send(m, AuthorizationType, map[string]proto.Message{policy.GetNamespace() + "/" + policy.GetName(): policy})
}

// workload is a healthy pod in the mesh, of the ServiceAccount of the same name.
func workload(name, address string, edits ...func(*workloadapi.Workload)) *workloadapi.Workload {
	w := &workloadapi.Workload{
		Uid: "uid/" + name, Name: name, Namespace: "shop", ServiceAccount: name, TunnelProtocol: workloadapi.TunnelProtocol_HBONE,
		Addresses: [][]byte{netip.MustParseAddr(address).AsSlice()},
	}
	for _, edit := range edits {
		edit(w)
	}
	return w
}

// behind has a workload be an endpoint of a Service, with ports of its own.
func behind(hostname string, ports ...*workloadapi.Port) func(*workloadapi.Workload) {
	return func(w *workloadapi.Workload) {
		w.Services = map[string]*workloadapi.PortList{"shop/" + hostname: {Ports: ports}}
	}
}

func unhealthy(w *workloadapi.Workload) { w.Status = workloadapi.WorkloadStatus_UNHEALTHY }

func plain(w *workloadapi.Workload) { w.TunnelProtocol = workloadapi.TunnelProtocol_NONE }

// service has port 80, which leads to 8080.
func service(hostname, address string, edits ...func(*workloadapi.Service)) *workloadapi.Service {
	s := &workloadapi.Service{
		Namespace: "shop", Hostname: hostname, Ports: []*workloadapi.Port{{ServicePort: 80, TargetPort: 8080}},
		Addresses: []*workloadapi.NetworkAddress{{Address: netip.MustParseAddr(address).AsSlice()}},
	}
	for _, edit := range edits {
		edit(s)
	}
	return s
}

// waypoint is one by the name of its Service.
func waypoint(hostname string) *workloadapi.GatewayAddress {
	return &workloadapi.GatewayAddress{HboneMtlsPort: 15008, Destination: &workloadapi.GatewayAddress_Hostname{
		Hostname: &workloadapi.NamespacedHostname{Namespace: "shop", Hostname: hostname},
	}}
}

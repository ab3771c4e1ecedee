// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"istio.io/istio/pkg/workloadapi"
)

// tunnelPort is where workloads in the mesh accept HBONE.
const tunnelPort = 15008

// Route says where a connection goes.
type Route struct {
	// To is the address to connect to.
	To netip.AddrPort
	// Tunnel is the destination inside of HBONE. It is not valid for a plain connection.
	Tunnel netip.AddrPort
	// Identities are those that the other end of the tunnel may have.
	Identities []string
	// Peer is the workload at the other end, and Service the hostname of the Service that
	// was asked for. Either may be empty.
	Peer    Peer
	Service string
}

// Route decides where a connection to that destination goes: to the waypoint of the Service
// or workload, to a healthy endpoint of the Service, to the workload, or, where istiod has
// sent nothing about it, to the destination itself in plain text. It fails for a Service
// or a waypoint without healthy endpoints.
func (m *Mesh) Route(destination netip.AddrPort) (Route, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	is := m.owners[destination.Addr()]
	if service := m.services[is.service]; service != nil {
		return m.routeToService(is.service, service, destination)
	}
	workload := m.workloads[is.workload]
	if workload == nil {
		return Route{To: destination}, nil
	}
	if workload.GetWaypoint() != nil {
		return m.routeToWaypoint(workload.GetWaypoint(), destination, "")
	}
	return m.routeToWorkload(workload, destination, nil), nil
}

func (m *Mesh) routeToService(name string, service *workloadapi.Service, destination netip.AddrPort) (Route, error) {
	hostname := service.GetHostname()
	if service.GetWaypoint() != nil {
		return m.routeToWaypoint(service.GetWaypoint(), destination, hostname)
	}
	passthrough := service.GetLoadBalancing().GetMode() == workloadapi.LoadBalancing_PASSTHROUGH
	if passthrough || !hasPort(service.GetPorts(), destination.Port()) {
		return Route{To: destination, Service: hostname}, nil
	}
	endpoint, address, err := m.endpoint(name, service, destination)
	if err != nil {
		return Route{Service: hostname}, err
	}
	route := m.routeToWorkload(endpoint, address, service.GetSubjectAltNames())
	route.Service = hostname
	return route, nil
}

func (m *Mesh) routeToWorkload(workload *workloadapi.Workload, destination netip.AddrPort, names []string) Route {
	route := Route{To: destination, Peer: m.peer(workload)}
	if workload.GetTunnelProtocol() == workloadapi.TunnelProtocol_HBONE {
		route.Tunnel, route.To = destination, netip.AddrPortFrom(destination.Addr(), tunnelPort)
		route.Identities = append(slices.Clone(names), route.Peer.Identity)
	}
	return route
}

// routeToWaypoint has the waypoint connect to the destination.
func (m *Mesh) routeToWaypoint(gateway *workloadapi.GatewayAddress, destination netip.AddrPort, hostname string) (Route, error) {
	workload, address, err := m.waypoint(gateway, destination)
	if err != nil {
		return Route{Service: hostname}, fmt.Errorf("waypoint: %w", err)
	}
	peer := m.peer(workload)
	return Route{To: address, Tunnel: destination, Identities: []string{peer.Identity}, Peer: peer, Service: hostname}, nil
}

// waypoint finds a waypoint's workload, by its Service's name or by an address.
func (m *Mesh) waypoint(gateway *workloadapi.GatewayAddress, like netip.AddrPort) (*workloadapi.Workload, netip.AddrPort, error) {
	name := gateway.GetHostname().GetNamespace() + "/" + gateway.GetHostname().GetHostname()
	port := uint16(gateway.GetHboneMtlsPort())
	if address := gateway.GetAddress(); address != nil {
		ip, _ := netip.AddrFromSlice(address.GetAddress())
		is := m.owners[ip.Unmap()]
		if workload := m.workloads[is.workload]; workload != nil {
			return workload, netip.AddrPortFrom(ip.Unmap(), port), nil
		}
		name = is.service
	}
	service := m.services[name]
	if service == nil {
		return nil, netip.AddrPort{}, errors.New("istiod has sent no Service of it")
	}
	return m.endpoint(name, service, netip.AddrPortFrom(like.Addr(), port))
}

// endpoint picks one of a Service's healthy endpoints at random, with its address and port.
func (m *Mesh) endpoint(name string, service *workloadapi.Service, destination netip.AddrPort) (*workloadapi.Workload, netip.AddrPort, error) {
	type candidate struct {
		workload *workloadapi.Workload
		address  netip.AddrPort
	}
	var candidates []candidate
	for _, workload := range m.workloads {
		ports, ok := workload.GetServices()[name]
		if !ok || !accepts(service, workload) {
			continue
		}
		port := targetPort(service, ports, destination.Port())
		if ip, ok := addressLike(workload, destination.Addr()); ok && port != 0 {
			candidates = append(candidates, candidate{workload, netip.AddrPortFrom(ip, port)})
		}
	}
	if len(candidates) == 0 {
		return nil, netip.AddrPort{}, fmt.Errorf("no healthy upstream of %s", service.GetHostname())
	}
	picked := candidates[rand.IntN(len(candidates))]
	return picked.workload, picked.address, nil
}

func accepts(service *workloadapi.Service, workload *workloadapi.Workload) bool {
	return workload.GetStatus() == workloadapi.WorkloadStatus_HEALTHY ||
		service.GetLoadBalancing().GetHealthPolicy() == workloadapi.LoadBalancing_ALLOW_ALL
}

func hasPort(ports []*workloadapi.Port, wanted uint16) bool {
	return slices.ContainsFunc(ports, func(p *workloadapi.Port) bool { return p.GetServicePort() == uint32(wanted) })
}

// targetPort is an endpoint's port behind a Service's: the endpoint's own entry comes first,
// for named ports. It is 0 if there is none.
func targetPort(service *workloadapi.Service, own *workloadapi.PortList, wanted uint16) uint16 {
	for _, port := range slices.Concat(own.GetPorts(), service.GetPorts()) {
		if port.GetServicePort() == uint32(wanted) && port.GetTargetPort() != 0 {
			return uint16(port.GetTargetPort())
		}
	}
	return 0
}

// addressLike is a workload's address of the same IP family, or else any.
func addressLike(workload *workloadapi.Workload, like netip.Addr) (netip.Addr, bool) {
	all := workloadAddresses(workload)
	if i := slices.IndexFunc(all, func(ip netip.Addr) bool { return ip.Is4() == like.Is4() }); i >= 0 {
		return all[i], true
	}
	if len(all) == 0 {
		return netip.Addr{}, false
	}
	return all[0], true
}

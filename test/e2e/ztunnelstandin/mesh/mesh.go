// SPDX-License-Identifier: Apache-2.0

// Package mesh holds what istiod sends to a ztunnel, and decides by it: where a connection
// goes, and whether a workload accepts it. It opens no connection. The rules are those of
// architecture/ambient in istio.io/istio.
package mesh

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/proto"
	"istio.io/istio/pkg/workloadapi"
	"istio.io/istio/pkg/workloadapi/security"
)

// The types of resources that a ztunnel subscribes to.
const (
	AddressType       = "type.googleapis.com/istio.workload.Address"
	AuthorizationType = "type.googleapis.com/istio.security.Authorization"
)

// Mesh is what istiod has sent and not removed. It is safe for concurrent use.
type Mesh struct {
	// TrustDomain is that of workloads whose resource names none.
	TrustDomain string

	mu      sync.Mutex
	changed chan struct{}
	// answered has the types that istiod has answered about.
	answered  map[string]bool
	workloads map[string]*workloadapi.Workload
	services  map[string]*workloadapi.Service
	policies  map[string]*security.Authorization
	// owners has the names of the resources that have an address.
	owners map[netip.Addr]owner
}

// owner names the resources of an address. Either may be empty.
type owner struct{ workload, service string }

// New returns a mesh without workloads.
func New(trustDomain string) *Mesh {
	return &Mesh{
		TrustDomain: trustDomain, changed: make(chan struct{}), answered: map[string]bool{}, workloads: map[string]*workloadapi.Workload{},
		services: map[string]*workloadapi.Service{}, policies: map[string]*security.Authorization{}, owners: map[netip.Addr]owner{},
	}
}

// Update applies a delta response of one type. Resources that cannot be decoded are an
// error, and the others are applied.
func (m *Mesh) Update(typeURL string, resources []*discovery.Resource, removed []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range removed {
		m.remove(typeURL, name)
	}
	var failed error
	for _, resource := range resources {
		if err := m.set(typeURL, resource); err != nil {
			failed = fmt.Errorf("%s %s: %w", typeURL, resource.GetName(), err)
		}
	}
	m.answered[typeURL] = true
	close(m.changed)
	m.changed = make(chan struct{})
	return failed
}

func (m *Mesh) set(typeURL string, resource *discovery.Resource) error {
	name, content := resource.GetName(), resource.GetResource().GetValue()
	m.remove(typeURL, name)
	if typeURL == AuthorizationType {
		policy := new(security.Authorization)
		m.policies[name] = policy
		return proto.Unmarshal(content, policy)
	}
	address := new(workloadapi.Address)
	if err := proto.Unmarshal(content, address); err != nil {
		return err
	}
	if workload := address.GetWorkload(); workload != nil {
		m.addWorkload(name, workload)
	}
	if service := address.GetService(); service != nil {
		m.addService(name, service)
	}
	return nil
}

// addWorkload keeps workloads of the host network out of the lookup by address: many share one.
func (m *Mesh) addWorkload(name string, workload *workloadapi.Workload) {
	m.workloads[name] = workload
	if workload.GetNetworkMode() == workloadapi.NetworkMode_HOST_NETWORK {
		return
	}
	for _, ip := range workloadAddresses(workload) {
		m.owners[ip] = owner{workload: name, service: m.owners[ip].service}
	}
}

func (m *Mesh) addService(name string, service *workloadapi.Service) {
	m.services[name] = service
	for _, ip := range serviceAddresses(service) {
		m.owners[ip] = owner{workload: m.owners[ip].workload, service: name}
	}
}

// remove leaves an address alone that belongs to another resource by now.
func (m *Mesh) remove(typeURL, name string) {
	if typeURL == AuthorizationType {
		delete(m.policies, name)
		return
	}
	for _, ip := range workloadAddresses(m.workloads[name]) {
		if is := m.owners[ip]; is.workload == name {
			m.own(ip, owner{service: is.service})
		}
	}
	for _, ip := range serviceAddresses(m.services[name]) {
		if is := m.owners[ip]; is.service == name {
			m.own(ip, owner{workload: is.workload})
		}
	}
	delete(m.workloads, name)
	delete(m.services, name)
}

func (m *Mesh) own(ip netip.Addr, is owner) {
	if is == (owner{}) {
		delete(m.owners, ip)
		return
	}
	m.owners[ip] = is
}

// AwaitFirst waits until istiod has answered about each type. It fails when the context ends.
func (m *Mesh) AwaitFirst(ctx context.Context) error {
	return m.await(ctx, "no addresses and policies of istiod yet", func() bool { return m.answered[AddressType] && m.answered[AuthorizationType] })
}

// AwaitWorkload waits until there is a workload with that address. It fails when the context ends.
func (m *Mesh) AwaitWorkload(ctx context.Context, ip netip.Addr) error {
	return m.await(ctx, "istiod has sent no workload with the address "+ip.String(), func() bool { return m.owners[ip].workload != "" })
}

func (m *Mesh) await(ctx context.Context, otherwise string, so func() bool) error {
	for {
		m.mu.Lock()
		done, changed := so(), m.changed
		m.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", otherwise, ctx.Err())
		case <-changed:
		}
	}
}

// Peer is what a log says about one end of a connection.
type Peer struct {
	Workload  string `json:"workload,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Identity  string `json:"identity,omitempty"`
}

// Peer describes the workload with that address. It is empty if there is none.
func (m *Mesh) Peer(ip netip.Addr) Peer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.peer(m.workloads[m.owners[ip].workload])
}

func (m *Mesh) peer(workload *workloadapi.Workload) Peer {
	if workload == nil {
		return Peer{}
	}
	return Peer{Workload: workload.GetName(), Namespace: workload.GetNamespace(), Identity: m.identity(workload)}
}

// identity is a workload's SPIFFE ID. An elided trust domain is the mesh's, and an elided
// service account is `default`: pkg/workloadapi/workload.proto.
func (m *Mesh) identity(workload *workloadapi.Workload) string {
	domain, account := workload.GetTrustDomain(), workload.GetServiceAccount()
	if domain == "" {
		domain = m.TrustDomain
	}
	if account == "" {
		account = "default"
	}
	return "spiffe://" + domain + "/ns/" + workload.GetNamespace() + "/sa/" + account
}

func workloadAddresses(workload *workloadapi.Workload) []netip.Addr {
	var all []netip.Addr
	for _, bytes := range workload.GetAddresses() {
		if ip, ok := netip.AddrFromSlice(bytes); ok {
			all = append(all, ip.Unmap())
		}
	}
	return all
}

func serviceAddresses(service *workloadapi.Service) []netip.Addr {
	var all []netip.Addr
	for _, address := range service.GetAddresses() {
		if ip, ok := netip.AddrFromSlice(address.GetAddress()); ok {
			all = append(all, ip.Unmap())
		}
	}
	return all
}

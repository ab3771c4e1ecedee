// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// pod is a probe at a loopback address, behind a proxy at another one, as behind ztunnel.
type pod struct {
	address, application netip.Addr
	ports                Ports

	mu   sync.Mutex
	mode mode
}

// mode is what the proxy does.
type mode int

const (
	enforces mode = iota // lets others reach the port of traffic, and nobody the forbidden one
	exposes              // lets others reach all ports
	refuses              // closes each connection
	hangs                // answers no connection
)

func (p *pod) become(m mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = m
}

func (p *pod) current() mode {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode
}

// proxy passes connections to one port on.
func (p *pod) proxy(port uint16) {
	GinkgoHelper()
	listener, err := net.Listen("tcp", netip.AddrPortFrom(p.address, port).String())
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(listener.Close)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.pass(client, port)
		}
	}()
}

func (p *pod) pass(client net.Conn, port uint16) {
	switch m := p.current(); {
	case m == hangs:
		hanging(client)
		return
	case m == refuses, m == enforces && port == p.ports.Forbidden:
		_ = client.Close()
		return
	}
	server, err := net.Dial("tcp", netip.AddrPortFrom(p.application, port).String())
	if err != nil {
		_ = client.Close()
		return
	}
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = io.Copy(client, server)
	_, _ = client.Close(), server.Close()
}

// mesh is some probes that know each other.
type mesh struct {
	pods      []*pod
	resolving func() error
	network   network
}

// startMesh starts a probe for each mode.
func startMesh(modes ...mode) *mesh {
	GinkgoHelper()
	m := &mesh{network: seen{}, resolving: func() error { return nil }}
	ports := Ports{Traffic: unused().Port(), Forbidden: unused().Port(), Status: unused().Port(), Ztunnel: 15008}
	for i, mode := range modes {
		m.pods = append(m.pods, &pod{
			address: netip.AddrFrom4([4]byte{127, 0, 2, byte(i + 1)}), application: netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}),
			ports: ports, mode: mode,
		})
	}
	for _, p := range m.pods {
		p.proxy(ports.Traffic)
		p.proxy(ports.Forbidden)
	}
	for i, p := range m.pods {
		m.start(i, p)
	}
	return m
}

func (m *mesh) start(i int, p *pod) {
	GinkgoHelper()
	c := Config{
		Node: fmt.Sprintf("node-%d", i+1), Address: p.address, Listen: p.application.String(), Peers: "probes.test", Ports: p.ports,
		Interval: 600 * time.Millisecond, Timeout: 200 * time.Millisecond,
		Clock: Clock{Now: time.Now, After: time.After}, Log: quiet(), Random: rand.IntN, network: m.network,
		Resolve: func(context.Context, string, string) ([]netip.Addr, error) {
			var all []netip.Addr
			for _, one := range m.pods {
				all = append(all, one.address)
			}
			return all, m.resolving()
		},
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, c) }()
	DeferCleanup(func() {
		stop()
		Eventually(ended, time.Second).Should(Receive(Succeed()))
	})
}

// says is what the probe of a pod says, as the operator asks it.
func (m *mesh) says(i int) func() (Result, error) {
	p := m.pods[i-1]
	return func() (Result, error) {
		return NewClient(time.Second).Ask(context.Background(), netip.AddrPortFrom(p.application, p.ports.Status))
	}
}

// status is what an HTTP client gets from the port for anybody.
func (m *mesh) status(i int, method, path string) (int, string) {
	GinkgoHelper()
	p := m.pods[i-1]
	request, err := http.NewRequest(method, fmt.Sprintf("http://%s:%d%s", p.application, p.ports.Status, path), nil)
	Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(body)
}

// be matches what a probe says.
func be(state State, reason Reason) OmegaMatcher {
	return And(HaveField("State", state), HaveField("Reason", reason))
}

const (
	soon   = 10 * time.Second
	lately = 2 * time.Second
)

var _ = Describe("Probes that ask each other", func() {
	It("prove the traffic of their nodes", func() {
		m := startMesh(enforces, enforces, enforces)
		for i := range 3 {
			Eventually(m.says(i+1), soon).Should(And(be(Proven, ""), HaveField("Node", fmt.Sprintf("node-%d", i+1))))
		}
		Consistently(m.says(1), lately).Should(be(Proven, ""))
	})

	It("blame one that refuses for itself alone", func() {
		m := startMesh(enforces, enforces, refuses, enforces)
		for _, i := range []int{1, 2, 4} {
			Eventually(m.says(i), soon).Should(be(Proven, ""))
		}
		Eventually(m.says(3), soon).Should(be(Failing, NotReached))
		Consistently(m.says(2), lately).Should(be(Proven, ""))
	})

	It("blame one that hangs for itself alone", func() {
		m := startMesh(enforces, enforces, hangs, enforces)
		for _, i := range []int{1, 2, 4} {
			Eventually(m.says(i), soon).Should(be(Proven, ""))
		}
		Eventually(m.says(3), soon).Should(be(Failing, NotReached))
	})

	It("say which one answers where nobody may be let in, at once", func() {
		m := startMesh(enforces, exposes, enforces)
		Eventually(m.says(1), soon).Should(And(be(Failing, NotEnforced), HaveField("Message", ContainSubstring("peer 127.0.2.2 on node node-2 answered"))))
		m.pods[1].become(enforces)
		Eventually(m.says(1), soon).Should(be(Proven, ""))
	})

	It("fail when all others do, by what these do, and recover", func() {
		m := startMesh(enforces, enforces, enforces)
		Eventually(m.says(1), soon).Should(be(Proven, ""))
		m.pods[1].become(refuses)
		m.pods[2].become(refuses)
		Eventually(m.says(1), soon).Should(And(be(Failing, RefusedByPeer), HaveField("Message", ContainSubstring("peer 127.0.2.2 on node node-2 closed"))))
		m.pods[1].become(hangs)
		Eventually(m.says(1), soon).Should(be(Failing, NoRoute))
		m.pods[2].become(enforces)
		Eventually(m.says(1), soon).Should(be(Proven, ""))
	})

	It("know nothing while they are alone", func() {
		m := startMesh(enforces)
		Eventually(m.says(1), soon).Should(And(be(Unknown, ""), HaveField("Message", ContainSubstring("No other probe exists"))))
		Consistently(m.says(1), lately).Should(be(Unknown, ""))
	})

	It("answer kubelet and others in plain text", func() {
		m := startMesh(enforces, enforces)
		Eventually(m.says(1), soon).Should(be(Proven, ""))
		code, body := m.status(1, http.MethodGet, "/readyz")
		Expect(code).To(Equal(http.StatusOK), body)
		m.pods[1].become(refuses)
		Eventually(m.says(1), soon).Should(be(Failing, RefusedByPeer))
		code, body = m.status(1, http.MethodGet, "/readyz")
		Expect(code).To(Equal(http.StatusServiceUnavailable))
		Expect(body).To(HavePrefix("RefusedByPeer: From node node-1, peer 127.0.2.2"))
		code, _ = m.status(1, http.MethodGet, "/livez")
		Expect(code).To(Equal(http.StatusOK))
		code, _ = m.status(1, http.MethodPost, "/livez")
		Expect(code).To(Equal(http.StatusMethodNotAllowed))
		code, _ = m.status(1, http.MethodGet, "/")
		Expect(code).To(Equal(http.StatusNotFound))
	})
})

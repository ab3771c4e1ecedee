// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path"
	"strconv"

	"github.com/gloo-operator/gloo-operator/test/cluster/node"
)

// Names of the processes that a cluster with real nodes has besides. Forwarder makes the API server
// reachable on this machine's loopback. The programs of a node are processes of their own on each:
// NodeProcess names them. Init is the one that carries the node; to kill it is to cut its power.
const (
	Forwarder = "forwarder"
	CoreDNS   = "coredns"

	Init       = "init"
	Containerd = "containerd"
	Kubelet    = "kubelet"
	KubeProxy  = "kube-proxy"
)

// NodeProcess is the name of a program's process on a real node.
func NodeProcess(node, program string) string { return node + "/" + program }

// nodeComponent is a component that each real node has.
type nodeComponent struct {
	args  func(*Cluster, node.Node) []string
	probe func(*Cluster, node.Node) func(context.Context) error
}

var nodeComponents = map[string]nodeComponent{
	Init:       {args: (*Cluster).initArgs, probe: (*Cluster).initProbe},
	Containerd: {args: (*Cluster).containerdArgs, probe: (*Cluster).containerdProbe},
	Kubelet:    {args: (*Cluster).kubeletArgs, probe: (*Cluster).kubeletProbe},
	KubeProxy:  {args: (*Cluster).proxyArgs, probe: (*Cluster).proxyProbe},
}

func (p *Process) component() component {
	if path.Dir(p.name) == "." {
		return components[p.name]
	}
	on, of := p.node(), nodeComponents[path.Base(p.name)]
	return component{
		args:  func(c *Cluster) []string { return of.args(c, on) },
		probe: func(c *Cluster) func(context.Context) error { return of.probe(c, on) },
	}
}

// node is the real node that has the process.
func (p *Process) node() node.Node {
	for _, n := range p.cluster.nodes() {
		if n.Name() == path.Dir(p.name) {
			return n
		}
	}
	return node.Node{}
}

func (c *Cluster) forwarderArgs() []string {
	pid := c.Process(NodeProcess(c.nodes()[0].Name(), Init)).PID()
	return []string{"--port=" + strconv.Itoa(c.state.Ports.API), "--pid=" + strconv.Itoa(pid)}
}

func (c *Cluster) forwarderProbe() func(context.Context) error {
	return connects(loopback(c.state.Ports.API), (&net.Dialer{}).DialContext)
}

func (c *Cluster) dnsArgs() []string { return []string{"-conf=" + c.path("Corefile")} }

func (c *Cluster) dnsProbe() func(context.Context) error {
	return c.get(fmt.Sprintf("http://%s:8181/ready", c.nodes()[0].IP()), credentials{})
}

func (c *Cluster) initArgs(n node.Node) []string {
	return []string{"-dir=" + n.Dir(), "-system=" + c.state.System}
}

func (c *Cluster) initProbe(n node.Node) func(context.Context) error {
	return func(context.Context) error {
		_, err := os.Stat(c.NodePath(n.Name(), "/run/node-ready"))
		return err
	}
}

func (c *Cluster) containerdArgs(n node.Node) []string {
	return []string{"--config=" + n.Path("containerd.toml")}
}

// containerdProbe: it listens when its plugins are loaded. A socket is left by a killed one.
func (c *Cluster) containerdProbe(n node.Node) func(context.Context) error {
	return func(ctx context.Context) error {
		return connects(c.NodePath(n.Name(), node.Socket), func(ctx context.Context, _, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", address)
		})(ctx)
	}
}

func (c *Cluster) kubeletArgs(n node.Node) []string {
	return []string{
		"--config=" + n.Path("kubelet.yaml"), "--kubeconfig=" + n.Kubeconfig(Kubelet),
		"--root-dir=" + n.Path("kubelet"), "--cert-dir=" + n.Path("kubelet-pki"),
		"--hostname-override=" + n.Name(), "--node-ip=" + n.IP(),
	}
}

func (c *Cluster) kubeletProbe(n node.Node) func(context.Context) error {
	return c.getOn(n, "http://127.0.0.1:10248/healthz")
}

// proxyArgs: the limits of connection tracking are the machine's, and stay what they are.
func (c *Cluster) proxyArgs(n node.Node) []string {
	return []string{
		"--kubeconfig=" + n.Kubeconfig(KubeProxy), "--proxy-mode=nftables", "--cluster-cidr=" + node.PodNetworks,
		"--hostname-override=" + n.Name(), "--conntrack-max-per-core=0",
	}
}

func (c *Cluster) proxyProbe(n node.Node) func(context.Context) error {
	return c.getOn(n, "http://127.0.0.1:10256/livez")
}

// getOn makes a probe of what listens on a real node.
func (c *Cluster) getOn(n node.Node, address string) func(context.Context) error {
	return get(address, credentials{}, func(ctx context.Context, network, address string) (net.Conn, error) {
		return c.dialOn(ctx, n, network, address)
	})
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// connects makes a probe that succeeds when something accepts connections at the address.
func connects(address string, dial dialer) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := dial(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

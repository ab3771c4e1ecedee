// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"sync"

	"github.com/gloo-operator/gloo-operator/test/cluster/namespace"
	"github.com/gloo-operator/gloo-operator/test/cluster/node"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// nodes are the real ones.
func (c *Cluster) nodes() []node.Node { return node.All(c.dir, c.state.RealNodes) }

// RealNodes is the number of nodes whose pods really run.
func (c *Cluster) RealNodes() int { return c.state.RealNodes }

// Processes are the names that Process takes, in the order in which the processes start.
func (c *Cluster) Processes() []string {
	if c.state.RealNodes == 0 {
		return Processes()
	}
	var names []string
	for _, n := range c.nodes() {
		names = append(names, NodeProcess(n.Name(), Init))
	}
	names = append(names, Forwarder, Etcd, APIServer, ControllerManager, Scheduler, CoreDNS)
	if c.state.Simulates {
		names = append(names, Kwok)
	}
	for _, n := range c.nodes() {
		for _, program := range []string{Containerd, Kubelet, KubeProxy} {
			names = append(names, NodeProcess(n.Name(), program))
		}
	}
	return names
}

// home is the real node that the process runs on, if any. The control plane is on the first one,
// as K3s's server is on its machine: so the API server reaches Services.
func (p *Process) home() string {
	switch {
	case p.cluster.state.RealNodes == 0 || p.name == Forwarder || path.Base(p.name) == Init:
		return ""
	case path.Dir(p.name) == ".":
		return p.cluster.nodes()[0].Name()
	}
	return path.Dir(p.name)
}

// prepareNodes makes what real nodes need besides their processes.
func (c *Cluster) prepareNodes(ctx context.Context) error {
	if c.state.RealNodes == 0 {
		return nil
	}
	system, err := toolchain.System(ctx, c.log)
	if err != nil {
		return err
	}
	c.state.System = system
	if err := c.buildOwn(ctx); err != nil {
		return err
	}
	if err := node.WriteDNS(c.path("Corefile"), c.userKubeconfig(dnsName)); err != nil {
		return fmt.Errorf("configuring cluster DNS: %w", err)
	}
	for _, n := range c.nodes() {
		if err := n.WriteFiles(); err != nil {
			return err
		}
	}
	return nil
}

// buildOwn adds the programs of this repository to the tools, and makes the image of pods' own.
func (c *Cluster) buildOwn(ctx context.Context) error {
	built, err := toolchain.BuildOwn(ctx, c.path("bin"), c.log)
	if err != nil {
		return err
	}
	programs, err := built.Programs()
	if err != nil {
		return err
	}
	for _, program := range programs {
		c.state.Tools[program] = built.Path(program)
	}
	if err := os.MkdirAll(c.path("images"), 0o700); err != nil {
		return err
	}
	return node.WriteImage(c.pauseImage(), node.PauseImage, c.Binary("pause"))
}

func (c *Cluster) pauseImage() string { return c.path("images", "pause.tar") }

// writeNodeUsers lets kubelets and kube-proxies be what they are in any cluster.
func (c *Cluster) writeNodeUsers(ca *authority) error {
	for _, n := range c.nodes() {
		server := fmt.Sprintf("https://%s:%d", c.nodes()[0].IP(), c.state.Ports.API)
		if err := os.MkdirAll(n.Dir(), 0o755); err != nil {
			return err
		}
		if _, err := c.writeUser(ca, n.Kubeconfig(Kubelet), server, n.User(), "system:nodes"); err != nil {
			return err
		}
		if _, err := c.writeUser(ca, n.Kubeconfig(KubeProxy), server, "system:kube-proxy"); err != nil {
			return err
		}
	}
	return nil
}

// connectNodes does nothing until the last node is there.
func (c *Cluster) connectNodes() error {
	var pids []int
	for _, n := range c.nodes() {
		pid := c.Process(NodeProcess(n.Name(), Init)).PID()
		if pid == 0 {
			return nil
		}
		pids = append(pids, pid)
	}
	return node.Connect(c.nodes(), pids)
}

// NodePath is where this process finds a file of a real node, "/etc/cni/net.d" for instance, while
// the node runs.
func (c *Cluster) NodePath(name, file string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", c.Process(NodeProcess(name, Init)).PID()), file)
}

// LoadImages makes the images in the archives known to all real nodes.
func (c *Cluster) LoadImages(ctx context.Context, archives ...string) error {
	problems := make([]error, len(c.nodes()))
	var all sync.WaitGroup
	for i, n := range c.nodes() {
		all.Go(func() { problems[i] = c.loadImages(ctx, n, archives) })
	}
	all.Wait()
	return errors.Join(problems...)
}

func (c *Cluster) loadImages(ctx context.Context, n node.Node, archives []string) error {
	for _, archive := range archives {
		ctr := exec.CommandContext(ctx, c.Binary("ctr"), "--address="+c.NodePath(n.Name(), node.Socket),
			"--namespace=k8s.io", "images", "import", archive)
		if out, err := ctr.CombinedOutput(); err != nil {
			return fmt.Errorf("loading %s on %s: %w\n%s", archive, n.Name(), err, out)
		}
	}
	return nil
}

// launchOn starts a program on a real node. It ends with the node's first process at the latest.
func (c *Cluster) launchOn(name string, cmd *exec.Cmd) (<-chan struct{}, error) {
	first, err := c.firstProcess(name)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(c.Binary("containerd"))+":/usr/sbin:/usr/bin:/sbin:/bin")
	if err := namespace.Enter(first, namespace.Node, cmd.Start); err != nil {
		return nil, err
	}
	return waited(cmd), nil
}

// firstProcess is a handle of the process whose namespaces are the node's.
func (c *Cluster) firstProcess(name string) (*os.File, error) {
	for _, p := range find(c.dir, NodeProcess(name, Init)) {
		if handle, err := p.open(); handle != nil || err != nil {
			return handle, err
		}
	}
	return nil, fmt.Errorf("%s does not run", name)
}

// dial reaches what the control plane listens on.
func (c *Cluster) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.state.RealNodes == 0 {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return c.dialOn(ctx, c.nodes()[0], network, address)
}

// dialOn reaches what listens on a real node.
func (c *Cluster) dialOn(ctx context.Context, n node.Node, network, address string) (net.Conn, error) {
	first, err := c.firstProcess(n.Name())
	if err != nil {
		return nil, err
	}
	defer first.Close()
	return namespace.Dial(ctx, first, network, address)
}

func (o Options) families() []toolchain.Family {
	families := toolchain.Families(o.Kubernetes)
	if o.RealNodes > 0 {
		families = append(families, toolchain.NodeFamilies(o.Kubernetes)...)
	}
	return families
}

// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"os/exec"
	"strings"

	"github.com/gloo-operator/gloo-operator/test/cluster/namespace"
)

// uplink is the name that a node's end of the cable has.
const uplink = "up0"

// Connect gives the nodes, whose first processes have those ids, their addresses, and routes to
// each other's pods. A cable between their namespaces connects two nodes; a single node has both
// ends. Nothing leads out of these namespaces, although a default route says so: without one a
// kubelet and many programs find no address of their own.
func Connect(nodes []Node, pids []int) error {
	for _, pid := range pids {
		// The kernel takes its time to remove the cable to a node that was there before.
		_ = ip(pid, "link delete "+uplink)
	}
	cable := "link add " + uplink + " type veth peer name up1"
	if len(nodes) > 1 {
		cable = fmt.Sprintf("link add %s type veth peer name %s netns %d", uplink, uplink, pids[1])
	}
	if err := ip(pids[0], cable); err != nil {
		return fmt.Errorf("connecting nodes: %w", err)
	}
	if len(nodes) == 1 {
		if err := ip(pids[0], "link set up1 up"); err != nil {
			return fmt.Errorf("connecting nodes: %w", err)
		}
	}
	for i, n := range nodes {
		if err := ip(pids[i], n.links()...); err != nil {
			return fmt.Errorf("connecting %s: %w", n.Name(), err)
		}
	}
	for i, n := range nodes {
		if err := ip(pids[i], n.routes(nodes)...); err != nil {
			return fmt.Errorf("connecting %s: %w", n.Name(), err)
		}
	}
	return nil
}

func (n Node) links() []string {
	return []string{
		"link set lo up",
		"address add " + n.IP() + "/24 dev " + uplink,
		"link set " + uplink + " up",
		"route add default via 10.210.0.254 dev " + uplink,
	}
}

func (n Node) routes(nodes []Node) []string {
	var routes []string
	for _, other := range nodes {
		if other != n {
			routes = append(routes, "route replace "+other.PodNetwork()+" via "+other.IP())
		}
	}
	return routes
}

// ip lets the program of that name work in the network namespace of a process.
func ip(pid int, commands ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	process, err := namespace.Open(pid)
	if err != nil {
		return err
	}
	defer process.Close()
	if err := namespace.Enter(process, namespace.Network, cmd.Run); err != nil {
		return fmt.Errorf("ip: %w\n%s", err, out.String())
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

// Package node is a Kubernetes node on this machine, as far as it is not a process: names and
// addresses, links, control groups, configuration files and images. test/cluster starts the
// processes.
package node

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
)

// Max is how many nodes a cluster can have: one cable connects them.
const Max = 2

// PodNetworks has the pod networks of all nodes, DNS is the cluster DNS's Service, and Socket is
// where containerd listens.
const (
	PodNetworks = "10.244.0.0/16"
	DNS         = "10.96.0.10"
	Socket      = "/run/containerd/containerd.sock"
)

// Node is number Index, from 1 on, of the cluster with its state in Cluster.
type Node struct {
	Index   int
	Cluster string
}

// All are the nodes of a cluster, up to that number.
func All(cluster string, count int) []Node {
	var nodes []Node
	for i := range count {
		nodes = append(nodes, Node{Index: i + 1, Cluster: cluster})
	}
	return nodes
}

// Name is that of the Node object.
func (n Node) Name() string { return fmt.Sprintf("node-%d", n.Index) }

// User is whom the kubelet is to the API server.
func (n Node) User() string { return "system:node:" + n.Name() }

// IP is the node's address on the network of the nodes, which has no other members.
func (n Node) IP() string { return fmt.Sprintf("10.210.0.%d", n.Index) }

// PodNetwork is where the node's pods get their addresses.
func (n Node) PodNetwork() string { return fmt.Sprintf("10.244.%d.0/24", n.Index-1) }

// Dir is the directory of the node's state.
func (n Node) Dir() string { return filepath.Join(n.Cluster, n.Name()) }

// Path is that of a file in the node's state.
func (n Node) Path(name string) string { return filepath.Join(n.Dir(), name) }

// Kubeconfig is the path of a kubeconfig for that user, a kubelet or kube-proxy.
func (n Node) Kubeconfig(user string) string { return n.Path(user + ".kubeconfig") }

// Group is the control group that the node's pods are in, in every hierarchy.
func (n Node) Group() string { return groupPrefix(n.Cluster) + n.Name() }

// groupPrefix marks the groups of a cluster.
func groupPrefix(cluster string) string {
	hash := sha256.Sum256([]byte(cluster))
	return "gloo-operator-" + hex.EncodeToString(hash[:])[:10] + "-"
}

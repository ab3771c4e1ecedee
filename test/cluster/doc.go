// SPDX-License-Identifier: Apache-2.0

// Package cluster runs a real Kubernetes control plane, with simulated or real nodes, on loopback.
//
// Start gives etcd, kube-apiserver, kube-controller-manager and kube-scheduler as processes of
// this machine, and kwok in the place of the kubelets: pods are scheduled and turn Ready, but
// no container runs, unless real nodes are asked for. Everything a cluster consists of lies in one directory, and every process of
// it carries that directory in its environment, which is how Open, Down and List recognize it.
//
// A cluster belongs to the process that started it and dies with it, however that ends, unless
// it was started with Options.Detach.
//
// # Real nodes
//
// With Options.RealNodes, pods run: each node is a group of processes in a network, a mount and a
// process namespace of its own, with containerd, kubelet and kube-proxy, and a bridge as primary
// CNI. The control plane and the cluster DNS run on the first node; a forwarder makes the API server
// reachable on this machine's loopback, and nothing else of the nodes is. It takes root.
//
// A node ends with its first process, whoever kills that, and with the node end its containers,
// mounts, links and namespaces, none of which has a name outside. What remains are empty control
// groups and the state directory, which Stop, Down and the next Start in that directory remove.
//
// # Nodes stay Ready, and so do their pods
//
// With kwok's own stages, nodes send a heartbeat every ten minutes, and no leases unless configured
// to. The node lifecycle controller takes a node that is silent for its grace period, which is
// less than a minute, for lost, and marks every pod on it unready. kwok answers with a heartbeat,
// so that the node looks well at any time, but its stage for readiness fits Pending pods only: a
// running pod that was marked stays unready for ever. It hits whatever runs when the first grace
// period ends, often the second installation of a test.
//
// Here the grace period is a day, and the stages restore the readiness of running pods as well.
// Nodes are therefore quiet: what the audit log shows is not theirs.
package cluster

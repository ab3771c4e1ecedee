// Package cluster runs a real Kubernetes control plane with simulated nodes on loopback.
//
// Start gives etcd, kube-apiserver, kube-controller-manager and kube-scheduler as processes of
// this machine, and kwok in the place of the kubelets: pods are scheduled and turn Ready, but
// no container runs. Everything a cluster consists of lies in one folder, and every process of
// it carries that folder in its environment, which is how Open, Down and List recognize it.
//
// A cluster belongs to the process that started it and dies with it, however that ends, unless
// it was started with Options.Detach.
//
// # Nodes stay Ready, and so do their pods
//
// With kwok's own stages, nodes send a heartbeat every ten minutes, and no leases unless told
// to. The node lifecycle controller takes a node that is silent for its grace period, which is
// less than a minute, for lost, and marks every pod on it unready. kwok answers with a heartbeat,
// so that the node looks well at any time, but its stage for readiness fits Pending pods only: a
// running pod that was marked stays unready for ever. It hits whatever runs when the first grace
// period ends, often the second installation of a test.
//
// Here the grace period is a day, and the stages restore the readiness of running pods as well.
// Nodes are therefore quiet: what the audit log shows is not theirs.
package cluster

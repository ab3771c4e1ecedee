// SPDX-License-Identifier: Apache-2.0

// Package probe proves the mesh's traffic on a node: the probes of all nodes, which are pods
// in the mesh, ask each other, and each one says whether traffic in and out of its node is
// encrypted and subject to policies. It also has the client that reads what a probe says.
//
// It imports the standard library alone: its program runs on each node.
package probe

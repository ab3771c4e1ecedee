// SPDX-License-Identifier: Apache-2.0

// Package enrollment decides which pods of the mesh a change of the data plane would cut
// off: their traffic is redirected to ztunnel, and nothing but their restart or a running
// istio-cni ends that. It also decides which pods may bypass the mesh. It is pure: the caller lists pods, namespaces and nodes.
package enrollment

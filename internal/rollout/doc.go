// SPDX-License-Identifier: Apache-2.0

// Package rollout decides what a resource's mesh works towards: the version of the next
// step, whether a component makes progress, which nodes are left out, and what becomes of
// a rollout that ends. It is pure: it has no client, and the time is passed in.
package rollout

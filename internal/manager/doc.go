// SPDX-License-Identifier: Apache-2.0

// Package manager is the operator as a process: it wires the controller to a manager with
// leader election, metrics and probes, and applies the mesh that the operator's chart asks
// for.
package manager

// SPDX-License-Identifier: Apache-2.0

// Package metrics exports the state of meshes and the work of the operator to Prometheus.
// The controller pushes all data into a Collector: collecting sends no requests to the
// API server.
package metrics

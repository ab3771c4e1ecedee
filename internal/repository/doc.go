// SPDX-License-Identifier: Apache-2.0

// Package repository downloads Istio's charts from OCI registries and Helm repositories,
// over TLS and within limits, and caches them on disk. It returns only charts that it has
// verified: name, version, digest, size and the entries of the archive. No other package
// connects to a repository.
package repository

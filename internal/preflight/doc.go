// SPDX-License-Identifier: Apache-2.0

// Package preflight checks the cluster before anything is installed or upgraded. A
// Gatherer reads facts from watches; a list of named checks, each a pure function of the
// facts, returns findings. A blocking finding prevents the installation.
package preflight

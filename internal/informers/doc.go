// SPDX-License-Identifier: Apache-2.0

// Package informers creates shared informers that keep only what is needed in memory: they
// select objects on the server, transform them as they arrive, and call no handler for an
// update that changes nothing of what is left.
package informers

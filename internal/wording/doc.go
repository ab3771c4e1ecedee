// SPDX-License-Identifier: Apache-2.0

// Package wording limits the length of messages: of lists of names, and of every message
// in a status, which the schema of the CRD bounds. It is pure.
package wording

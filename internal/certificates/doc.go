// SPDX-License-Identifier: Apache-2.0

// Package certificates judges the certificates of the mesh's CA: who signs, which certificates
// expire, and whether a rotation would cut the mesh. It is pure: it gets what was read and the
// time, and takes the certificates of Secrets alone.
package certificates

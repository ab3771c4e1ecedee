// SPDX-License-Identifier: Apache-2.0

// Package admission does offline what the API server does when a ServiceMeshController is
// created: it prunes unknown fields, sets defaults and validates, by the schema of the
// generated CRD and with the API server's messages.
package admission

// SPDX-License-Identifier: Apache-2.0

package cluster

// AuditAt reads the audit log at that path.
func AuditAt(path string) *Audit { return &Audit{path: path} }

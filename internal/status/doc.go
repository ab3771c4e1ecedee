// SPDX-License-Identifier: Apache-2.0

// Package status derives the status of a ServiceMeshController, and the events of its
// changes, from the outcome of an attempt. It is pure: it has no client, and the time is
// passed in. The phase is derived. It is an input
// three times: a paused mesh keeps the phase of what was in progress, an upgrade stays
// UPGRADING until it is complete, and only a mesh that was SUCCEEDED waits for nodes that join
// and for controllers that have yet to observe an edit.
package status

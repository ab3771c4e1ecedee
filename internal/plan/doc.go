// SPDX-License-Identifier: Apache-2.0

// Package plan compiles a ServiceMeshController to an ordered list of components, each a
// list of Kubernetes objects. It connects to no cluster and no network, and is
// deterministic: the same input makes the same bytes. Charts from a repository, and values
// that can expand in a template, are rendered in a child process, so that Build can fail
// for want of processes or memory.
package plan

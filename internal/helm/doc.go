// SPDX-License-Identifier: Apache-2.0

// Package helm loads charts, renders them to objects and stores Helm releases, so that
// helm list, get and history show what runs. It is the only importer of the Helm SDK.
// Charts from a repository, and values that can expand in a template, are rendered in a
// child process with limits on time, memory and output. The package makes no decisions
// about the mesh, and never reads a stored release to choose what to install.
package helm

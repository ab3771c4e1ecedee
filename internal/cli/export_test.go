// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
)

// PrintDifferences prints as diff does, in colours or without.
func PrintDifferences(out io.Writer, coloured bool, differences []apply.Difference) error {
	return diffText{out: out, coloured: coloured}.all(differences)
}

// PrintJSON prints as diff --output json does.
var PrintJSON = printJSON

// MeshStatusOf reports as status does.
var MeshStatusOf = meshStatusOf

// PrintStatus prints a mesh as status does. Without nodes, they may not be listed.
func PrintStatus(out io.Writer, coloured bool, smc *v1.ServiceMeshController, nodes []corev1.Node, now time.Time) error {
	var summary *nodeStatus
	if nodes != nil {
		summary = nodeStatusOf(nodes)
	}
	text := statusText{out: out, coloured: coloured, now: now}
	return text.print(meshStatusOf(smc, summary, now))
}

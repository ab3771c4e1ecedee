// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// defaultRevision is the revision of namespaces and webhooks that name none:
// https://istio.io/latest/docs/setup/upgrade/canary/#default-revision.
const defaultRevision = "default"

var istioChecks = []Check{
	{
		Reason: v1.ReasonAnotherIstiod, Blocking: true,
		Title:  "Another istiod serves the default revision",
		Why:    "two control planes would fight over the same webhooks, workloads and status",
		Mend:   "remove it, or set spec.installNamespace to its namespace and spec.onConflict to Force to take it over",
		Source: "https://istio.io/latest/docs/setup/upgrade/canary/#default-revision",
		Find: func(f Facts, m Mesh) string {
			for _, istiod := range f.Istiods {
				if istiod.Namespace != m.Namespace && istiod.Revision == defaultRevision {
					return fmt.Sprintf("Deployment %s/%s is an istiod of the default revision", istiod.Namespace, istiod.Name)
				}
			}
			return ""
		},
	},
}

// SPDX-License-Identifier: Apache-2.0

package preflight

import v1 "github.com/gloo-operator/gloo-operator/api/v1"

var releaseChecks = []Check{
	{
		Reason: v1.ReasonReleaseUnsupported,
		Title:  "The Istio project does not support this minor version any more",
		Why:    "it gets no security fixes",
		Fix: "set spec.version to a supported release (gloo-operator versions lists them). " +
			"The operator knows what was announced before it was built",
		Source: supportedReleases,
		Find:   func(_ Facts, m Mesh) string { return m.Unsupported },
	},
}

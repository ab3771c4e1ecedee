// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

const supportedReleases = "https://istio.io/latest/docs/releases/supported-releases/#support-status-of-istio-releases"

var kubernetesChecks = []Check{
	{
		Reason: v1.ReasonKubernetesTooOld, Blocking: true,
		Title:  "Kubernetes is older than this Istio supports",
		Why:    "Istio uses APIs that this Kubernetes lacks, and istioctl refuses it, too",
		Fix:    "upgrade Kubernetes, or set spec.version to an older Istio",
		Source: "istioctl/pkg/install/k8sversion of each release",
		Find: func(f Facts, m Mesh) string {
			if minor := minorOf(f.KubernetesVersion); minor >= 0 && minor < m.KubernetesMin {
				return fmt.Sprintf("Kubernetes is %s and Istio %s needs 1.%d or newer", f.KubernetesVersion, m.Version, m.KubernetesMin)
			}
			return ""
		},
	},
	{
		Reason: v1.ReasonKubernetesUntested,
		Title:  "Kubernetes is newer than this Istio was tested with",
		Why:    "it usually works, but Istio does not support it",
		Fix:    "set spec.version to a newer Istio where there is one",
		Source: supportedReleases,
		Find: func(f Facts, m Mesh) string {
			if minor := minorOf(f.KubernetesVersion); m.KubernetesMax > 0 && minor > m.KubernetesMax {
				return fmt.Sprintf("Kubernetes is %s and Istio %s was tested up to 1.%d", f.KubernetesVersion, m.Version, m.KubernetesMax)
			}
			return ""
		},
	},
	{
		Reason: v1.ReasonNodesNotLinux,
		Title:  "Nodes that do not run Linux",
		Why:    "istio-cni and ztunnel run on Linux only, so pods on these nodes are not part of the mesh",
		Fix:    "keep workloads of the mesh on Linux nodes with the node selector kubernetes.io/os: linux",
		Source: "the node selectors in Istio's charts istio-cni and ztunnel",
		Find: func(f Facts, _ Mesh) string {
			others := 0
			for _, node := range f.Nodes {
				if node.OS != "" && node.OS != "linux" {
					others++
				}
			}
			if others == 0 {
				return ""
			}
			return fmt.Sprintf("%d of %d nodes do not run Linux", others, len(f.Nodes))
		},
	},
}

// minorOf returns the minor version of Kubernetes 1.x, or -1 if the version is not valid.
func minorOf(version string) int {
	parsed, err := semver.NewVersion(version)
	if err != nil || parsed.Major() != 1 {
		return -1
	}
	return int(parsed.Minor())
}

// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"cmp"
	"fmt"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// directories are those of CNI plugins and their configuration.
type directories struct{ bin, conf string }

// cniDirectories are the CNI directories by platform: those of the platform profiles in
// Istio's charts (files/profile-platform-*.yaml), and containerd's own. A platform whose
// directories the charts detect is missing.
var cniDirectories = map[string]directories{
	"":        {standardBinDir, standardConfDir},
	K3s:       {"/var/lib/rancher/k3s/data/cni", "/var/lib/rancher/k3s/agent/etc/cni/net.d"},
	K3d:       {"/bin", "/var/lib/rancher/k3s/agent/etc/cni/net.d"},
	MicroK8s:  {"/var/snap/microk8s/current/opt/cni/bin", "/var/snap/microk8s/current/args/cni-network"},
	OpenShift: {"/var/lib/cni/bin", "/etc/cni/multus/net.d"},
	EKS:       {standardBinDir, standardConfDir},
	AKS:       {standardBinDir, standardConfDir},
	Minikube:  {standardBinDir, standardConfDir},
}

var platformChecks = []Check{
	{
		Reason: v1.ReasonCNIFolders,
		Title:  "The CNI directories in values are not those of the platform",
		Why:    "the container runtime looks for CNI plugins elsewhere, so no pod would be captured",
		Fix:    "remove cniBinDir and cniConfDir from the values: the operator sets what the platform needs",
		Source: "files/profile-platform-*.yaml of Istio's charts; k3s: pkg/agent/templates",
		Find: func(f Facts, m Mesh) string {
			want, known := cniDirectories[f.Platform()]
			if f.StandardCNIDirectories() {
				want = cniDirectories[""]
			}
			if !known || !m.CNI || len(f.Nodes) == 0 {
				return ""
			}
			if differs(m.CNIBinDir, want.bin) || differs(m.CNIConfDir, want.conf) {
				return fmt.Sprintf("values set the CNI directories %s and %s, and on %s with %s they are %s and %s", cmp.Or(m.CNIBinDir, want.bin),
					cmp.Or(m.CNIConfDir, want.conf), cmp.Or(f.Platform(), "this platform"), cmp.Or(f.CNI(), "its CNI plugin"), want.bin, want.conf)
			}
			return ""
		},
	},
	{
		Reason: v1.ReasonPlatformDiffers,
		Title:  "global.platform does not match the platform of the nodes",
		Why:    "the charts choose CNI directories and security settings by global.platform",
		Fix:    "remove global.platform from the values: the operator sets it",
		Source: "files/profile-platform-*.yaml of Istio's charts",
		Find: func(f Facts, m Mesh) string {
			found := f.HelmPlatform()
			if m.Platform == "" || found == "" || m.Platform == found {
				return ""
			}
			return fmt.Sprintf("values set global.platform to %s, but the nodes belong to %s", m.Platform, found)
		},
	},
}

func differs(set, want string) bool { return set != "" && set != want }

// SPDX-License-Identifier: Apache-2.0

// Package istio is the catalogue of Istio releases that are compiled in: their
// charts, the Kubernetes versions they support and the Gateway API they were
// made for. Adding a release is one entry in releases and two lines in go.mod.
package istio

import (
	"fmt"
	"io/fs"
	"slices"

	v1_26 "charts.local/v1_26/manifests"
	v1_27 "charts.local/v1_27/manifests"
	v1_28 "charts.local/v1_28/manifests"
	v1_29 "charts.local/v1_29/manifests"
	v1_31 "charts.local/v1_31/manifests"

	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// Release is one Istio release with its charts.
type Release struct {
	// Version as in spec.version, such as 1.29.1.
	Version string
	// Charts is the tree of Istio's manifests folder.
	Charts fs.FS
	// Kubernetes is the range of minor versions that the release supports.
	Kubernetes MinorRange
	// GatewayAPI is the Gateway API version that the release is built against, from
	// its go.mod.
	GatewayAPI string
	// Hub is where the release's images are published.
	Hub string
	// Note tells what a user should know before choosing the release. Mostly empty.
	Note string
}

// MinorRange is a range of Kubernetes 1.x minor versions, both ends included.
// Min is Istio's own lower bound (istioctl/pkg/install/k8sversion.MinK8SVersion
// of the release), Max the version of k8s.io/client-go in the release's go.mod,
// which is the newest that the release was tested with.
type MinorRange struct{ Min, Max int }

func (r MinorRange) String() string { return fmt.Sprintf("1.%d – 1.%d", r.Min, r.Max) }

// hub is where the Istio project publishes release images:
// https://istio.io/latest/docs/setup/additional-setup/customize-installation-helm/.
const hub = "docker.io/istio"

// releases are the releases compiled in, oldest first.
var releases = []Release{
	{Version: "1.26.2", Charts: v1_26.FS, Kubernetes: MinorRange{29, 32}, GatewayAPI: "v1.3.0", Hub: hub},
	{Version: "1.27.9", Charts: v1_27.FS, Kubernetes: MinorRange{29, 33}, GatewayAPI: "v1.3.0", Hub: hub},
	{Version: "1.28.2", Charts: v1_28.FS, Kubernetes: MinorRange{30, 34}, GatewayAPI: "v1.4.0", Hub: hub},
	{Version: "1.29.1", Charts: v1_29.FS, Kubernetes: MinorRange{30, 35}, GatewayAPI: "v1.4.0", Hub: hub},
	{
		Version: "1.31.0", Charts: v1_31.FS, Kubernetes: MinorRange{32, 36}, GatewayAPI: "v1.6.0", Hub: hub,
		Note: "charts are those of the release-1.31 branch at commit eed52ebb66ad, the newest that the Go module proxy serves",
	},
}

// Releases lists the releases compiled in, oldest first.
func Releases() []Release { return slices.Clone(releases) }

// Versions lists the versions compiled in, oldest first.
func Versions() []string {
	versions := make([]string, len(releases))
	for i, r := range releases {
		versions[i] = r.Version
	}
	return versions
}

// UnknownVersionError says that a version is not compiled in, and which ones are.
type UnknownVersionError struct{ Version string }

func (e *UnknownVersionError) Error() string {
	return fmt.Sprintf("no charts for Istio %s in this operator: set spec.version to one of %s, "+
		"or name a chart repository that has it in spec.repository, or install an operator that has it",
		e.Version, wording.List(Versions()))
}

// Find returns the release of that version. It fails with an
// *UnknownVersionError where the version is not compiled in.
func Find(version string) (Release, error) {
	i := slices.IndexFunc(releases, func(r Release) bool { return r.Version == version })
	if i < 0 {
		return Release{}, &UnknownVersionError{Version: version}
	}
	return releases[i], nil
}

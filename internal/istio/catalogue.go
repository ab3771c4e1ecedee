// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	v1_26 "charts.local/v1_26/manifests"
	v1_27 "charts.local/v1_27/manifests"
	v1_28 "charts.local/v1_28/manifests"
	v1_29 "charts.local/v1_29/manifests"
	v1_31 "charts.local/v1_31/manifests"

	"github.com/gloo-operator/gloo-operator/internal/wording"
)

// Release is an Istio release, with its charts if it is bundled.
type Release struct {
	// Version is as in spec.version, such as 1.29.1.
	Version string
	// Charts is Istio's manifests directory. Nil: the release is not bundled.
	Charts fs.FS
	// Kubernetes is the range of minor versions that the release supports.
	Kubernetes MinorRange
	// GatewayAPI is the Gateway API version that the release is built against, from
	// its go.mod.
	GatewayAPI string
	// Hub is the registry path of the release's images.
	Hub string
	// Note is for users who choose the release. It is usually empty.
	Note string
}

// MinorRange is a range of Kubernetes 1.x minor versions, both ends included. Min is
// Istio's own lower bound (istioctl/pkg/install/k8sversion.MinK8SVersion of the release).
// Max is the version of k8s.io/client-go in the release's go.mod, the newest that the
// release was tested with.
type MinorRange struct{ Min, Max int }

func (r MinorRange) String() string { return fmt.Sprintf("1.%d – 1.%d", r.Min, r.Max) }

// hub is the registry path of the Istio project's images. All releases are there. The
// published charts of 1.30 alone have another default, registry.istio.io/release, which has
// nothing of 1.31 and newer and is turned off in December 2026:
// https://istio.io/latest/blog/2026/retirement-of-gcp/.
const hub = "docker.io/istio"

// retired are the hosts and paths that the Istio project publishes nothing of 1.31 and newer
// to, and that it turns off in December 2026:
// https://istio.io/latest/blog/2026/retirement-of-gcp/.
var retired = []string{"registry.istio.io/", "gcr.io/istio-release/", "istio-release.storage.googleapis.com/"}

// Retired reports whether images or charts are at a place that the Istio project gives up.
func Retired(location string) bool {
	_, path, found := strings.Cut(location, "://")
	if !found {
		path = location
	}
	return slices.ContainsFunc(retired, func(prefix string) bool { return strings.HasPrefix(path+"/", prefix) })
}

// DefaultRepository has the charts of all releases of the Istio project, bundled or not:
// https://istio.io/latest/news/releases/1.31.x/announcing-1.31/upgrade-notes/, and
// operator/cmd/mesh/manifest-translate.go of Istio 1.31.
const DefaultRepository = "oci://ghcr.io/istio/release/charts"

// releases are the bundled releases, oldest first.
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

// Releases returns the bundled releases, oldest first.
func Releases() []Release { return slices.Clone(releases) }

// Versions returns the bundled versions, oldest first.
func Versions() []string {
	versions := make([]string, len(releases))
	for i, r := range releases {
		versions[i] = r.Version
	}
	return versions
}

// UnknownVersionError reports that a version is not bundled.
type UnknownVersionError struct{ Version string }

func (e *UnknownVersionError) Error() string {
	return fmt.Sprintf("Istio %s is not bundled with this operator, and its default repository is turned off: set spec.version to one of %s, "+
		"set spec.repository to a chart repository that has it, or set defaultRepository in the operator's chart",
		e.Version, wording.List(Versions()))
}

// Find returns the bundled release of that version. It fails with an *UnknownVersionError
// if there is none.
func Find(version string) (Release, error) {
	i := slices.IndexFunc(releases, func(r Release) bool { return r.Version == version })
	if i < 0 {
		return Release{}, &UnknownVersionError{Version: version}
	}
	return releases[i], nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

// What users choose names of. In the names of rendered objects these stand for it.
const (
	aNamespace = "zz-namespace"
	aTag       = "zz-tag"
)

// options turn on what the charts can make besides the defaults.
var options = []string{
	`{"revisionTags":["zz-tag"],"resourceQuotas":{"enabled":true},"experimental":{"stableValidationPolicy":true},
	  "global":{"networkPolicy":{"enabled":true}},"networkPolicy":{"enabled":true},
	  "pilot":{"autoscaleEnabled":true,"autoscaleMin":2,"autoscaleMax":3,"jwksResolverExtraRootCA":"x","taint":{"enabled":true}},
	  "cni":{"resourceQuotas":{"enabled":true},"repair":{"repairPods":true,"deletePods":true,"labelPods":true}},
	  "ztunnel":{"resourceQuotas":{"enabled":true}},
	  "gatewayClasses":{"istio":{},"istio-remote":{},"istio-waypoint":{},"istio-east-west":{}}}`,
	`{"cni":{"provider":"multus"}}`,
}

// specs lists the meshes that together hold every object that the charts of a
// release can make.
func specs(release istio.Release) ([]v1.ServiceMeshControllerSpec, error) {
	profiles, err := profileValues(release)
	if err != nil {
		return nil, err
	}
	base := v1.ServiceMeshControllerSpec{Version: release.Version}
	var all []v1.ServiceMeshControllerSpec
	for _, scaling := range []v1.ScalingProfile{v1.ScalingDefault, v1.ScalingDemo, v1.ScalingLarge} {
		spec := base
		spec.ScalingProfile = scaling
		all = append(all, spec)
	}
	for _, capture := range []v1.TrafficCaptureMode{v1.CaptureAuto, v1.CaptureInitContainer} {
		spec := base
		spec.DataplaneMode, spec.TrafficCaptureMode = v1.Sidecar, capture
		all = append(all, spec)
	}
	for _, values := range append(profiles, options...) {
		all = append(all, withValues(base, values))
	}
	elsewhere := withValues(base, options[0]) // Some names depend on whether it is istio-system.
	elsewhere.InstallNamespace = aNamespace
	return append(all, elsewhere), nil
}

func withValues(spec v1.ServiceMeshControllerSpec, values string) v1.ServiceMeshControllerSpec {
	spec.Values = &apiextensionsv1.JSON{Raw: []byte(values)}
	return spec
}

// profileValues selects each platform and profile that the release has a file for,
// but for those of older behaviour, which change no more than settings, and the one
// without istiod, which the operator refuses.
func profileValues(release istio.Release) ([]string, error) {
	files, err := fs.Glob(release.Charts, "charts/istio-control/istio-discovery/files/profile-*.yaml")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("Istio %s has no profiles: %w", release.Version, err)
	}
	var all []string
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(path.Base(file), "profile-"), ".yaml")
		platform, found := strings.CutPrefix(name, "platform-")
		switch {
		case found:
			all = append(all, fmt.Sprintf(`{"global":{"platform":%q}}`, platform))
		case name != "remote" && !strings.HasPrefix(name, "compatibility-version-"):
			all = append(all, fmt.Sprintf(`{"profile":%q}`, name))
		}
	}
	return all, nil
}

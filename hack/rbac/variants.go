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
	aRevision  = "zz-revision"
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
	`{"revision":"zz-revision"}`,
	`{"revision":"zz-revision","revisionTags":["zz-tag"],"experimental":{"stableValidationPolicy":true},
	  "global":{"networkPolicy":{"enabled":true}},"networkPolicy":{"enabled":true},"pilot":{"jwksResolverExtraRootCA":"x",
	  "autoscaleEnabled":true,"autoscaleMin":2,"autoscaleMax":3},
	  "gatewayClasses":{"istio":{},"istio-remote":{},"istio-waypoint":{},"istio-east-west":{}}}`,
	`{"istiodRemote":{"enabled":true},"global":{"remotePilotAddress":"192.0.2.1"}}`,
	`{"istiodRemote":{"enabled":true,"enabledLocalInjectorIstiod":true},"global":{"remotePilotAddress":"192.0.2.1","configCluster":true}}`,
	`{"revision":"zz-revision","istiodRemote":{"enabled":true},"global":{"remotePilotAddress":"192.0.2.1"}}`,
	`{"revision":"zz-revision","istiodRemote":{"enabled":true,"enabledLocalInjectorIstiod":true},"global":{"remotePilotAddress":"192.0.2.1","configCluster":true}}`,
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
	for _, values := range options[:3] { // Some names depend on whether it is istio-system.
		elsewhere := withValues(base, values)
		elsewhere.InstallNamespace = aNamespace
		all = append(all, elsewhere)
	}
	return all, nil
}

// withValues leaves out Istio's CRDs, which are the same with all values and take
// longer than all else together.
func withValues(spec v1.ServiceMeshControllerSpec, values string) v1.ServiceMeshControllerSpec {
	spec.Values = &apiextensionsv1.JSON{Raw: []byte(`{"base":{"enableCRDTemplates":false},` + strings.TrimPrefix(values, "{"))}
	return spec
}

// profileValues selects each platform, profile and older behaviour that the release
// has a file for.
func profileValues(release istio.Release) ([]string, error) {
	files, err := fs.Glob(release.Charts, "charts/istio-control/istio-discovery/files/profile-*.yaml")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("Istio %s has no profiles: %w", release.Version, err)
	}
	var all []string
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(path.Base(file), "profile-"), ".yaml")
		key := `{"profile":%q}`
		for prefix, other := range map[string]string{"platform-": `{"global":{"platform":%q}}`, "compatibility-version-": `{"compatibilityVersion":%q}`} {
			if rest, found := strings.CutPrefix(name, prefix); found {
				name, key = rest, other
			}
		}
		all = append(all, fmt.Sprintf(key, name))
	}
	return all, nil
}

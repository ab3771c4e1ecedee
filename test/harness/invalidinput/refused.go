// SPDX-License-Identifier: Apache-2.0

package invalidinput

import "strings"

const (
	aLabel  = "must be a label value that begins with a letter"
	notYAML = "must be a name that YAML does not read as a boolean or null"
	aDomain = "trustDomain must be a DNS name such as cluster.local"
	aHost   = "image.registry must be a registry's host without a scheme"
	aPath   = "image.repository must be a path of lower-case names"
	onePort = "image.repository must not have a port if image.registry is set"
)

// refused are fields that Kubernetes or Istio can never take.
var refused = []Case{
	{Name: "no version", Spec: `{"version":null}`, Message: "spec.version: Required value"},
	{Name: "an empty version", Spec: `{"version":""}`, Message: "should be at least 5 chars long"},
	{Name: "a version with a v", Spec: `{"version":"v1.29.1"}`, Message: "without a leading v"},
	{Name: "a version with a wildcard", Spec: `{"version":"1.29.x"}`, Message: "full Istio version"},
	{Name: "a version that is a number", Spec: `{"version":1.29}`, Message: "must be of type string"},
	{Name: "a version that is a path", Spec: `{"version":"../../etc/passwd"}`, Message: "full Istio version"},
	{Name: "a version with a line break", Spec: `{"version":"1.29.1\n"}`, Message: "full Istio version"},
	{Name: "a version that never ends", Spec: `{"version":"1.29.` + strings.Repeat("1", 100) + `"}`, Message: "Too long"},
	{Name: "a timeout without a unit", Spec: `{"upgrade":{"timeout":"600"}}`, Message: "a duration such as 10m"},
	{Name: "a timeout below zero", Spec: `{"upgrade":{"timeout":"-1m"}}`, Message: "a duration such as 10m"},
	{Name: "a timeout that no client can decode", Spec: `{"upgrade":{"timeout":"9999999h"}}`, Message: "at most one year"},
	{Name: "a timeout of more than a year", Spec: `{"upgrade":{"timeout":"8760h1s"}}`, Message: "at most one year"},
	{Name: "a timeout of many parts that are more than a year", Spec: `{"upgrade":{"timeout":"8000h8000h"}}`, Message: "at most one year"},
	{Name: "probes without a pause", Spec: `{"probe":{"interval":"1s"}}`, Message: "probe.interval must be a duration from 5s to 1h"},
	{Name: "a probe that never waits", Spec: `{"probe":{"timeout":"0s"}}`, Message: "probe.timeout must be a duration from 1s to 30s"},
	{Name: "a probe that waits longer than its interval", Spec: `{"probe":{"interval":"5s","timeout":"5s"}}`, Message: "probe.timeout must be shorter than probe.interval"},
	{Name: "probes in a namespace that can be none", Spec: `{"probe":{"namespace":"Probes_"}}`, Message: "probe.namespace must be a namespace's name"},
	{Name: "more nodes than a number of nodes can be", Spec: `{"upgrade":{"maxUnavailableNodes":3000000000}}`, Message: "a number is at most 2147483647"},
	{Name: "an unknown answer to failures", Spec: `{"upgrade":{"onFailure":"Retry"}}`, Message: `supported values: "Hold", "Rollback"`},
	{Name: "an unknown approval", Spec: `{"upgrade":{"approve":"Never"}}`, Message: `supported values: "Automatic", "Manual"`},
	{Name: "less than no nodes", Spec: `{"upgrade":{"maxUnavailableNodes":-1}}`, Message: "a number of nodes, 0 or more, or a percentage"},
	{Name: "more than all nodes", Spec: `{"upgrade":{"maxUnavailableNodes":"101%"}}`, Message: "a number of nodes, 0 or more, or a percentage"},
	{Name: "nodes that are no number", Spec: `{"upgrade":{"maxUnavailableNodes":"few"}}`, Message: "a number of nodes, 0 or more, or a percentage"},
	{Name: "an unknown data plane mode", Spec: `{"dataplaneMode":"ambient"}`, Message: `supported values: "Ambient", "Sidecar"`},
	{Name: "a data plane mode that is a list", Spec: `{"dataplaneMode":["Ambient"]}`, Message: "must be of type string"},
	{Name: "an unknown distribution", Spec: `{"distribution":"fips"}`, Message: `supported values: "Standard", "FIPS"`},
	{Name: "an unknown scaling profile", Spec: `{"scalingProfile":"Huge"}`, Message: `supported values: "Default", "Demo", "Large"`},
	{Name: "an unknown capture mode", Spec: `{"trafficCaptureMode":"CNI"}`, Message: `supported values: "Auto", "InitContainer"`},
	{Name: "init containers in ambient mode", Spec: `{"trafficCaptureMode":"InitContainer"}`, Message: "needs dataplaneMode Sidecar"},
	{Name: "an unknown answer to a conflict", Spec: `{"onConflict":"force"}`, Message: `supported values: "Abort", "Force"`},
	{Name: "an image repository with a port in a registry", Spec: `{"image":{"registry":"quay.io","repository":"mirror:5000/istio"}}`, Message: onePort},
	{Name: "an image repository with a port and no path", Spec: `{"image":{"repository":"mirror:5000"}}`, Message: aPath},
	{Name: "an image repository with a port that is none", Spec: `{"image":{"repository":"mirror:a/istio"}}`, Message: aPath},
	{Name: "an unknown mode for the Gateway API", Spec: `{"gatewayAPI":"Always"}`, Message: `supported values: "Auto", "Manage", "Ignore"`},
	{Name: "another install namespace", Spec: `{"installNamespace":"elsewhere"}`, Message: "installNamespace cannot be changed"},
	{Name: "an install namespace with capitals", Spec: `{"installNamespace":"Istio"}`, Message: "must be a namespace's name"},
	{Name: "an install namespace that is empty", Spec: `{"installNamespace":""}`, Message: "should be at least 1 chars long"},
	{Name: "an install namespace that is a number", Spec: `{"installNamespace":"123"}`, Message: "must be a name that YAML reads as a string"},
	{Name: "an install namespace that YAML reads as a boolean", Spec: `{"installNamespace":"on"}`, Message: "must be a name that YAML reads as a string"},
	{Name: "a cluster that is a section", Spec: `{"cluster":{"name":"a"}}`, Message: "must be of type string"},
	{Name: "a cluster that is no label value", Spec: `{"cluster":"my cluster"}`, Message: "cluster " + aLabel},
	{Name: "a cluster that is too long for a label", Spec: `{"cluster":"` + strings.Repeat("c", 64) + `"}`, Message: "spec.cluster: Too long"},
	{Name: "a cluster that is a number", Spec: `{"cluster":"1e3"}`, Message: "cluster " + aLabel},
	{Name: "a cluster that YAML reads as a boolean", Spec: `{"cluster":"Off"}`, Message: "cluster " + notYAML},
	{Name: "a cluster in another script", Spec: `{"cluster":"кластер"}`, Message: "cluster " + aLabel},
	{Name: "a cluster with a control character", Spec: `{"cluster":"a\u0000b"}`, Message: "cluster " + aLabel},
	{Name: "a cluster with a line break at its end", Spec: `{"cluster":"cluster1\n"}`, Message: "cluster " + aLabel},
	{Name: "a cluster that is a template", Spec: `{"cluster":"{{ .Release.Name }}"}`, Message: "cluster " + aLabel},
	{Name: "a network with a slash", Spec: `{"network":"vpc/subnet"}`, Message: "network " + aLabel},
	{Name: "a network that ends with a dash", Spec: `{"network":"net-"}`, Message: "network " + aLabel},
	{Name: "a network that YAML takes for null", Spec: `{"network":"null"}`, Message: "network " + notYAML},
	{Name: "a network of 64 letters", Spec: `{"network":"` + strings.Repeat("n", 64) + `"}`, Message: "spec.network: Too long"},
	{Name: "a trust domain with a scheme", Spec: `{"trustDomain":"spiffe://cluster.local"}`, Message: aDomain},
	{Name: "a trust domain with capitals", Spec: `{"trustDomain":"Cluster.Local"}`, Message: aDomain},
	{Name: "a trust domain with an empty label", Spec: `{"trustDomain":"a..b"}`, Message: aDomain},
	{Name: "a trust domain with a label of 64 letters", Spec: `{"trustDomain":"` + strings.Repeat("t", 64) + `.local"}`, Message: aDomain},
	{Name: "a trust domain with an underscore", Spec: `{"trustDomain":"my_domain"}`, Message: aDomain},
	{Name: "a registry with a scheme", Spec: `{"image":{"registry":"https://docker.io"}}`, Message: aHost},
	{Name: "a registry with a space", Spec: `{"image":{"registry":"docker .io"}}`, Message: aHost},
	{Name: "a registry with a line break and more", Spec: `{"image":{"registry":"docker.io\nhostNetwork: true"}}`, Message: aHost},
	{Name: "an image path with capitals", Spec: `{"image":{"repository":"Istio"}}`, Message: aPath},
	{Name: "an image path with a tag", Spec: `{"image":{"repository":"istio:1.29.1"}}`, Message: aPath},
	{Name: "an image path that climbs", Spec: `{"image":{"repository":"../istio"}}`, Message: aPath},
	{Name: "a pull secret without a name", Spec: `{"image":{"secrets":[{}]}}`, Message: "spec.image.secrets[0].name: Required value"},
	{Name: "a pull secret with a name that is none", Spec: `{"image":{"secrets":[{"name":"Pull Secret"}]}}`, Message: "image.secrets must name Secrets"},
	{Name: "a pull secret that is a text", Spec: `{"image":{"secrets":["pull-secret"]}}`, Message: "must be of type object"},
	{Name: "seventeen pull secrets", Spec: `{"image":{"secrets":[` + strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, 17), ",") + `]}}`, Message: "must have at most 16 items"},
	{Name: "values that are a text", Spec: `{"values":"pilot: {}"}`, Message: "must be of type object"},
	{Name: "values that are a list", Spec: `{"values":[{"pilot":{}}]}`, Message: "must be of type object"},
}

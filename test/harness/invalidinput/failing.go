// SPDX-License-Identifier: Apache-2.0

package invalidinput

import (
	"fmt"
	"strings"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
)

// wrong is a value of the wrong kind.
func wrong(values, message string) Case {
	return Case{Name: "a value of the wrong kind: " + values, Spec: `{"values":` + values + `}`, Reason: v1.ReasonInvalidValues, Message: message}
}

// kinds are values of the wrong kind at places that charts read.
var kinds = []Case{
	wrong(`{"pilot":3}`, "pilot must be a map, not a number"),
	wrong(`{"global":["`+Marker+`"]}`, "global must be a map, not a list"),
	wrong(`{"meshConfig":"`+Marker+`"}`, "meshConfig must be a map, not a string"),
	wrong(`{"pilot":{"env":"`+Marker+`"}}`, "pilot.env must be a map, not a string"),
	wrong(`{"pilot":{"env":{"TOKEN":{"deep":"`+Marker+`"}}}}`, "pilot.env.TOKEN must be a string, not a map"),
	wrong(`{"pilot":{"env":["A=B"]}}`, "pilot.env must be a map, not a list"),
	wrong(`{"pilot":{"replicaCount":"many"}}`, "pilot.replicaCount must be a number, not a string"),
	wrong(`{"pilot":{"replicaCount":[2]}}`, "pilot.replicaCount must be a number, not a list"),
	wrong(`{"replicaCount":true}`, "pilot.replicaCount must be a number, not a boolean"),
	wrong(`{"pilot":{"autoscaleEnabled":"perhaps"}}`, "pilot.autoscaleEnabled must be true or false, not a string"),
	wrong(`{"pilot":{"tolerations":"all"}}`, "pilot.tolerations must be a list, not a string"),
	wrong(`{"pilot":{"tolerations":["all"]}}`, "pilot.tolerations.0 must be a map, not a string"),
	wrong(`{"pilot":{"resources":{"requests":"`+Marker+`"}}}`, "pilot.resources.requests must be a map, not a string"),
	wrong(`{"pilot":{"podLabels":["a"]}}`, "pilot.podLabels must be a map, not a list"),
	wrong(`{"pilot":{"volumes":{"name":"a"}}}`, "pilot.volumes must be a list, not a map"),
	wrong(`{"pilot":{"image":{"repository":"pilot"}}}`, "pilot.image must be a string, not a map"),
	wrong(`{"cni":{"excludeNamespaces":"kube-system"}}`, "cni.excludeNamespaces must be a list, not a string"),
	wrong(`{"cni":{"excludeNamespaces":[{"name":"kube-system"}]}}`, "cni.excludeNamespaces.0 must be a string, not a map"),
	wrong(`{"cni":{"cniBinDir":["/opt"]}}`, "cni.cniBinDir must be a string, not a list"),
	wrong(`{"cni":{"ambient":{"enabled":{}}}}`, "cni.ambient.enabled must be true or false, not a map"),
	wrong(`{"cni":{"repair":true}}`, "cni.repair must be a map, not a boolean"),
	wrong(`{"ztunnel":{"resources":"`+Marker+`"}}`, "ztunnel.resources must be a map, not a string"),
	wrong(`{"ztunnel":{"logLevel":{"a":"b"}}}`, "ztunnel.logLevel must be a string, not a map"),
	wrong(`{"ztunnel":{"terminationGracePeriodSeconds":"soon"}}`, "ztunnel.terminationGracePeriodSeconds must be a number, not a string"),
	wrong(`{"global":{"proxy":3}}`, "global.proxy must be a map, not a number"),
	wrong(`{"global":{"imagePullSecrets":[{"name":"`+Marker+`"}]}}`, "global.imagePullSecrets.0 must be a string, not a map"),
	wrong(`{"global":{"multiCluster":"cluster1"}}`, "global.multiCluster must be a map, not a string"),
	wrong(`{"global":{"logAsJson":2}}`, "global.logAsJson must be true or false, not a number"),
	wrong(`{"meshConfig":{"defaultConfig":{"proxyMetadata":["`+Marker+`"]}}}`, "meshConfig.defaultConfig.proxyMetadata must be a map, not a list"),
	wrong(`{"global":{"platform":"`+Marker+`"}}`, "unknown platform ["),
	wrong(`{"profile":"`+Marker+`"}`, "unknown profile ["),
	wrong(`{"compatibilityVersion":"0.1"}`, "unknown compatibility version"),
	wrong(`{"pilot":{"podLabels":{"a":"bell\u0007"}}}`, "pilot.podLabels.a contains control characters"),
	wrong(`{"pilot":{"env":{"A\nB":"`+Marker+`"}}}`, "pilot.env has keys that contain line breaks or control characters"),
	wrong(`{"pilot":{"initContainers":[{"name":"a","image":"{{ range until 1000000000 }}`+Marker+`{{ end }}"}]}}`, "a template here can only reference values"),
	wrong(`{"pilot":{"initContainers":[{"name":"a","image":"{{ .Files.Get \"values.yaml\" }}"}]}}`, "a template here can only reference values"),
	wrong(`{"pilot":{"initContainers":[{"{{ repeat 1000000 .Values.hub }}":"a"}]}}`, "a template here can only reference values"),
}

// object is a value of the right kind of which the API server refuses what it makes.
func object(values, message string) Case {
	return Case{Name: "an object that cannot be: " + values, Spec: `{"values":` + values + `}`, Reason: v1.ReasonObjectRefused, Message: message}
}

const (
	istiod  = "Deployment istio-system/istiod: "
	cniNode = "DaemonSet istio-system/istio-cni-node: "
	ztunnel = "DaemonSet istio-system/ztunnel: "
)

// objects are values that render to objects which the API server refuses.
var objects = []Case{
	object(`{"pilot":{"resources":{"requests":{"cpu":"`+Marker+`"}}}}`, istiod),
	object(`{"pilot":{"replicaCount":-3}}`, "spec.replicas"),
	object(`{"pilot":{"podLabels":{"not a key!":"x"}}}`, istiod),
	object(`{"pilot":{"podLabels":{"probe":"-`+Marker+`-"}}}`, istiod),
	object(`{"pilot":{"podLabels":{"probe":"{{ .Release.Name }}"}}}`, istiod),
	object(`{"pilot":{"podLabels":{"probe":"`+strings.Repeat("l", 64)+`"}}}`, istiod),
	object(`{"pilot":{"podLabels":{"probe":"`+strings.Repeat("l", 200_000)+`"}}}`, istiod),
	object(`{"pilot":{"podLabels":{"probe":"ярлык"}}}`, istiod),
	object(`{"pilot":{"nodeSelector":{"disk":"no label value"}}}`, istiod),
	object(`{"pilot":{"tolerations":[{"operator":"Sometimes"}]}}`, istiod),
	object(`{"pilot":{"affinity":{"nodeAffinity":{"wrong":"`+Marker+`"}}}}`, istiod),
	object(`{"pilot":{"volumes":[{"name":"A_B","emptyDir":{}}]}}`, istiod),
	object(`{"pilot":{"volumeMounts":[{"name":"nowhere","mountPath":"/nowhere"}]}}`, istiod),
	object(`{"pilot":{"initContainers":[{"name":"Not a name","image":"`+Marker+`"}]}}`, istiod),
	object(`{"pilot":{"env":{"A=B":"`+Marker+`"}}}`, istiod),
	object(`{"pilot":{"envVarFrom":[{"name":"TOKEN","valueFrom":{"nothing":"`+Marker+`"}}]}}`, istiod),
	object(`{"pilot":{"seccompProfile":{"type":"`+Marker+`"}}}`, istiod),
	object(`{"pilot":{"rollingMaxSurge":"lots"}}`, istiod),
	object(`{"pilot":{"autoscaleEnabled":true,"autoscaleMin":9,"autoscaleMax":3}}`, "HorizontalPodAutoscaler istio-system/istiod: "),
	object(`{"pilot":{"ipFamilyPolicy":"`+Marker+`"}}`, "Service istio-system/istiod: "),
	object(`{"pilot":{"serviceAnnotations":{"not a key!":"x"}}}`, "Service istio-system/istiod: "),
	object(`{"sidecarInjectorWebhook":{"reinvocationPolicy":"Perhaps"}}`, "MutatingWebhookConfiguration istio-sidecar-injector: "),
	object(`{"base":{"validationURL":"`+Marker+`"}}`, "ValidatingWebhookConfiguration istiod-default-validator: "),
	object(`{"global":{"imagePullPolicy":"Sometimes"}}`, "imagePullPolicy"),
	object(`{"global":{"priorityClassName":"Not a name"}}`, "priorityClassName"),
	object(`{"cni":{"cniBinDir":"/opt/cni/../../etc"}}`, cniNode),
	object(`{"cni":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":-1}}}}`, cniNode),
	object(`{"cni":{"env":{"not a key":"`+Marker+`"}}}`, "ConfigMap istio-system/istio-cni-config: "),
	object(`{"ztunnel":{"resources":{"limits":{"memory":"1Mi"}}}}`, ztunnel),
	object(`{"ztunnel":{"env":{"RUST_LOG":"`+Marker+`"}}}`, ztunnel),
	object(`{"ztunnel":{"updateStrategy":{"type":"Whenever"}}}`, ztunnel),
	object(`{"ztunnel":{"volumes":[{"name":"a","hostPath":{"path":"/a/../b"}}]}}`, ztunnel),
	object(`{"resourceQuotas":{"enabled":true,"pods":-5}}`, "ResourceQuota istio-system/"),
}

// reserved is a value that spec decides.
func reserved(values, path string) Case {
	return Case{Name: "a reserved value: " + values, Spec: `{"values":` + values + `}`, Reason: v1.ReasonReservedValue, Message: path + " cannot be set: "}
}

// unexpected is a value that makes a chart write what is no part of a mesh.
func unexpected(name, values, message string) Case {
	return Case{Name: name, Spec: `{"values":` + values + `}`, Reason: v1.ReasonUnexpectedObject, Message: message}
}

// outside is a value that makes a chart write an object of another kind or place.
func outside(name, values, message string) Case {
	return Case{Name: name, Spec: `{"values":` + values + `}`, Reason: v1.ReasonObjectNotAllowed, Message: message}
}

// structure are values that would rename, relocate, leave out or add objects.
var structure = []Case{
	reserved(`{"global":{"istioNamespace":"elsewhere"}}`, "global.istioNamespace"),
	reserved(`{"ztunnel":{"istioNamespace":"elsewhere"}}`, "istioNamespace"),
	reserved(`{"global":{"resourceScope":"cluster"}}`, "global.resourceScope"),
	reserved(`{"pilot":{"revision":"canary"}}`, "pilot.revision"),
	reserved(`{"revision":"canary"}`, "pilot.revision"),
	reserved(`{"cni":{"revision":"canary"}}`, "cni.revision"),
	reserved(`{"ztunnel":{"revision":"canary"}}`, "revision"),
	reserved(`{"ztunnel":{"resourceName":"ztunnel-two"}}`, "resourceName"),
	reserved(`{"base":{"defaultRevision":"canary"}}`, "base.defaultRevision"),
	reserved(`{"base":{"excludedCRDs":["gateways.networking.istio.io"]}}`, "base.excludedCRDs"),
	reserved(`{"base":{"enableCRDTemplates":false}}`, "base.enableCRDTemplates"),
	reserved(`{"_internal_defaults_do_not_set":{"hub":"`+Marker+`"}}`, "_internal_defaults_do_not_set"),
	reserved(`{"defaults":{"hub":"`+Marker+`"}}`, "defaults"),
	unexpected("a profile without a control plane", `{"profile":"remote"}`, "Deployment istio-system/istiod would be missing"),
	unexpected("a control plane elsewhere", `{"istiodRemote":{"enabled":true}}`, "Deployment istio-system/istiod would be missing"),
	unexpected("a text that adds a ClusterRoleBinding",
		`{"cni":{"cniConfFileName":"b\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: `+Marker+`\n`+
			`roleRef: {kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}\nsubjects: []\nx:"}}`, "through the line breaks of cni.cniConfFileName"),
	outside("a text that adds a Secret",
		`{"cni":{"cniConfFileName":"b\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: `+Marker+`\nstringData:"}}`, "a kind that no Istio component has"),
	outside("a text that adds an object elsewhere",
		`{"cni":{"cniConfFileName":"b\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: evil\n  namespace: kube-system\ndata:"}}`,
		"istio-system: nothing of the chart is applied"),
	unexpected("a text that adds an object twice",
		`{"cni":{"cniConfFileName":"b\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: istio-cni-config\n  namespace: istio-system\ndata:"}}`,
		"would be created twice"),
	unexpected("half a replica", `{"pilot":{"replicaCount":1.5}}`, "has a number that is not an integer or is too large at spec.replicas"),
	unexpected("more replicas than there are numbers", `{"pilot":{"replicaCount":99999999999}}`, "has a number that is too large at spec.replicas"),
	unexpected("a text that adds fields",
		`{"pilot":{"env":{"A":"b\"\n          - name: EVIL\n            value: \"`+Marker+`"}}}`, "changes its structure through the line breaks of pilot.env.A"),
}

// limits are values that are too many, too deep or too large.
var limits = []Case{
	{Name: "a value of a megabyte", Spec: `{"values":{"pilot":{"env":{"A":"` + strings.Repeat("m", 1_000_000) + `"}}}}`, Reason: v1.ReasonValuesTooLarge, Message: "are too large, the limit is"},
	{Name: "values a thousand levels deep", Spec: `{"values":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000) + `}`, Reason: v1.ReasonValuesTooLarge, Message: "levels deep"},
	{Name: "lists a thousand levels deep", Spec: `{"values":{"pilot":{"volumes":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}}}`, Reason: v1.ReasonValuesTooLarge, Message: "levels deep"},
	{Name: "ten thousand values", Spec: `{"values":{"pilot":{"env":{` + many(10_000) + `}}}}`, Reason: v1.ReasonValuesTooLarge, Message: "more than 5000 values"},
}

func many(count int) string {
	var out strings.Builder
	for i := range count {
		if i > 0 {
			out.WriteString(",")
		}
		fmt.Fprintf(&out, `"K%d":"v"`, i)
	}
	return out.String()
}

func version(name, version, reason, message string) Case {
	return Case{Name: name, Spec: `{"version":"` + version + `"}`, Reason: reason, Message: message}
}

// versions are versions that cannot be reached. The mesh runs 1.29.1.
var versions = []Case{
	version("an impossible version", "99.99.99", v1.ReasonUnknownVersion, "1.28.2, 1.29.1, 1.31.0"),
	version("a version of noughts", "0.0.0", v1.ReasonUnknownVersion, "set spec.version to one of"),
	version("an unknown patch", "1.29.999", v1.ReasonUnknownVersion, "set spec.version to one of"),
	version("a pre-release", "1.29.1-alpha.1", v1.ReasonUnknownVersion, "set spec.version to one of"),
	version("a build of a version", "1.29.1+build", v1.ReasonUnknownVersion, "set spec.version to one of"),
	version("a version between", "1.30.0", v1.ReasonUnknownVersion, "set spec.version to one of"),
	version("a version over a minor version that is not known", "1.31.0", v1.ReasonUpgradePathUnknown, "goes through a release of 1.30"),
	version("a version far back", "1.26.2", v1.ReasonDowngrade, "spec.upgrade.allowDowngrade"),
}

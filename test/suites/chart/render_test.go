// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// of reads values, and renders the chart with them.
func of(text string) []*unstructured.Unstructured {
	GinkgoHelper()
	values := map[string]any{}
	Expect(yaml.Unmarshal([]byte(text), &values)).To(Succeed())
	return OperatorChart(values)
}

// one is the only object of that kind, which must be the chart's.
func one[T any](objects []*unstructured.Unstructured, kind string) T {
	GinkgoHelper()
	var typed T
	found := ByKind(objects, kind)
	Expect(found).To(HaveLen(1), kind)
	Expect(found[0].GetName()).To(HavePrefix("gloo-operator"))
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(found[0].Object, &typed)).To(Succeed())
	return typed
}

func deploymentOf(values string) appsv1.Deployment {
	GinkgoHelper()
	return one[appsv1.Deployment](of(values), "Deployment")
}

func managerContainer(values string) corev1.Container {
	GinkgoHelper()
	return deploymentOf(values).Spec.Template.Spec.Containers[0]
}

var _ = DescribeTable("The default repository is", func(values, url string) {
	Expect(managerContainer(values).Args).To(ContainElement("--default-repository=" + url))
},
	Entry("Istio's own", `{}`, istio.DefaultRepository),
	Entry("a mirror", `defaultRepository: oci://mirror.example.com/istio`, "oci://mirror.example.com/istio"),
	Entry("none where it is turned off", `defaultRepository: ""`, ""),
)

func variables(values string) map[string]string {
	GinkgoHelper()
	found := map[string]string{}
	for _, variable := range managerContainer(values).Env {
		found[variable.Name] = variable.Value
	}
	return found
}

var _ = Describe("The Deployment", func() {
	It("has the name and the label that scripts look for", func() {
		deployment := deploymentOf(`{}`)
		Expect(deployment.Name).To(Equal("gloo-operator"))
		Expect(deployment.Namespace).To(Equal(OperatorNamespace))
		for _, labels := range []map[string]string{deployment.Labels, deployment.Spec.Template.Labels, deployment.Spec.Selector.MatchLabels} {
			Expect(labels).To(HaveKeyWithValue("app.kubernetes.io/name", "gloo-operator"))
		}
		Expect(deployment.Spec.Replicas).To(HaveValue(BeEquivalentTo(2)))
	})

	It("keeps what a pod template's selector needs, whatever labels users add", func() {
		template := deploymentOf(`manager: {podLabels: {app.kubernetes.io/name: x, team: mesh}}`).Spec.Template
		Expect(template.Labels).To(And(HaveKeyWithValue("app.kubernetes.io/name", "gloo-operator"), HaveKeyWithValue("team", "mesh")))
	})

	DescribeTable("runs the image", func(values, image string) {
		Expect(managerContainer(values).Image).To(Equal(image))
	},
		Entry("of the chart's version", `{}`, "ghcr.io/gloo-operator/gloo-operator:0.0.1"),
		Entry("of another registry and tag", `manager: {image: {repository: example.com/operator, tag: "7"}}`, "example.com/operator:7"),
		Entry("of a digest", `manager: {image: {digest: "sha256:`+sixtyFour+`"}}`, "ghcr.io/gloo-operator/gloo-operator@sha256:"+sixtyFour),
	)

	DescribeTable("has variables that are strings", func(value, text string) {
		Expect(variables("manager: {env: {A: " + value + "}}")).To(HaveKeyWithValue("A", text))
	},
		Entry("of booleans", "true", "true"),
		Entry("of numbers", "3", "3"),
		Entry("of large numbers", "100000000", "100000000"),
		Entry("of fractions", "0.5", "0.5"),
		Entry("of texts", `"yes"`, "yes"),
	)

	DescribeTable("has the argument", func(values, argument string) {
		Expect(managerContainer(values).Args).To(ContainElement(argument))
	},
		Entry("of namespaces", `installNamespaces: [a, b]`, "--install-namespaces=a,b"),
		Entry("of labels", `rbac: {labelNamespaces: true}`, "--label-namespaces"),
		Entry("of the log's level", `manager: {logLevel: debug}`, "--log-level=debug"),
		Entry("of the log's format", `manager: {logFormat: console}`, "--log-format=console"),
		Entry("of metrics", `metrics: {port: 9000}`, "--metrics-bind-address=:9000"),
		Entry("of no metrics", `metrics: {enabled: false}`, "--metrics-bind-address=0"),
		Entry("of the managed mesh", managed, "--managed-mesh=/etc/gloo-operator/mesh.yaml"),
	)

	DescribeTable("takes from the values", func(values string, field string, matcher OmegaMatcher) {
		Expect(deploymentOf(values).Spec.Template.Spec).To(HaveField(field, matcher))
	},
		Entry("tolerations", `manager: {tolerations: [{operator: Exists}]}`, "Tolerations", HaveLen(1)),
		Entry("affinity", `manager: {affinity: {nodeAffinity: {}}}`, "Affinity", Not(BeNil())),
		Entry("a node selector", `manager: {nodeSelector: {a: b}}`, "NodeSelector", HaveKeyWithValue("a", "b")),
		Entry("a spread", `manager: {topologySpreadConstraints: []}`, "TopologySpreadConstraints", BeEmpty()),
		Entry("a priority class", `manager: {priorityClassName: high}`, "PriorityClassName", Equal("high")),
		Entry("pull secrets", `manager: {imagePullSecrets: [{name: x}]}`, "ImagePullSecrets", HaveLen(1)),
	)

	It("writes to temporary directories alone", func() {
		container := managerContainer(`{}`)
		Expect(container.SecurityContext.ReadOnlyRootFilesystem).To(HaveValue(BeTrue()))
		Expect(variables(`{}`)).To(HaveKeyWithValue("XDG_CACHE_HOME", "/var/cache/gloo-operator"))
		Expect(container.VolumeMounts).To(ContainElements(HaveField("MountPath", "/tmp"), HaveField("MountPath", "/var/cache/gloo-operator")))
	})

	// Hardened: the chart on OpenShift, with its SCC restricted-v2 | no pod of the operator was admitted: its user id was fixed
	It("leaves user and group ids to the image and to OpenShift, and is never root", func() {
		pod := one[corev1.Pod](of(`{}`), "Pod") // That of helm test.
		for _, spec := range []corev1.PodSpec{deploymentOf(`{}`).Spec.Template.Spec, pod.Spec} {
			Expect(spec.SecurityContext).To(HaveValue(Equal(corev1.PodSecurityContext{
				RunAsNonRoot: ptr.To(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			})))
			Expect(spec.Containers[0].SecurityContext.RunAsUser).To(BeNil())
		}
	})

	It("starts again when the managed mesh changes", func() {
		checksum := func(values string) string { return deploymentOf(values).Spec.Template.Annotations["checksum/mesh"] }
		Expect(checksum(managed)).NotTo(Equal(checksum(`managedMesh: {enabled: true, spec: {version: 1.28.2}}`)))
	})
})

const (
	sixtyFour = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	managed   = `managedMesh: {enabled: true, spec: {version: 1.29.1}}`
)

var _ = DescribeTable("Values", func(values, object string, there bool) {
	var names []string
	for _, o := range of(values) {
		names = append(names, o.GetKind()+" "+o.GetName())
	}
	if there {
		Expect(names).To(ContainElement(object))
	} else {
		Expect(names).NotTo(ContainElement(object))
	}
},
	Entry("make a network policy by default", `{}`, "NetworkPolicy gloo-operator", true),
	Entry("can do without it", `networkPolicy: {enabled: false}`, "NetworkPolicy gloo-operator", false),
	Entry("make a disruption budget by default", `{}`, "PodDisruptionBudget gloo-operator", true),
	Entry("can do without it", `podDisruptionBudget: {enabled: false}`, "PodDisruptionBudget gloo-operator", false),
	Entry("make no ServiceMonitor by default", `{}`, "ServiceMonitor gloo-operator", false),
	Entry("can ask for one", `metrics: {serviceMonitor: {enabled: true}}`, "ServiceMonitor gloo-operator", true),
	Entry("make no alert rules by default", `{}`, "PrometheusRule gloo-operator", false),
	Entry("can ask for them", `metrics: {prometheusRule: {enabled: true}}`, "PrometheusRule gloo-operator", true),
	Entry("make none without metrics", `metrics: {enabled: false, prometheusRule: {enabled: true}}`, "PrometheusRule gloo-operator", false),
	Entry("make no dashboard by default", `{}`, "ConfigMap gloo-operator-dashboard", false),
	Entry("can ask for one", `metrics: {dashboard: {enabled: true}}`, "ConfigMap gloo-operator-dashboard", true),
	Entry("make none without metrics", `metrics: {enabled: false, dashboard: {enabled: true}}`, "ConfigMap gloo-operator-dashboard", false),
	Entry("make a Service for metrics", `{}`, "Service gloo-operator-metrics", true),
	Entry("make none without metrics", `metrics: {enabled: false}`, "Service gloo-operator-metrics", false),
	Entry("make the install namespace", `{}`, "Namespace istio-system", true),
	Entry("do not make the release's own", `installNamespaces: [gloo-operator]`, "Namespace gloo-operator", false),
	Entry("make no mesh by default", `{}`, "ConfigMap gloo-operator-mesh", false),
	Entry("can ask for one", managed, "ConfigMap gloo-operator-mesh", true),
)

var _ = DescribeTable("The network policy:", func(values string, protocol corev1.Protocol, port int32, there bool) {
	var open []networkingv1.NetworkPolicyPort
	for _, rule := range one[networkingv1.NetworkPolicy](of(values), "NetworkPolicy").Spec.Egress {
		open = append(open, rule.Ports...)
	}
	wanted := networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: ptr.To(intstr.FromInt32(port))}
	if there {
		Expect(open).To(ContainElement(wanted))
	} else {
		Expect(open).NotTo(ContainElement(wanted))
	}
},
	Entry("port 443 is open by default, for chart repositories", `{}`, corev1.ProtocolTCP, int32(443), true),
	Entry("port 6443 is open by default, for most API servers", `{}`, corev1.ProtocolTCP, int32(6443), true),
	// Hardened: the chart on MicroK8s, whose API server listens on 16443 | the operator could not reach the API server
	Entry("port 16443 is open by default, for the API server of MicroK8s", `{}`, corev1.ProtocolTCP, int32(16443), true),
	// Hardened: the chart on minikube, whose API server listens on 8443 | the operator could not reach the API server
	Entry("port 8443 is open by default, for the API server of minikube", `{}`, corev1.ProtocolTCP, int32(8443), true),
	Entry("port 53 is open by default, for the DNS", `{}`, corev1.ProtocolUDP, int32(53), true),
	// Hardened: the chart on OpenShift, whose DNS pods listen on 5353 | no name of a chart repository was resolved
	Entry("port 5353 is open by default, for the DNS pods of OpenShift", `{}`, corev1.ProtocolUDP, int32(5353), true),
	Entry("port 5353 is open for TCP as well", `{}`, corev1.ProtocolTCP, int32(5353), true),
	Entry("the default repository's port is open, even if egressPorts leaves it out", `networkPolicy: {egressPorts: [6443]}`, corev1.ProtocolTCP, int32(443), true),
	Entry("the port of a mirror is open", `defaultRepository: "oci://mirror.example.com:5000/istio"`, corev1.ProtocolTCP, int32(5000), true),
	Entry("no port is open for no default repository", `{defaultRepository: "", networkPolicy: {egressPorts: [6443]}}`, corev1.ProtocolTCP, int32(443), false),
	Entry("a port that egressPorts leaves out is closed", `networkPolicy: {egressPorts: [443]}`, corev1.ProtocolTCP, int32(8443), false),
	Entry("a port that dnsPorts leaves out is closed", `networkPolicy: {dnsPorts: [53]}`, corev1.ProtocolUDP, int32(5353), false),
)

var _ = DescribeTable("The schema refuses", func(values, reason string) {
	chart, err := loader.Load(chartDir())
	Expect(err).NotTo(HaveOccurred())
	parsed := map[string]any{}
	Expect(yaml.Unmarshal([]byte(values), &parsed)).To(Succeed())
	merged, err := chartutil.ToRenderValues(chart, parsed, chartutil.ReleaseOptions{}, nil)
	if err == nil {
		_, err = engine.Render(chart, merged)
	}
	Expect(err).To(MatchError(ContainSubstring(reason)))
},
	Entry("a misspelt value", `manager: {replica: 3}`, "additional properties 'replica' not allowed"),
	Entry("no install namespace", `installNamespaces: []`, "minItems"),
	Entry("a default repository that is neither kind", `defaultRepository: "http://charts.example.com"`, "does not match pattern"),
	Entry("an unknown level", `manager: {logLevel: loud}`, "must be one of"),
	Entry("a variable that is none", `manager: {env: {A: [1]}}`, "got array"),
	Entry("a misspelt field of the mesh", `managedMesh: {enabled: true, spec: {verison: 1.29.1}}`, "additional properties 'verison' not allowed"),
	Entry("a mesh of no version", `managedMesh: {enabled: true}`, "managedMesh.spec.version"),
)

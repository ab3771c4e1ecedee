// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
)

// chartDir is where the chart is.
func chartDir() string { return Repository("charts/gloo-operator") }

// managedMesh asks for a mesh of that version.
func managedMesh(version string) []string {
	return []string{"--set", "managedMesh.enabled=true,managedMesh.spec.version=" + version}
}

func helmInstall(verb, chart string, arguments ...string) string {
	GinkgoHelper()
	return env.Helm(append([]string{verb, "gloo-operator", chart, "--namespace", OperatorNamespace, "--wait", "--timeout", "90s"}, arguments...)...)
}

// earlier is a copy of the chart whose CRD has one short name more.
func earlier() string {
	GinkgoHelper()
	directory := filepath.Join(GinkgoT().TempDir(), "gloo-operator")
	Expect(os.CopyFS(directory, os.DirFS(chartDir()))).To(Succeed())
	file := filepath.Join(directory, "templates", "crd.yaml")
	crd, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	changed := strings.Replace(string(crd), "    - smc\n", "    - smc\n    - earlier\n", 1)
	Expect(changed).NotTo(Equal(string(crd)))
	Expect(os.WriteFile(file, []byte(changed), 0o600)).To(Succeed())
	return directory
}

// startInstalled runs an operator as the Deployment would: with its mesh.
func startInstalled() *Operator {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "mesh.yaml")
	Expect(os.WriteFile(file, []byte(env.Kubectl("get", "configmap", "-n", OperatorNamespace, "gloo-operator-mesh",
		"-o", `jsonpath={.data.mesh\.yaml}`)), 0o600)).To(Succeed())
	return LaunchOperator(env.OperatorConfig(), func(o *manager.Options) { o.ManagedMesh = file })
}

var _ = Describe("Installed by helm", Ordered, func() {
	var operator *Operator

	BeforeAll(func(ctx SpecContext) {
		env = NewBare(ctx, func(o *cluster.Options) { o.Nodes = 2 })
		env.Kubectl("create", "namespace", OperatorNamespace)
		env.Kubectl("label", "namespace", OperatorNamespace, "pod-security.kubernetes.io/enforce=restricted")
	})
	AfterAll(func() { operator.Stop() })

	It("passes helm lint", func() { env.Helm("lint", chartDir()) })

	It("runs two pods in a namespace that enforces restricted pods, and says what to do next", func() {
		notes := helmInstall("install", earlier(), append(managedMesh("1.27.9"), "--set", "manager.env.A=true")...)
		Expect(notes).To(And(ContainSubstring("kubectl rollout status -n gloo-operator deployment/gloo-operator"),
			ContainSubstring("kubectl wait smc/managed-istio --for=condition=Ready")))
		deployment := &appsv1.Deployment{}
		Expect(env.API.Get(ctx(), client.ObjectKey{Namespace: OperatorNamespace, Name: "gloo-operator"}, deployment)).To(Succeed())
		Expect(deployment.Status.ReadyReplicas).To(BeEquivalentTo(2))
	})

	It("makes the managed mesh on the first installation", func() {
		operator = startInstalled()
		env.Kubectl("wait", "--for=create", "smc/managed-istio", "--timeout=240s")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.27.9"))
	})

	It("upgrades the CRD and the managed mesh", func() {
		Expect(env.Kubectl("api-resources", "--api-group", v1.GroupVersion.Group)).To(ContainSubstring("earlier"))
		uid := env.Mesh().UID
		helmInstall("upgrade", chartDir(), managedMesh("1.28.2")...)
		Expect(env.Kubectl("get", "crd", "servicemeshcontrollers.operator.gloo.solo.io", "-o", "jsonpath={.spec.names.shortNames}")).To(Equal(`["smc"]`))
		operator.Stop()
		operator = startInstalled()
		Eventually(func() string { return env.Mesh().Status.Version }).Should(Equal("1.28.2"))
		Expect(env.Mesh().UID).To(Equal(uid))
	})

	It("changes nothing of the mesh when the operator alone becomes another one", func() {
		env.EventuallyPhase(v1.PhaseSucceeded)
		mark := env.Settled()
		before := env.VersionsOfOwned()
		helmInstall("upgrade", chartDir(), append(managedMesh("1.28.2"), "--set", "manager.image.tag=another")...)
		operator.Stop()
		operator = startInstalled()
		Eventually(func() []cluster.Request { return env.MeshWrites(mark) }).ShouldNot(BeEmpty(), "the new operator has looked at the mesh")
		env.Settled()
		Expect(env.VersionsOfOwned()).To(Equal(before), "generations and versions of all objects")
	})

	DescribeTable("is made of nothing that the API server would refuse or drop", func(values string) {
		var manifests []string
		for _, object := range of(values) {
			if object.GroupVersionKind().Group == "monitoring.coreos.com" {
				continue // The CRDs are the Prometheus operator's.
			}
			manifests = append(manifests, manifest(object))
		}
		file := filepath.Join(GinkgoT().TempDir(), "chart.yaml")
		Expect(os.WriteFile(file, []byte(strings.Join(manifests, "---\n")), 0o600)).To(Succeed())
		env.Kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", file)
	},
		Entry("by default", `{}`),
		Entry("with all there is", managed+`
metrics: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboard: {enabled: true, annotations: {a: b}}}
rbac: {revisionTags: [prod]}
manager: {priorityClassName: system-cluster-critical, env: {A: true}, tolerations: [{operator: Exists}], nodeSelector: {a: b},
  imagePullSecrets: [{name: x}], affinity: {nodeAffinity: {}}, podAnnotations: {a: b}, podLabels: {a: b}}
service: {annotations: {a: b}, labels: {a: b}}
serviceAccount: {annotations: {a: b}}`),
		Entry("with as little as there can be", `{metrics: {enabled: false}, networkPolicy: {enabled: false}, podDisruptionBudget: {enabled: false}}`),
	)

	It("passes helm test, whose pod runs the operator's own program", func() {
		done := make(chan struct{})
		go func() {
			defer GinkgoRecover()
			defer close(done)
			env.Helm("test", "gloo-operator", "--namespace", OperatorNamespace, "--timeout", "90s")
		}()
		pod := &corev1.Pod{}
		Eventually(func() error {
			return env.API.Get(ctx(), client.ObjectKey{Namespace: OperatorNamespace, Name: "gloo-operator-test"}, pod)
		}).Should(Succeed())
		out, err := exec.Command("go", append([]string{"run", Repository("cmd/gloo-operator")}, pod.Spec.Containers[0].Args...)...).CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out)) // Nodes are simulated: the test is the kubelet.
		env.Kubectl("patch", "pod", "-n", OperatorNamespace, pod.Name, "--subresource=status", "--type=merge", "-p", `{"status":{"phase":"Succeeded"}}`)
		Eventually(done).Should(BeClosed())
	})

	It("leaves the mesh and the CRD when it is uninstalled", func() {
		operator.Stop()
		env.Helm("uninstall", "gloo-operator", "--namespace", OperatorNamespace, "--wait")
		Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
		Expect(env.ReadyPods("ztunnel")).To(BeEquivalentTo(2))
		out, err := env.TryKubectl("get", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/name=gloo-operator", "-o", "name")
		Expect(err).NotTo(HaveOccurred())
		Expect(out).NotTo(ContainSubstring("rbac"))
	})

	It("goes on with the mesh when it is installed again, and removes it with its resource", func() {
		helmInstall("install", chartDir(), managedMesh("1.29.1")...)
		operator = startInstalled()
		Eventually(func() string { return env.Mesh().Status.Version }).Should(Equal("1.29.1"))
		env.Kubectl("delete", "smc", Name, "--timeout=240s")
		Expect(env.ReadyPods("ztunnel")).To(BeZero())
	})
})

func manifest(object *unstructured.Unstructured) string {
	GinkgoHelper()
	text, err := yaml.Marshal(object.Object)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// from sets spec.repository.
func from(url string, secrets ...string) Option {
	return func(smc *v1.ServiceMeshController) {
		smc.Spec.Repository = &v1.Repository{URL: url}
		for _, name := range secrets {
			smc.Spec.Repository.Secrets = append(smc.Spec.Repository.Secrets, v1.NamespacedSecret{Name: name})
		}
	}
}

// chartsIn gives an operator a directory to keep charts in.
func chartsIn(directory string) func(*manager.Options) {
	return func(o *manager.Options) { o.ChartCacheDir = directory }
}

// createSecret creates a Secret of the operator's namespace.
func createSecret(name string, kind corev1.SecretType, data map[string]string) {
	GinkgoHelper()
	Expect(env.API.Create(context.Background(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: OperatorNamespace, Name: name}, Type: kind, StringData: data,
	})).To(Succeed())
}

// forHost lets the charts' repository at that host have the credentials of a Secret.
func forHost(host, secret string) {
	GinkgoHelper()
	env.Kubectl("annotate", "secret", "-n", OperatorNamespace, secret, v1.RepositoryHostAnnotation+"="+host)
}

// dockerConfig is what docker login writes for the registry.
func dockerConfig(registry *charttest.Registry) map[string]string {
	return map[string]string{".dockerconfigjson": fmt.Sprintf(
		`{"auths":{%q:{"username":%q,"password":%q}}}`, registry.Host, charttest.Username, charttest.Password)}
}

var _ = Describe("A version from a registry", Ordered, func() {
	const version, absent, hostile = "1.29.99", "1.29.98", "1.29.97"

	var (
		registry  *charttest.Registry
		running   *Operator
		directory string
		before    string
		began     cluster.Mark
	)

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		registry = charttest.StartRegistry()
		registry.Push(version, charttest.Charts("1.29.1", version))
		createSecret("pull", corev1.SecretTypeDockerConfigJson, dockerConfig(registry))
		directory = GinkgoT().TempDir()
		began = env.Cluster.Audit().Mark()
		running = LaunchOperator(env.OperatorConfig(), chartsIn(directory))
		DeferCleanup(func() { running.Stop() })
	})

	It("says what to do while the registry's CA is not trusted", func() {
		env.Create(Sample("minimal.yaml", Version(version), from(registry.URL(), "pull")))
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionReady)).To(And(
			HaveField("Reason", v1.ReasonRepositoryUntrusted), HaveField("Message", ContainSubstring("ca.crt"))))
	})

	It("says what to do while a Secret is missing", func() {
		env.Patch(`{"spec":{"repository":{"secrets":[{"name":"pull"},{"name":"ca"}]}}}`)
		Eventually(func() string { return env.Condition(v1.ConditionReady).Message }).Should(
			ContainSubstring("Secret gloo-operator/ca of spec.repository does not exist: create it"))
		Expect(env.Condition(v1.ConditionReady).Reason).To(Equal(v1.ReasonRepositorySecret))
	})

	It("is installed with the credentials and the CA of Secrets", func() {
		createSecret("ca", corev1.SecretTypeOpaque, map[string]string{"ca.crt": string(registry.CA)})
		env.Patch(`{"spec":{"network":"network1"}}`) // A change of spec is tried at once.
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal(version))
		Expect(env.Component("gateway-api").Version).To(Equal("v1.4.0"), "as for the release of the same minor version")
		Expect(Images(env.Ztunnel().Spec.Template)).To(ContainSubstring("docker.io/istio/ztunnel:" + version))
	})

	It("reads Secrets by name alone, and repeats nothing of them", func() {
		env.Settled()
		read := env.Requests(began, func(r cluster.Request) bool { return r.Resource == "secrets" && r.Namespace == OperatorNamespace })
		Expect(read).NotTo(BeEmpty())
		Expect(read).To(HaveEach(And(HaveField("Verb", "get"), HaveField("Name", BeElementOf("pull", "ca")))))
		Expect(env.Kubectl("get", "smc,events", "-A", "-o", "yaml")).NotTo(ContainSubstring(charttest.Password))
		before = env.VersionsOfOwned()
	})

	DescribeTable("stays when it is to become one that", func(prepare func(), target, reason, message string) {
		prepare()
		env.SetVersion(target)
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionReady)).To(And(HaveField("Reason", reason), HaveField("Message", ContainSubstring(message))))
		Expect(env.Mesh().Status.Version).To(Equal(version))
		Expect(env.VersionsOfOwned()).To(Equal(before))
		env.SetVersion(version)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.VersionsOfOwned()).To(Equal(before))
	},
		Entry("the registry does not have", func() {}, absent, v1.ReasonChartNotFound, "the nearest releases that the repository has are "+version),
		Entry("reaches for another namespace", func() {
			charts := charttest.Charts("1.29.1", hostile)
			files := charttest.Files("1.29.1", "ztunnel", hostile)
			files["templates/more.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns, namespace: kube-system}\n"
			charts["ztunnel"] = charttest.Pack("ztunnel", files)
			registry.Push(hostile, charts)
		}, hostile, v1.ReasonObjectNotAllowed, "ConfigMap kube-system/coredns (v1), outside the install namespace istio-system"),
	)

	It("stays, and is corrected, while the registry is away and the operator starts again", func() {
		registry.Stop()
		running.Stop()
		mark := env.Settled()
		running = LaunchOperator(env.OperatorConfig(), chartsIn(directory))
		env.Kubectl("delete", "service", "-n", Namespace, "istiod")
		Eventually(func() []cluster.Request { return env.MeshWrites(mark) }).ShouldNot(BeEmpty())
		env.EventuallyPhase(v1.PhaseSucceeded)
		env.Settled()
		Expect(withoutService(env.VersionsOfOwned())).To(Equal(withoutService(before)))
		env.Kubectl("get", "service", "-n", Namespace, "istiod")
	})

	It("stays while it is to become another one and the registry is away", func() {
		before = env.VersionsOfOwned()
		env.SetVersion(absent)
		Eventually(func() string { return env.Condition(v1.ConditionReady).Reason }).Should(Equal(v1.ReasonRepositoryUnavailable))
		Expect(env.Mesh().Status).To(And(HaveField("Phase", v1.PhaseUpgrading), HaveField("Message", ContainSubstring("the operator retries"))))
		env.SetVersion(version)
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.VersionsOfOwned()).To(Equal(before))
	})

	It("becomes one that is bundled without the registry", func() {
		env.SetVersion("1.29.1")
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal("1.29.1"))
	})
})

// withoutService leaves the Service that was deleted out of a list of objects.
func withoutService(list string) string {
	var kept []string
	for line := range strings.Lines(list) {
		if !strings.HasPrefix(line, "Service ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

var _ = Describe("A version from a Helm repository", Ordered, func() {
	It("is installed, and removed while the repository is away", func(ctx SpecContext) {
		const version = "1.29.99"
		env = New(ctx)
		server := charttest.HelmRepository(version, charttest.Charts("1.29.1", version))
		createSecret("helm", corev1.SecretTypeBasicAuth, map[string]string{
			"username": charttest.Username, "password": charttest.Password, "ca.crt": string(server.CA),
		})
		env.StartOperator(chartsIn(GinkgoT().TempDir()))
		env.Create(Sample("minimal.yaml", Version(version), from(server.URL+"/charts", "helm")))
		env.EventuallyPhase(v1.PhaseFailed)
		Expect(env.Condition(v1.ConditionReady)).To(And(HaveField("Reason", v1.ReasonRepositorySecret), HaveField("Message", ContainSubstring(
			"annotate the Secret with operator.gloo.solo.io/repository-host="+server.Listener.Addr().String()))))
		Expect(server.Seen()).To(BeEmpty())
		forHost(server.Listener.Addr().String(), "helm")
		env.Patch(`{"spec":{"network":"network1"}}`) // A change of spec is tried at once.
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.Version).To(Equal(version))
		Eventually(func() string { return env.Helm("list", "-n", Namespace) }).Should(ContainSubstring("ztunnel-" + version))
		server.Close()
		env.Kubectl("delete", "smc", Name, "--timeout=120s")
		Expect(env.Kubectl("get", "daemonset,deployment", "-n", Namespace)).To(ContainSubstring("No resources found"))
	})
})

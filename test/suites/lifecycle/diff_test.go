// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/apply"
	"github.com/gloo-operator/gloo-operator/internal/cli"
	"github.com/gloo-operator/gloo-operator/internal/object"
	"github.com/gloo-operator/gloo-operator/internal/plan"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// diffAgent is the command's user agent in the audit log.
const diffAgent = "gloo-operator-diff"

// previewed is what gloo-operator diff printed and returned.
type previewed struct {
	out, errOut string
	code        int
}

// change is one of the differences of --output json.
type change struct {
	Kind, Name, Effect string
	RestartsPods       bool
	Fields             []struct {
		Path          string
		Before, After any
	}
}

// changes decodes --output json.
func (p previewed) changes() []change {
	GinkgoHelper()
	document := struct{ Differences []change }{}
	Expect(json.Unmarshal([]byte(p.out), &document)).To(Succeed(), p.errOut)
	return document.Differences
}

// named lists differences as "DaemonSet ztunnel".
func named(changes []change, selected func(change) bool) []string {
	var names []string
	for _, c := range changes {
		if selected(c) {
			names = append(names, c.Kind+" "+c.Name)
		}
	}
	return names
}

func restarting(c change) bool { return c.RestartsPods }

// diff runs the command line with a manifest on its standard input.
func diff(ctx context.Context, manifest string, arguments ...string) previewed {
	GinkgoHelper()
	var out, errOut bytes.Buffer
	root := cli.NewRoot()
	root.SetArgs(append([]string{"diff", "-f", "-", "--kubeconfig", env.Cluster.Kubeconfig(), "--default-repository="}, arguments...))
	root.SetIn(strings.NewReader(manifest))
	root.SetOut(&out)
	root.SetErr(&errOut)
	code := cli.Execute(ctx, root)
	return previewed{out: out.String(), errOut: errOut.String(), code: code}
}

// manifestOf is the sample as a person writes it.
func manifestOf(options ...Option) string {
	GinkgoHelper()
	content, err := yaml.Marshal(Sample("minimal.yaml", options...))
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}

var _ = Describe("gloo-operator diff", Ordered, func() {
	var began cluster.Mark

	BeforeAll(func(ctx SpecContext) {
		env = NewBare(ctx)
		began = env.Cluster.Audit().Mark()
	})

	It("tells before an installation, of the operator too, that everything is added", func(ctx SpecContext) {
		preview := diff(ctx, manifestOf(Version("1.28.2")), "--output", "json")
		Expect(preview.code).To(Equal(1), preview.errOut)
		Expect(preview.changes()).To(HaveEach(HaveField("Effect", "Added")))
		Expect(named(preview.changes(), func(change) bool { return true })).To(ContainElements(
			"Namespace istio-system", "CustomResourceDefinition gateways.gateway.networking.k8s.io", "Deployment istiod", "DaemonSet ztunnel"))
		Expect(named(preview.changes(), restarting)).To(BeEmpty())
	})

	Describe("of a mesh that runs", Ordered, func() {
		BeforeAll(func(ctx SpecContext) {
			env.Authorize(ctx)
			env.StartOperator()
			env.Install(Sample("minimal.yaml", Version("1.28.2")))
		})

		It("tells nothing where it is as it should be", func(ctx SpecContext) {
			preview := diff(ctx, manifestOf(Version("1.28.2")))
			Expect(preview.out).To(Equal("nothing changes\n"))
			Expect(preview.code).To(Equal(0))
			Expect(diff(ctx, env.Kubectl("get", "smc", Name, "-o", "yaml")).out).To(Equal("nothing changes\n"), "of what kubectl prints")
		})

		It("tells what another version changes, and which pods restart", func(ctx SpecContext) {
			preview := diff(ctx, manifestOf(Version("1.29.1")), "-o", "json")
			Expect(preview.code).To(Equal(1), preview.errOut)
			Expect(named(preview.changes(), restarting)).To(Equal([]string{"Deployment istiod", "DaemonSet istio-cni-node", "DaemonSet ztunnel"}))
			Expect(named(preview.changes(), func(c change) bool { return c.Effect == "Changed" })).To(ContainElement("ConfigMap istio"))
			text := diff(ctx, manifestOf(Version("1.29.1")))
			Expect(text.code).To(Equal(1))
			Expect(text.out).To(MatchRegexp(`(?m)^~ DaemonSet istio-system/ztunnel: changed, pods restart\n` +
				`(  .*\n)*  ~ \.spec\.template\.spec\.containers\[name="istio-proxy"\]\.image: "docker.io/istio/ztunnel:1.28.2-distroless" → "docker.io/istio/ztunnel:1.29.1-distroless"$`))
			Expect(text.out).To(HaveSuffix("; pods restart: Deployment istio-system/istiod, DaemonSet istio-system/istio-cni-node, DaemonSet istio-system/ztunnel\n"))
		})

		It("reports that a change of the mesh's configuration restarts nothing", func(ctx SpecContext) {
			preview := diff(ctx, manifestOf(Version("1.28.2"), Values(`{"meshConfig":{"accessLogFile":"/dev/probe"}}`)))
			Expect(preview.code).To(Equal(1), preview.errOut)
			Expect(preview.out).To(ContainSubstring("~ ConfigMap istio-system/istio: changed\n  ~ .data.mesh\n"))
			Expect(preview.out).To(ContainSubstring("      + accessLogFile: /dev/probe\n"))
			Expect(preview.out).To(HaveSuffix("changed; no pods restart\n"))
		})

		It("tells what is removed", func(ctx SpecContext) {
			sidecars := func(smc *v1.ServiceMeshController) { smc.Spec.DataplaneMode = v1.Sidecar }
			preview := diff(ctx, manifestOf(Version("1.28.2"), sidecars), "-o", "json")
			removed := named(preview.changes(), func(c change) bool { return c.Effect == "Removed" })
			Expect(removed).To(ContainElements("DaemonSet ztunnel", "ServiceAccount ztunnel"))
			Expect(removed).NotTo(ContainElement(HavePrefix("CustomResourceDefinition")))
		})

		It("reads the extensions of the cluster, or those beside the manifest", func(ctx SpecContext) {
			extensions := func(level string) string {
				return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gloo-extensions-config, namespace: other}\ndata: {values.ztunnel: 'logLevel: " + level + "'}\n"
			}
			env.Kubectl("create", "namespace", "other")
			env.Kubectl("create", "-f", write(extensions("of-the-cluster")))
			logLevel := `  ~ \.spec\.template\.spec\.containers\[name="istio-proxy"\]\.env\[name="RUST_LOG"\]\.value: "info" → `
			Expect(diff(ctx, manifestOf(Version("1.28.2")), "--namespace", "other").out).To(MatchRegexp(logLevel + `"of-the-cluster"`))
			Expect(diff(ctx, manifestOf(Version("1.28.2"))+"---\n"+extensions("of-the-file"), "-n", "other").out).To(MatchRegexp(logLevel + `"of-the-file"`))
		})

		It("prints Istio's upgrade notes for another version", func(ctx SpecContext) {
			preview := diff(ctx, manifestOf(Version("1.29.1")))
			Expect(preview.errOut).To(MatchRegexp(`(?m)^notice: Istio's release notes have [1-9][0-9]* upgrade notes for this change:$`))
			Expect(preview.errOut).To(MatchRegexp(`(?m)^  [1-9][0-9]*\. Ambient iptables reconciliation enabled by default.*\n     \S`))
			Expect(diff(ctx, manifestOf(Version("1.29.1")), "-o", "json").out).To(ContainSubstring(`"title": "Ambient iptables reconciliation enabled by default`))
			Expect(diff(ctx, manifestOf(Version("1.28.2"))).errOut).NotTo(ContainSubstring("upgrade notes"))
		})

		It("tells through which versions the operator goes, and what it refuses", func(ctx SpecContext) {
			allowed := func(smc *v1.ServiceMeshController) { smc.Spec.Upgrade = &v1.Upgrade{AllowDowngrade: true} }
			Expect(diff(ctx, manifestOf(Version("1.26.2"), allowed)).errOut).To(ContainSubstring("notice: downgrade path: 1.28.2 → 1.27.9 → 1.26.2\n"))
			for version, reason := range map[string]string{
				"1.26.2": "Istio 1.28.2 is running, and 1.26.2 is an older minor version", "1.31.0": "a release of 1.30, since",
			} {
				preview := diff(ctx, manifestOf(Version(version)))
				Expect(preview.errOut).To(MatchRegexp("warning: the operator would change nothing yet: .*" + reason))
				Expect(preview.out).To(ContainSubstring(`1.28.2-distroless" → "docker.io/istio/ztunnel:` + version))
				Expect(preview.code).To(Equal(1))
			}
		})

		It("fetches charts that are not bundled, with the Secrets of the cluster", func(ctx SpecContext) {
			const version = "1.29.99"
			server := charttest.HelmRepository(version, charttest.Charts("1.29.1", version))
			GinkgoT().Setenv("XDG_CACHE_HOME", GinkgoT().TempDir())
			manifest := manifestOf(Version(version), from(server.URL+"/charts", "pull"))
			missing := diff(ctx, manifest)
			Expect(missing.errOut).To(ContainSubstring("error: fetching the charts: Secret gloo-operator/pull of spec.repository does not exist: create it"))
			Expect(missing.code).To(Equal(2))
			createSecret("pull", corev1.SecretTypeOpaque, map[string]string{
				"username": charttest.Username, "password": charttest.Password, "ca.crt": string(server.CA)})
			forHost(server.Listener.Addr().String(), "pull")
			Expect(diff(ctx, manifest).out).To(ContainSubstring("docker.io/istio/ztunnel:" + version))
		})

		It("leaves alone what the operator leaves alone", func(ctx SpecContext) {
			env.Kubectl("annotate", "daemonset", "-n", Namespace, "ztunnel", v1.IgnoreAnnotation+"=true")
			DeferCleanup(func() { env.Kubectl("annotate", "daemonset", "-n", Namespace, "ztunnel", v1.IgnoreAnnotation+"-") })
			preview := diff(ctx, manifestOf(Version("1.29.1")), "-o", "json")
			Expect(named(preview.changes(), restarting)).To(Equal([]string{"Deployment istiod", "DaemonSet istio-cni-node"}))
		})

		It("says why the operator would change nothing", func(ctx SpecContext) {
			paused := func(smc *v1.ServiceMeshController) { smc.Annotations = map[string]string{v1.PausedAnnotation: "true"} }
			preview := diff(ctx, manifestOf(Version("1.29.1"), paused))
			Expect(preview.code).To(Equal(1))
			Expect(preview.errOut).To(ContainSubstring("warning: the operator would change nothing yet: the mesh is paused"))
		})

		DescribeTable("fails", func(ctx SpecContext, message string, options ...Option) {
			preview := diff(ctx, manifestOf(options...))
			Expect(preview.out).To(BeEmpty())
			Expect(preview.errOut).To(HavePrefix("error: "))
			Expect(preview.errOut).To(ContainSubstring(message))
			Expect(preview.code).To(Equal(2))
		},
			Entry("where it does not know the version", "Istio 1.28.99 is not bundled with this operator, and its default repository is turned off: set spec.version to one of", Version("1.28.99")),
			Entry("where the API server would refuse an object", `Deployment istio-system/istiod: `, Values(`{"pilot":{"resources":{"requests":{"cpu":"-1"}}}}`)),
			Entry("where there is another mesh", "only one ServiceMeshController is allowed per cluster and managed-istio is older", Named("second")),
		)

		It("says what a person may not read", func(ctx SpecContext) {
			kubeconfig := env.Kubectl("config", "view", "--raw", "-o", "json")
			stranger := strings.Replace(kubeconfig, `"user": {`, `"user": {"as": "stranger",`, 1)
			Expect(stranger).NotTo(Equal(kubeconfig))
			kubeconfig = write(stranger)
			fails := func(message string) {
				GinkgoHelper()
				preview := diff(ctx, manifestOf(), "--kubeconfig", kubeconfig)
				Expect(preview.code).To(Equal(2))
				Expect(preview.errOut).To(MatchRegexp(message))
			}
			fails(`^error: reading ServiceMeshController managed-istio: .*User "stranger" cannot get resource`)
			env.Kubectl("create", "clusterrole", "reader", "--verb=get,list", "--resource=servicemeshcontrollers.operator.gloo.solo.io")
			env.Kubectl("create", "clusterrolebinding", "reader", "--clusterrole=reader", "--user=stranger")
			fails(`^error: reading the mesh: .*User "stranger" cannot list resource`)
		})

		It("needs no more rights for what is previewed than the operator has", func(ctx SpecContext) {
			built, err := new(plan.Builder).Build(plan.Input{Owner: Name, Spec: Sample("minimal.yaml").Spec})
			Expect(err).NotTo(HaveOccurred())
			config := env.OperatorConfig()
			config.WarningHandler = rest.NoWarnings{}
			observer, err := apply.NewObserver(config, apply.Scope{InstallNamespaces: []string{Namespace}})
			Expect(err).NotTo(HaveOccurred())
			applier, err := apply.New(config, observer)
			Expect(err).NotTo(HaveOccurred())
			var objects []object.Object
			for _, component := range built.Components {
				objects = append(objects, component.Objects...)
			}
			differences, err := applier.Preview(ctx, objects, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(apply.Summary(differences)).To(ContainSubstring("pods restart: "))
		})
	})

	It("has written nothing", func() {
		requests, err := env.Cluster.Audit().Requests(began, cluster.FromAgent(diffAgent), cluster.Writes())
		Expect(err).NotTo(HaveOccurred())
		Expect(requests).NotTo(BeEmpty())
		Expect(requests).To(HaveEach(HaveField("URI", ContainSubstring("dryRun=All"))))
	})
})

// SPDX-License-Identifier: Apache-2.0

package adoption_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// stopsOperator begins the part of a page that is about the way back. The operator of these
// specs has no Deployment: it is stopped otherwise.
const stopsOperator = "kubectl scale deployment -n gloo-operator gloo-operator --replicas=0\n"

// shellBlock is a command in a page that a test runs.
var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// page runs the commands of a page.
type page struct {
	text, directory, path string
	replace               *strings.Replacer
}

// openPage reads a page, whose commands find kubectl, helm, istioctl and gloo-operator.
func openPage(name, version, charts string) page {
	GinkgoHelper()
	content, err := os.ReadFile(Repository("docs/" + name))
	Expect(err).NotTo(HaveOccurred())
	directories := []string{GinkgoT().TempDir(), filepath.Dir(env.Cluster.Binary("kubectl"))}
	build := exec.Command("go", "build", "-o", directories[0], "./cmd/gloo-operator")
	build.Dir = Repository(".")
	out, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	for program, family := range map[string]toolchain.Family{"helm": toolchain.Helm(), "istioctl": toolchain.Istioctl()} {
		tools, err := toolchain.Build(context.Background(), family, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		directories = append(directories, filepath.Dir(tools.Path(program)))
	}
	return page{
		text: string(content), directory: GinkgoT().TempDir(), path: strings.Join(append(directories, os.Getenv("PATH")), ":"),
		replace: strings.NewReplacer("VERSION", version, istio.DefaultRepository, charts,
			"istioctl install ", "istioctl install --set hub=docker.io/istio --set tag="+version+" "), // A release has these defaults.
	}
}

// run runs the commands one after the other, and calls stop before the way back.
func (p page) run(stop func()) {
	GinkgoHelper()
	blocks := shellBlock.FindAllStringSubmatch(p.text, -1)
	Expect(blocks).NotTo(BeEmpty())
	for _, block := range blocks {
		script, stops := strings.CutPrefix(block[1], stopsOperator)
		if stops {
			stop()
		}
		By(script)
		command := exec.Command("bash", "-euo", "pipefail", "-c", p.replace.Replace(script))
		command.Dir = p.directory
		command.Env = append(os.Environ(), "KUBECONFIG="+env.Cluster.Kubeconfig(), "PATH="+p.path, "HOME="+p.directory)
		out, err := command.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "%s\n%s", script, out)
		AddReportEntry(script, string(out))
	}
}

var _ = Describe("The commands in the docs", func() {
	const version = "1.29.1"

	// taken starts an operator, runs a page, and looks at the mesh between its parts. If the
	// other installation is equal, the pods of ztunnel stay the same, there and back.
	taken := func(name, charts string, equal bool, look func()) {
		GinkgoHelper()
		running := LaunchOperator(env.OperatorConfig())
		DeferCleanup(running.Stop)
		before := nodePods()
		openPage(name, version, charts).run(func() {
			Expect(env.Mesh().Status.Phase).To(Equal(v1.PhaseSucceeded))
			if equal {
				Expect(nodePods()).To(Equal(before))
			}
			look()
			running.Stop()
		})
		_, err := env.TryKubectl("get", "smc", Name)
		Expect(err).To(HaveOccurred())
		for _, workload := range []string{"deployment/istiod", "daemonset/istio-cni-node", "daemonset/ztunnel"} {
			env.Kubectl("rollout", "status", "-n", Namespace, workload, "--timeout=240s")
		}
		if equal {
			Expect(nodePods()).To(Equal(before))
		}
	}

	BeforeEach(func(ctx SpecContext) {
		env = New(ctx, func(o *cluster.Options) { o.KubeletVersion = "" })
	})

	It("move a mesh from Helm, and back", func() {
		registry := charttest.StartRegistry()
		registry.Push(version, charttest.Charts(version, version))
		charts := charttest.PublicURL(registry.Public())
		for release, settings := range map[string][]string{
			"istio-base base": nil, "istiod istiod": {"--set", "pilot.env.MINE=1"}, "istio-cni cni": nil, "ztunnel ztunnel": {"--set", "logLevel=debug"},
		} {
			name, chart, _ := strings.Cut(release, " ")
			env.Helm(append([]string{
				"install", name, charts + "/" + chart, "--version", version, "-n", Namespace, "--create-namespace",
				"--set", "profile=ambient,global.hub=docker.io/istio,global.tag=" + version + ",hub=docker.io/istio,tag=" + version,
			}, settings...)...)
		}
		taken("migrate-helm.md", charts, true, func() {
			Expect(variables()).To(ContainElement("MINE"))
			Expect(env.Kubectl("get", "daemonset", "-n", Namespace, "ztunnel", "-o", "yaml")).To(MatchRegexp(`name: RUST_LOG\n +value: debug`))
		})
		Expect(variables()).To(ContainElement("MINE"))
		Expect(env.Helm("list", "-n", Namespace, "--deployed", "--short")).To(ContainSubstring("istiod"))
	})

	It("move a mesh from istioctl, and back", func() {
		byIstioctl(version)
		taken("migrate-istioctl.md", "", false, func() {
			Expect(env.Kubectl("get", "configmap", "-n", Namespace, "istio", "-o", "yaml")).To(ContainSubstring("accessLogFile: /dev/stdout"))
		})
	})
})

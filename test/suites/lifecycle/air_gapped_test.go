// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"oras.land/oras-go/v2"
	"sigs.k8s.io/yaml"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/cli"
	"github.com/gloo-operator/gloo-operator/internal/manager"
	"github.com/gloo-operator/gloo-operator/internal/repository"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
	. "github.com/gloo-operator/gloo-operator/test/harness"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

// The steps of docs/air-gapped.md: a registry stands for those of the internet, and
// another is the mirror.
var _ = Describe("A cluster without internet access", Ordered, func() {
	const version = "1.29.99"

	var (
		internet, mirror *charttest.Registry
		mirrored         string // the mirror's host
		archive          string
		digests          = map[string]string{}
	)

	BeforeAll(func(ctx SpecContext) {
		env = New(ctx)
		internet, mirror = charttest.StartRegistry(), charttest.StartRegistry()
		mirrored = mirror.Public()
		archive = GinkgoT().TempDir()
		internet.Push(version, charttest.Charts("1.29.1", version))
		for _, name := range []string{"pilot", "install-cni", "ztunnel", "proxyv2"} {
			digests[name] = internet.PushImage("istio/"+name, version+"-distroless")
		}
	})

	// manifest is that of the mesh with images from that host.
	manifest := func(host string) string {
		content, err := yaml.Marshal(Sample("minimal.yaml", Version(version), func(smc *v1.ServiceMeshController) {
			smc.Spec.Image = &v1.Image{Repository: host + "/istio"}
		}))
		Expect(err).NotTo(HaveOccurred())
		return string(content)
	}
	images := func(ctx context.Context, host, charts string) []string {
		var out, errOut bytes.Buffer
		root := cli.NewRoot()
		root.SetArgs([]string{"images", "-f", "-", "--digest", "--default-repository", charts})
		root.SetIn(strings.NewReader(manifest(host)))
		root.SetOut(&out)
		root.SetErr(&errOut)
		Expect(cli.Execute(ctx, root)).To(BeZero(), errOut.String())
		return strings.Fields(out.String())
	}

	It("has its images mirrored by their list", func(ctx SpecContext) {
		public := internet.Public()
		listed := images(ctx, public, charttest.PublicURL(public))
		Expect(listed).To(HaveLen(len(digests)))
		for _, image := range listed {
			name, reference, _ := strings.Cut(strings.TrimPrefix(image, public+"/"), ":")
			tag, digest, _ := strings.Cut(reference, "@")
			Expect(digest).To(Equal(digests[strings.TrimPrefix(name, "istio/")]), image)
			_, err := oras.Copy(ctx, internet.Images(name), digest, mirror.Images(name), tag, oras.DefaultCopyOptions)
			Expect(err).NotTo(HaveOccurred(), image)
		}
	})

	It("has its charts mirrored by an archive", func(ctx SpecContext) {
		tools, err := toolchain.Build(ctx, toolchain.Helm(), GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		url := charttest.PublicURL(internet.Public())
		for _, name := range repository.Names {
			pull := exec.CommandContext(ctx, tools.Path("helm"), "pull", url+"/"+name, "--version", version, "--destination", archive)
			out, err := pull.CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(out))
		}
		internet.Stop()
		files, err := filepath.Glob(filepath.Join(archive, "*.tgz"))
		Expect(err).NotTo(HaveOccurred())
		Expect(files).To(HaveLen(len(repository.Names)))
		for _, file := range files {
			push := exec.CommandContext(ctx, tools.Path("helm"), "push", file, charttest.PublicURL(mirrored))
			push.Env = append(os.Environ(), "HOME="+archive)
			out, err := push.CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(out))
		}
	})

	It("gets a mesh from the mirror alone", func(ctx SpecContext) {
		env.StartOperator(chartsIn(GinkgoT().TempDir()), func(o *manager.Options) { o.DefaultRepository = charttest.PublicURL(mirrored) })
		env.Kubectl("apply", "-f", write(manifest(mirrored)))
		env.EventuallyPhase(v1.PhaseSucceeded)
		Expect(env.Mesh().Status.ChartSource).To(Equal(charttest.PublicURL(mirrored)))
		Expect(images(ctx, mirrored, charttest.PublicURL(mirrored))).To(HaveEach(HavePrefix(mirrored + "/istio/")))
	})

	It("runs only images that the mirror has", func(ctx SpecContext) {
		pods := &corev1.PodList{}
		Expect(env.API.List(ctx, pods)).To(Succeed())
		var running []string
		for _, pod := range pods.Items {
			if pod.Namespace == Namespace {
				for _, container := range pod.Spec.Containers {
					running = append(running, container.Image)
				}
			}
		}
		Expect(running).NotTo(BeEmpty())
		for _, image := range running {
			Expect(image).To(HavePrefix(mirrored + "/"))
			name, tag, _ := strings.Cut(strings.TrimPrefix(image, mirrored+"/"), ":")
			_, err := mirror.Images(name).Resolve(ctx, tag)
			Expect(err).NotTo(HaveOccurred(), image)
		}
	})
})

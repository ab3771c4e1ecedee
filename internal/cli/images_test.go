// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/harness/charttest"
)

var _ = Describe("The images of a manifest", func() {
	images := func(stdin string, arguments ...string) result {
		return run(stdin, append([]string{"images", "-f", "-"}, arguments...)...)
	}

	It("are listed one per line, without a network", func() {
		listed := images(minimal, "--version", "1.31.0")
		Expect(listed.err).NotTo(HaveOccurred())
		Expect(listed.out).To(Equal("docker.io/istio/install-cni:1.31.0-distroless\ndocker.io/istio/pilot:1.31.0-distroless\n" +
			"docker.io/istio/proxyv2:1.31.0-distroless\ndocker.io/istio/ztunnel:1.31.0-distroless\n"))
		Expect(listed.errOut).To(BeEmpty())
	})

	It("are a document for programs", func() {
		Expect(images(minimal+"  dataplaneMode: Sidecar\n  trafficCaptureMode: InitContainer\n", "-o", "json").out).To(MatchJSON(`{"version": "1.29.1", "images": [
			{"image": "docker.io/istio/pilot:1.29.1", "for": ["istiod"]},
			{"image": "docker.io/istio/proxyv2:1.29.1", "for": ["proxies"]}]}`))
		Expect(images(minimal, "-o", "yaml").err).To(MatchError(ContainSubstring("--output must be text or json")))
	})

	Context("with a registry", Ordered, func() {
		var (
			registry *charttest.Registry
			manifest string
			digests  = map[string]string{}
		)

		BeforeAll(func() {
			registry = charttest.StartRegistry()
			for _, name := range []string{"pilot", "install-cni", "ztunnel", "proxyv2"} {
				digests[name] = registry.PushImage("istio/"+name, "1.29.1-distroless")
			}
		})

		mesh := func(host string) string { return minimal + "  image: {repository: " + host + "/istio}\n" }

		It("have its digests", func() {
			host := registry.Public()
			manifest = mesh(host)
			listed := images(manifest, "--digest")
			Expect(listed.err).NotTo(HaveOccurred())
			Expect(strings.Fields(listed.out)).To(ConsistOf(
				host+"/istio/pilot:1.29.1-distroless@"+digests["pilot"], host+"/istio/install-cni:1.29.1-distroless@"+digests["install-cni"],
				host+"/istio/ztunnel:1.29.1-distroless@"+digests["ztunnel"], host+"/istio/proxyv2:1.29.1-distroless@"+digests["proxyv2"]))
			Expect(images(manifest, "--digest", "-o", "json").out).To(ContainSubstring(`"digest": "` + digests["pilot"] + `"`))
		})

		It("are asked for with the credentials of docker login and a CA", func() {
			directory := GinkgoT().TempDir()
			Expect(os.WriteFile(filepath.Join(directory, "config.json"), registry.Login(), 0o600)).To(Succeed())
			Expect(os.WriteFile(filepath.Join(directory, "ca.crt"), registry.CA, 0o600)).To(Succeed())
			GinkgoT().Setenv("DOCKER_CONFIG", directory)
			listed := images(mesh(registry.Host), "--digest", "--ca-file", filepath.Join(directory, "ca.crt"))
			Expect(listed.err).NotTo(HaveOccurred())
			Expect(listed.out).To(ContainSubstring("@" + digests["ztunnel"]))
			Expect(images(mesh(registry.Host), "--digest", "--ca-file", filepath.Join(directory, "config.json")).err).To(
				MatchError(ContainSubstring("no certificate")))
		})

		It("are listed without those that it does not have, which fails", func() {
			listed := images(mesh(registry.Public()), "--digest", "--version", "1.28.2")
			Expect(listed.err).To(MatchError("4 of 4 digests were not found"))
			Expect(listed.out).To(And(ContainSubstring("/istio/ztunnel:1.28.2-distroless\n"), Not(ContainSubstring("@"))))
			Expect(listed.errOut).To(MatchRegexp(`(?m)^warning: .*/istio/ztunnel:1.28.2-distroless: the registry does not have it$`))
		})
	})
})

var _ = Describe("The default repository on the command line", func() {
	const version = "1.29.99"

	unknown := strings.Replace(minimal, "1.29.1", version, 1)

	// keepNothing gives the commands an empty cache. It also hides the cache of tools.
	keepNothing := func() { GinkgoT().Setenv("XDG_CACHE_HOME", GinkgoT().TempDir()) }

	It("is Istio's own", func() {
		for _, command := range []string{"render", "diff", "images", "run"} {
			Expect(run("", command, "--help").out).To(MatchRegexp(`--default-repository string .*\(default "`+istio.DefaultRepository+`"\)`), command)
		}
	})

	It("has the charts of a version that is not bundled", func() {
		registry := charttest.StartRegistry()
		registry.Push(version, charttest.Charts("1.29.1", version))
		url := charttest.PublicURL(registry.Public())
		keepNothing()
		Expect(render(unknown, "--default-repository", url).out).To(ContainSubstring("image: docker.io/istio/ztunnel:" + version))
		Expect(run(unknown, "images", "-f", "-", "--default-repository", url).out).To(ContainSubstring("docker.io/istio/proxyv2:" + version))
		Expect(render(minimal, "--version", "1.29.98", "--default-repository", url).err).To(
			MatchError(ContainSubstring("the nearest releases that the repository has are 1.29.99")))
	})

	It("may be none", func() {
		Expect(render(unknown, "--default-repository", "").err).To(MatchError(And(
			ContainSubstring("Istio 1.29.99 is not bundled with this operator, and its default repository is turned off"), ContainSubstring("set spec.repository"))))
	})

	It("is not reached without a network", func() {
		keepNothing()
		Expect(render(unknown, "--default-repository", "oci://127.0.0.1:1/charts").err).To(MatchError(ContainSubstring("connection refused")))
	})
})

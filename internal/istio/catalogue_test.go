// SPDX-License-Identifier: Apache-2.0

package istio_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/gloo-operator/gloo-operator/internal/gatewayapi"
	"github.com/gloo-operator/gloo-operator/internal/istio"
)

var _ = Describe("The catalogue", func() {
	It("lists releases oldest first, each once", func() {
		for i := 1; i < len(istio.Releases()); i++ {
			older, newer := istio.Versions()[i-1], istio.Versions()[i]
			Expect(semver.MustParse(older).LessThan(semver.MustParse(newer))).To(BeTrue(), "%s stands before %s", older, newer)
		}
	})

	It("finds each release that it lists", func() {
		for _, version := range istio.Versions() {
			release, err := istio.Find(version)
			Expect(err).NotTo(HaveOccurred())
			Expect(release.Version).To(Equal(version))
		}
	})

	It("does not let callers change it", func() {
		istio.Releases()[0].Version = "0.0.0"
		Expect(istio.Versions()).NotTo(ContainElement("0.0.0"))
	})

	It("names the versions that it has where it is asked for another", func() {
		_, err := istio.Find("1.2.3")
		var unknown *istio.UnknownVersionError
		Expect(err).To(BeAssignableToTypeOf(unknown))
		Expect(err).To(MatchError(ContainSubstring("Istio 1.2.3 is not bundled")))
		for _, version := range istio.Versions() {
			Expect(err).To(MatchError(ContainSubstring(version)))
		}
	})

	DescribeTable("describes a release that it does not have after the nearest:", func(version, like string) {
		nearest, err := istio.Find(like)
		Expect(err).NotTo(HaveOccurred())
		release := istio.NearestRelease(version)
		Expect(release.Charts).To(BeNil())
		Expect(release).To(And(HaveField("Version", version), HaveField("Hub", "docker.io/istio"),
			HaveField("GatewayAPI", nearest.GatewayAPI), HaveField("Kubernetes", nearest.Kubernetes)))
	},
		Entry("a newer patch", "1.29.99", "1.29.1"),
		Entry("an older patch", "1.29.0", "1.29.1"),
		Entry("a minor version between two", "1.30.2", "1.29.1"),
		Entry("a newer minor version", "1.99.0", "1.31.0"),
		Entry("an older minor version", "1.20.0", "1.26.2"),
		Entry("a build of a known one", "1.28.2-solo", "1.28.2"),
		Entry("no version at all", "latest", "1.26.2"),
	)

	It("writes a range of Kubernetes versions as people do", func() {
		Expect(istio.MinorRange{Min: 29, Max: 32}.String()).To(Equal("1.29 – 1.32"))
	})

	for _, release := range istio.Releases() {
		Describe("release "+release.Version, func() {
			DescribeTable("has the chart", func(directory, name string) {
				metadata, err := fs.ReadFile(release.Charts, directory+"/Chart.yaml")
				Expect(err).NotTo(HaveOccurred())
				Expect(string(metadata)).To(MatchRegexp("(?m)^name: %s$", name))
			},
				Entry("base", "charts/base", "base"),
				Entry("istiod", "charts/istio-control/istio-discovery", "istiod"),
				Entry("istio-cni", "charts/istio-cni", "cni"),
				Entry("ztunnel", "charts/ztunnel", "ztunnel"),
			)

			It("has the charts of its own minor version, not of another release", func() {
				minor := int(semver.MustParse(release.Version).Minor())
				_, err := fs.Stat(release.Charts, compatibilityProfile(minor-1))
				Expect(err).NotTo(HaveOccurred(), "charts can behave like the minor version before")
				_, err = fs.Stat(release.Charts, compatibilityProfile(minor))
				Expect(err).To(MatchError(fs.ErrNotExist), "charts cannot behave like a version that they do not know")
			})

			It("is described as its own sources say", func() {
				sources := sourcesOf(release)
				goMod := read(filepath.Join(sources, "go.mod"))
				k8sVersion := read(filepath.Join(sources, "istioctl", "pkg", "install", "k8sversion", "version.go"))
				Expect(release.Kubernetes).To(Equal(istio.MinorRange{
					Min: number(k8sVersion, `MinK8SVersion\s*= (\d+)`),
					Max: number(goMod, `k8s.io/client-go v0\.(\d+)\.`),
				}))
				Expect(goMod).To(ContainSubstring("sigs.k8s.io/gateway-api " + release.GatewayAPI + "\n"))
				Expect(release.Hub).To(Equal("docker.io/istio"))
			})

			It("has the Gateway API that it was made for", func() {
				Expect(gatewayapi.Bundled(release.GatewayAPI)).To(BeTrue(), "Gateway API %s: run make gateway-api", release.GatewayAPI)
			})
		})
	}
})

// compatibilityProfile is the file by which charts behave like 1.minor.
func compatibilityProfile(minor int) string {
	return fmt.Sprintf("charts/base/files/profile-compatibility-version-1.%d.yaml", minor)
}

// sourcesOf is the directory of a release's module in the module cache.
func sourcesOf(release istio.Release) string {
	GinkgoHelper()
	alias := fmt.Sprintf("charts.local/v1_%d", semver.MustParse(release.Version).Minor())
	directory, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", alias).Output()
	Expect(err).NotTo(HaveOccurred())
	return strings.TrimSpace(string(directory))
}

func read(file string) string {
	GinkgoHelper()
	content, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}

// number is what the expression's group matches.
func number(text, expression string) int {
	GinkgoHelper()
	match := regexp.MustCompile(expression).FindStringSubmatch(text)
	Expect(match).To(HaveLen(2), expression)
	value, err := strconv.Atoi(match[1])
	Expect(err).NotTo(HaveOccurred())
	return value
}

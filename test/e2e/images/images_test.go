// SPDX-License-Identifier: Apache-2.0

// Package images_test looks into the images of the end-to-end suite: whether all is in
// them that their programs need.
package images_test

import (
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gloo-operator/gloo-operator/test/e2e/imagebuild"
	"github.com/gloo-operator/gloo-operator/test/harness/attempts"
)

var versions = []string{"1.28.2", "1.29.1"}

func TestImages(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The images of the end-to-end suite", attempts.SuiteConfig())
}

var made []imagebuild.Tarball

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	made, err = imagebuild.Build(ctx, GinkgoWriter, versions...)
	Expect(err).NotTo(HaveOccurred())
})

// unpacked is an image in a directory.
func unpacked(name string) (string, ocispec.ImageConfig) {
	GinkgoHelper()
	found, err := imagebuild.Find(made, name)
	Expect(err).NotTo(HaveOccurred())
	root := filepath.Join(GinkgoT().TempDir(), "root")
	image, err := found.Unpack(root)
	Expect(err).NotTo(HaveOccurred())
	return root, image.Config
}

// within runs a program with the directory as its root, and nothing of this machine but the
// kernel: in a network of its own.
func within(root string, credential *syscall.Credential, program string, arguments ...string) string {
	GinkgoHelper()
	cmd := exec.Command(program, arguments...)
	cmd.Path, cmd.Err = program, nil
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/sbin:/usr/bin"}
	cmd.Stdin = strings.NewReader("")
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Cloneflags: syscall.CLONE_NEWNET, Credential: credential}
	out, err := cmd.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s (chroot needs root): %s", program, out)
	return string(out)
}

var _ = Describe("Making them", func() {
	It("names them as the charts do", func() {
		var names []string
		for _, one := range made {
			names = append(names, one.Name)
			Expect(one.Path).To(BeARegularFile())
		}
		Expect(names).To(ConsistOf(
			"ghcr.io/gloo-operator/gloo-operator:0.1.0", imagebuild.Workload, imagebuild.StandIn,
			"docker.io/istio/pilot:1.28.2-distroless", "docker.io/istio/install-cni:1.28.2-distroless", "docker.io/istio/ztunnel:1.28.2-distroless",
			"docker.io/istio/proxyv2:1.28.2-distroless",
			"docker.io/istio/pilot:1.29.1-distroless", "docker.io/istio/install-cni:1.29.1-distroless", "docker.io/istio/ztunnel:1.29.1-distroless",
			"docker.io/istio/proxyv2:1.29.1-distroless",
		))
	})

	It("makes the same again, and writes nothing", func(ctx SpecContext) {
		before, err := os.Stat(made[2].Path)
		Expect(err).NotTo(HaveOccurred())
		again, err := imagebuild.Build(ctx, GinkgoWriter, versions...)
		Expect(err).NotTo(HaveOccurred())
		Expect(again).To(Equal(made))
		after, err := os.Stat(made[2].Path)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.SameFile(before, after)).To(BeTrue())
	})
})

var _ = DescribeTable("Each starts with nothing but what is in it", func(name, output string, arguments ...string) {
	root, config := unpacked(name)
	credential := &syscall.Credential{}
	if config.User == "1337:1337" {
		credential = &syscall.Credential{Uid: 1337, Gid: 1337}
	}
	program := append(slices.Clone(config.Entrypoint), config.Cmd...)[0]
	Expect(within(root, credential, program, arguments...)).To(ContainSubstring(output))
},
	Entry("the operator", "ghcr.io/gloo-operator/gloo-operator:0.1.0", "1.29.1", "version"),
	Entry("the workload", imagebuild.Workload, "Usage of serve", "serve", "-h"),
	Entry("istiod 1.28.2", "docker.io/istio/pilot:1.28.2-distroless", `Version:"1.28.2"`, "version"),
	Entry("istiod 1.29.1", "docker.io/istio/pilot:1.29.1-distroless", `Version:"1.29.1"`, "version"),
	Entry("the CNI agent 1.28.2", "docker.io/istio/install-cni:1.28.2-distroless", `Version:"1.28.2"`, "version"),
	Entry("the CNI agent 1.29.1", "docker.io/istio/install-cni:1.29.1-distroless", `Version:"1.29.1"`, "version"),
	Entry("the agent of proxies 1.28.2", "docker.io/istio/proxyv2:1.28.2-distroless", `Version:"1.28.2"`, "version"),
	Entry("the agent of proxies 1.29.1", "docker.io/istio/proxyv2:1.29.1-distroless", `Version:"1.29.1"`, "version"),
)

var _ = DescribeTable("The image of proxies", func(name, release string) {
	root, config := unpacked(name)
	Expect(config.User).To(Equal("1337:1337"))
	credential := &syscall.Credential{Uid: 1337, Gid: 1337}
	By("starting the Envoy that goes with the release, with the libraries that are in it")
	Expect(within(root, credential, "/usr/local/bin/envoy", "--version")).To(ContainSubstring("/" + release + "."))
	By("having the template without what upstream's Envoy does not have")
	Expect(os.ReadFile(filepath.Join(root, "var/lib/istio/envoy/envoy_bootstrap_tmpl.json"))).To(And(
		ContainSubstring(`"dynamic_resources"`), Not(ContainSubstring("if .metadata_discovery"))))
},
	Entry("of Istio 1.28.2", "docker.io/istio/proxyv2:1.28.2-distroless", "1.36"),
	Entry("of Istio 1.29.1", "docker.io/istio/proxyv2:1.29.1-distroless", "1.37"),
)

var _ = Describe("The image of istiod", func() {
	It("runs as the user that the chart means", func() {
		_, config := unpacked("docker.io/istio/pilot:1.29.1-distroless")
		Expect(config.User).To(Equal("1337:1337"))
		Expect(config.Entrypoint).To(Equal([]string{"/usr/local/bin/pilot-discovery"}))
	})
})

var _ = Describe("The image of the CNI agent", Ordered, func() {
	var root string
	var config ocispec.ImageConfig
	BeforeAll(func() { root, config = unpacked("docker.io/istio/install-cni:1.29.1-distroless") })

	It("has its programs where Istio's has them, on its PATH", func() {
		Expect(filepath.Join(root, "usr/local/bin/install-cni")).To(BeARegularFile())
		Expect(filepath.Join(root, "opt/cni/bin/istio-cni")).To(BeARegularFile())
		Expect(config.Env).To(ContainElement(ContainSubstring(":/usr/local/bin:/usr/sbin:")))
		Expect(os.ReadDir(filepath.Join(root, "opt/cni/bin"))).To(HaveLen(1), "all there is copied onto the node")
	})

	It("has every library that a program in it needs", func() {
		libraries, needed, programs := map[string]bool{}, map[string]string{}, 0
		Expect(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			libraries[entry.Name()] = true
			names, err := neededBy(path)
			for _, name := range names {
				needed[name] = path
				programs++
			}
			return err
		})).To(Succeed())
		Expect(programs).To(BeNumerically(">", 10))
		for name, by := range needed {
			Expect(libraries).To(HaveKey(name), "needed by %s", by)
		}
	})

	DescribeTable("runs", func(output, program string, arguments ...string) {
		Expect(within(root, nil, program, arguments...)).To(ContainSubstring(output))
	},
		Entry("iptables", "(nf_tables)", "/usr/sbin/iptables", "--version"),
		Entry("iptables, the old way", "(legacy)", "/usr/sbin/iptables-legacy", "--version"),
		Entry("iptables-save", "", "/usr/sbin/iptables-save"),
		Entry("ip6tables-save", "", "/usr/sbin/ip6tables-save"),
		Entry("iptables-restore", "", "/usr/sbin/iptables-restore"),
		Entry("iptables with a rule as the agent tries first", "", "/usr/sbin/iptables", "-t", "nat", "-A", "INPUT", "-p", "255", "-j", "RETURN"),
		Entry("iptables with what the agent's rules match", "", "/usr/sbin/iptables", "-t", "mangle", "-A", "PREROUTING", "-m", "mark", "--mark", "0x539/0xfff", "-j", "CONNMARK", "--set-xmark", "0x111/0xfff"),
		Entry("nft", "nftables v", "/usr/sbin/nft", "--version"),
		Entry("nft with a table", "", "/usr/sbin/nft", "add table inet istio"),
	)
})

// neededBy lists the libraries and the loader that a file needs, if it is a program or a
// library.
func neededBy(path string) ([]string, error) {
	opened, err := elf.Open(path)
	if err != nil {
		return nil, nil // neither, or a link to what only a whole Debian has
	}
	defer func() { _ = opened.Close() }()
	libraries, err := opened.ImportedLibraries()
	if section := opened.Section(".interp"); section != nil {
		loader, problem := section.Data()
		libraries = append(libraries, filepath.Base(strings.TrimRight(string(loader), "\x00")))
		err = errors.Join(err, problem)
	}
	return libraries, err
}

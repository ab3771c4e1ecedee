// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// containerd is a real one that runs nothing.
type containerd struct {
	tools   toolchain.Tools
	address string
}

// startContainerd starts it in a directory of its own. It needs root.
func startContainerd(ctx SpecContext) containerd {
	GinkgoHelper()
	tools, err := toolchain.Build(ctx, toolchain.Containerd(), GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	directory := GinkgoT().TempDir()
	c := containerd{tools: tools, address: filepath.Join(directory, "c.sock")}
	config := filepath.Join(directory, "config.toml")
	Expect(os.WriteFile(config, fmt.Appendf(nil, `version = 3
root = %q
state = %q
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"]
[grpc]
address = %q
`, filepath.Join(directory, "root"), filepath.Join(directory, "state"), c.address), 0o600)).To(Succeed())
	process := exec.Command(tools.Path("containerd"), "--config", config)
	process.Stdout, process.Stderr = GinkgoWriter, GinkgoWriter
	Expect(process.Start()).To(Succeed())
	DeferCleanup(func() {
		_ = process.Process.Signal(os.Interrupt)
		_ = process.Wait()
	})
	Eventually(func() error { _, err := c.ctr("version"); return err }, 30*time.Second).Should(Succeed(), "containerd needs root")
	return c
}

// ctr runs the command that administrators use.
func (c containerd) ctr(arguments ...string) (string, error) {
	command := exec.Command(c.tools.Path("ctr"), append([]string{"--address", c.address, "--namespace", "k8s.io"}, arguments...)...)
	var messages bytes.Buffer
	command.Stderr = &messages
	out, err := command.Output()
	if err != nil {
		err = fmt.Errorf("ctr %s: %w: %s", arguments[0], err, messages.String())
	}
	return string(out), err
}

var _ = Describe("The image for this machine's platform", func() {
	var (
		node    containerd
		files   contents
		archive string
	)

	BeforeEach(func(ctx SpecContext) {
		files, node = read(newRelease(ctx)), startContainerd(ctx)
		archive = "gloo-operator-v0.1.0-image-linux-" + runtime.GOARCH + ".tar"
	})

	// imported imports an archive as administrators do, and returns the names of complete images.
	imported := func(content []byte) []string {
		GinkgoHelper()
		file := filepath.Join(GinkgoT().TempDir(), archive)
		Expect(os.WriteFile(file, content, 0o600)).To(Succeed())
		_, err := node.ctr("images", "import", file)
		Expect(err).NotTo(HaveOccurred())
		checked, err := node.ctr("images", "check", "--quiet")
		Expect(err).NotTo(HaveOccurred())
		return strings.Fields(checked)
	}

	It("is imported by containerd with the name in the chart, and with its tag", func() {
		deployed := regexp.MustCompile(`image: (\S+@sha256:\S+)`).FindSubmatch(files[manifestFile])
		Expect(deployed).NotTo(BeNil())
		Expect(imported(files[archive])).To(ConsistOf(string(deployed[1]), "ghcr.io/gloo-operator/gloo-operator:v0.1.0"))
	})

	It("is imported by what knows only Docker's form", func() {
		form, err := unpacked(bytes.NewReader(files[archive]))
		Expect(err).NotTo(HaveOccurred())
		delete(form, ocispec.ImageLayoutFile)
		delete(form, ocispec.ImageIndexFile)
		Expect(imported(archived(form, packed))).To(ConsistOf("ghcr.io/gloo-operator/gloo-operator:v0.1.0"))
	})
})

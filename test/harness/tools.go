// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// Helm runs the real helm command as an administrator and returns what it printed.
func (e *Env) Helm(arguments ...string) string {
	GinkgoHelper()
	return e.run(toolchain.Helm(), "helm", arguments)
}

// TryHelm is Helm for what may fail.
func (e *Env) TryHelm(arguments ...string) (string, error) {
	GinkgoHelper()
	return e.try(toolchain.Helm(), "helm", arguments)
}

// Istioctl runs the real istioctl command as an administrator.
func (e *Env) Istioctl(arguments ...string) string {
	GinkgoHelper()
	return e.run(toolchain.Istioctl(), "istioctl", arguments)
}

// TryIstioctl is Istioctl for what may fail.
func (e *Env) TryIstioctl(arguments ...string) (string, error) {
	GinkgoHelper()
	return e.try(toolchain.Istioctl(), "istioctl", arguments)
}

func (e *Env) run(family toolchain.Family, program string, arguments []string) string {
	GinkgoHelper()
	out, err := e.try(family, program, arguments)
	Expect(err).NotTo(HaveOccurred(), out)
	return out
}

// try builds the tool unless it is there, and runs it.
func (e *Env) try(family toolchain.Family, program string, arguments []string) (string, error) {
	GinkgoHelper()
	tools, err := toolchain.Build(context.Background(), family, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	command := exec.Command(tools.Path(program), arguments...)
	home := GinkgoT().TempDir() // Neither tool is to see what this machine's user has.
	command.Env = append(os.Environ(), "KUBECONFIG="+e.Cluster.Kubeconfig(), "HOME="+home)
	out, err := command.CombinedOutput()
	return string(out), err
}

// Chart writes a chart of a release, such as "base" or "istio-cni", to a directory of
// the spec's and returns it. It has the version that published charts have.
func Chart(version, directory string) string {
	GinkgoHelper()
	release, err := istio.Find(version)
	Expect(err).NotTo(HaveOccurred())
	chart, err := fs.Sub(release.Charts, "charts/"+directory)
	Expect(err).NotTo(HaveOccurred())
	target := filepath.Join(GinkgoT().TempDir(), filepath.Base(directory))
	Expect(os.CopyFS(target, chart)).To(Succeed())
	stamp(filepath.Join(target, "Chart.yaml"), version)
	return target
}

func stamp(file, version string) {
	GinkgoHelper()
	content, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	metadata := map[string]any{}
	Expect(yaml.Unmarshal(content, &metadata)).To(Succeed())
	metadata["version"], metadata["appVersion"] = version, version
	content, err = yaml.Marshal(metadata)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.Remove(file)).To(Succeed()) // The copy is as read-only as the module cache.
	Expect(os.WriteFile(file, content, 0o600)).To(Succeed())
}

// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestToolchain(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Toolchain")
}

// sh makes a program of the test's own family the way a person would.
func sh(dir, script string) {
	GinkgoHelper()
	cmd := exec.Command("sh", "-euc", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
}

var _ = Describe("A family", func() {
	var (
		root, cache string
		family      Family
	)
	BeforeEach(func() {
		family = Family{
			Name: "greeters", module: "example.com/greet",
			rename: map[string]string{"example.com/greet/hi/v3": "hi"},
			stamp:  func(version string) map[string]string { return map[string]string{"main.version": version} },
		}
		dir := GinkgoT().TempDir()
		root, cache = filepath.Join(dir, "root"), filepath.Join(dir, "cache")
		goCache, err := exec.Command("go", "env", "GOCACHE").Output()
		Expect(err).NotTo(HaveOccurred())
		GinkgoT().Setenv("GOCACHE", strings.TrimSpace(string(goCache)))
		GinkgoT().Setenv("XDG_CACHE_HOME", cache)
		sh(dir, `
			mkdir -p root/hack/tools/greeters root/greet/hello root/greet/hi/v3
			printf 'module example.com/greet\n\ngo 1.26\n' > root/greet/go.mod
			printf 'package main\nvar version string\nfunc main() { print("hello " + version) }\n' > root/greet/hello/main.go
			printf 'package main\nfunc main() { print("hi") }\n' > root/greet/hi/v3/main.go
			cd root/hack/tools/greeters
			printf 'module tools\n\ngo 1.26\n\ntool (\n\texample.com/greet/hello\n\texample.com/greet/hi/v3\n)\n\nrequire example.com/greet v1.2.3\n\nreplace example.com/greet => ../../../greet\n' > go.mod
			: > go.sum`)
	})
	build := func(log *bytes.Buffer) (Tools, error) { return buildIn(context.Background(), root, family, log) }
	output := func(tools Tools, program string) string {
		GinkgoHelper()
		out, err := exec.Command(tools.Path(program)).CombinedOutput()
		Expect(err).NotTo(HaveOccurred())
		return string(out)
	}

	It("is built with its version and its names", func() {
		tools, err := build(&bytes.Buffer{})
		Expect(err).NotTo(HaveOccurred())
		Expect(tools.Programs()).To(ConsistOf("hello", "hi"))
		Expect(output(tools, "hello")).To(Equal("hello v1.2.3"))
		Expect(output(tools, "hi")).To(Equal("hi"))
		Expect(tools.Path("hello")).To(HavePrefix(cache))
	})

	It("is built once, also by two at the same time", func() {
		var all sync.WaitGroup
		found := make([]Tools, 4)
		for i := range found {
			all.Go(func() {
				defer GinkgoRecover()
				var err error
				found[i], err = build(&bytes.Buffer{})
				Expect(err).NotTo(HaveOccurred())
			})
		}
		all.Wait()
		Expect(found).To(HaveEach(found[0]))
		before, err := os.Stat(found[0].Path("hello"))
		Expect(err).NotTo(HaveOccurred())
		again, err := build(&bytes.Buffer{})
		Expect(err).NotTo(HaveOccurred())
		after, err := os.Stat(again.Path("hello"))
		Expect(err).NotTo(HaveOccurred())
		Expect(os.SameFile(before, after)).To(BeTrue())
		Expect(filepath.Glob(filepath.Join(cache, "gloo-operator", "tools", ".building-*"))).To(BeEmpty())
	})

	It("is built again when its module, its flags or the platform change", func() {
		first, err := build(&bytes.Buffer{})
		Expect(err).NotTo(HaveOccurred())
		seen := []Tools{first}
		for _, change := range []func(){
			func() { sh(root, "echo >> hack/tools/greeters/go.mod") },
			func() { sh(root, "echo >> hack/tools/greeters/go.sum") },
			func() { family.stamp = nil },
			func() { family.tags = []string{"some"} },
			func() { sh(root, "echo 'package tools' > hack/tools/greeters/own.go") },
			func() { GinkgoT().Setenv("GOARCH", "riscv64") },
		} {
			change()
			next, err := build(&bytes.Buffer{})
			Expect(err).NotTo(HaveOccurred())
			Expect(seen).NotTo(ContainElement(next))
			seen = append(seen, next)
		}
	})

	It("says what the compiler said, and leaves nothing half built", func() {
		sh(root, "echo 'func main() {' >> greet/hello/main.go")
		_, err := build(&bytes.Buffer{})
		Expect(err).To(MatchError(SatisfyAll(ContainSubstring("building greeters v1.2.3"), ContainSubstring("main.go:"))))
		Expect(filepath.Glob(filepath.Join(cache, "gloo-operator", "tools", "*greeters-*"))).To(BeEmpty())
	})

	It("is found from the working directory in a binary that was built with -trimpath", func() {
		_, err := rootAbove(filepath.Join(root, "greet"), "greeters")
		Expect(err).NotTo(HaveOccurred())
		_, err = rootAbove(filepath.Dir(root), "greeters")
		Expect(err).To(MatchError(errNoRoot))
	})
})

var _ = Describe("The families of this repository", func() {
	It("name the programs of a cluster", func() {
		var programs []string
		for _, family := range Families("") {
			root, err := Root()
			Expect(err).NotTo(HaveOccurred())
			src, err := family.read(root)
			Expect(err).NotTo(HaveOccurred())
			for _, pkg := range src.packages {
				programs = append(programs, family.program(pkg))
			}
		}
		Expect(programs).To(ContainElements("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"))
	})

	It("name the programs of real nodes apart, so that a cluster without does not wait for them", func() {
		programs := func(family Family) (names []string) {
			root, err := Root()
			Expect(err).NotTo(HaveOccurred())
			src, err := family.read(root)
			Expect(err).NotTo(HaveOccurred())
			for _, pkg := range src.packages {
				names = append(names, family.program(pkg))
			}
			return names
		}
		Expect(programs(Kubernetes(""))).To(ConsistOf("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"))
		Expect(programs(KubernetesNode(""))).To(ConsistOf("kubelet", "kube-proxy"))
		Expect(programs(Containerd())).To(ConsistOf("containerd", "containerd-shim-runc-v2", "ctr"))
		Expect(programs(CoreDNS())).To(ConsistOf("coredns"))
	})

	It("are of each minor version of Kubernetes that has a module", func() {
		minors, err := OlderKubernetes()
		Expect(err).NotTo(HaveOccurred())
		Expect(minors).To(HaveExactElements("1.36", "1.35", "1.34", "1.33"))
		for _, minor := range minors {
			Expect(Kubernetes(minor).Version()).To(HavePrefix("v" + minor + "."))
			Expect(KubernetesNode(minor).Version()).To(HavePrefix("v" + minor + "."))
			Expect(KubernetesNode(minor).Name).To(Equal("kubernetes-node-" + minor))
		}
	})

	It("stamp the version that Kubernetes reports", func() {
		Expect(Kubernetes("").ldflags("v1.37.2")).To(SatisfyAll(
			ContainSubstring("component-base/version.gitVersion=v1.37.2"), ContainSubstring("gitMinor=37")))
	})
})

var _ = Describe("Progress", func() {
	It("counts packages and keeps the words of the compiler", func() {
		var out bytes.Buffer
		p := startProgress(&out, "x v1")
		_, _ = p.Write([]byte("k8s.io/api/core/v1\nk8s.io/"))
		_, _ = p.Write([]byte("client-go\n# example.com/x\nx.go:1: bad thing\n"))
		p.show()
		Expect(p.tail()).To(Equal("# example.com/x\nx.go:1: bad thing"))
		p.stop(errors.New("x"))
		Expect(out.String()).To(MatchRegexp(`^compiling x v1: 2 packages, 0 s\ncould not compile x v1: 0 s\n$`))
	})
})

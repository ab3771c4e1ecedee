// SPDX-License-Identifier: Apache-2.0

// Package toolchain builds the programs that the local cluster consists of, and those that tests
// use on it.
//
// Each family of programs is a nested Go module under hack/tools, which pins its versions; the
// module's tool directives name the programs. Build compiles them into the user's cache directory,
// once for each version of the module, the flags and the Go toolchain.
package toolchain

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// Family is a set of programs that are built together from one module of hack/tools.
type Family struct {
	// Name is that of the directory under hack/tools, unless directory says otherwise.
	Name      string
	directory string
	// only are the programs that the family has of those that the module names. Empty means all.
	only []string
	// tags are build tags.
	tags []string
	// module is the one whose version is the family's version.
	module string
	// rename maps a program to its file name where that is not the last element of its path.
	rename map[string]string
	// stamp gives the linker's -X settings for a version.
	stamp func(version string) map[string]string
}

// Kubernetes is the control plane and kubectl of a minor version for which there is a module,
// such as 1.36. Empty: the newest.
func Kubernetes(minor string) Family {
	return Family{
		Name: kubernetesName(minor), module: "k8s.io/kubernetes", stamp: kubernetesVersion,
		only: []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"},
	}
}

// KubernetesNode is what Kubernetes of a minor version runs on a node. Empty: the newest.
func KubernetesNode(minor string) Family {
	return Family{
		Name: "kubernetes-node" + strings.TrimPrefix(kubernetesName(minor), newestKubernetes), directory: kubernetesName(minor),
		module: "k8s.io/kubernetes", stamp: kubernetesVersion, only: []string{"kubelet", "kube-proxy"},
	}
}

// newestKubernetes is the name of the module of the newest minor version.
const newestKubernetes = "kubernetes"

func kubernetesName(minor string) string {
	if minor == "" {
		return newestKubernetes
	}
	return newestKubernetes + "-" + minor
}

// OlderKubernetes lists the minor versions besides the newest for which there is a module, such
// as 1.36, the newest first.
func OlderKubernetes() ([]string, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	modules, err := filepath.Glob(filepath.Join(root, "hack", "tools", newestKubernetes+"-*", "go.mod"))
	if err != nil {
		return nil, err
	}
	var minors []string
	for _, module := range modules {
		minors = append(minors, strings.TrimPrefix(filepath.Base(filepath.Dir(module)), newestKubernetes+"-"))
	}
	slices.Sort(minors) // 1.30 to 1.99.
	slices.Reverse(minors)
	return minors, nil
}

// Containerd is the container runtime, without the snapshotters that need a C compiler or a file
// system of their own.
func Containerd() Family {
	return Family{
		Name: "containerd", module: "github.com/containerd/containerd/v2",
		tags: []string{"no_btrfs", "no_devmapper", "no_zfs"},
	}
}

// CoreDNS is the cluster DNS.
func CoreDNS() Family {
	return Family{Name: "coredns", module: "github.com/coredns/coredns"}
}

// Etcd is the store behind the API server.
func Etcd() Family {
	return Family{
		Name:   "etcd",
		module: "go.etcd.io/etcd/server/v3",
		rename: map[string]string{"go.etcd.io/etcd/server/v3": "etcd"},
	}
}

// Kwok plays the kubelets.
func Kwok() Family {
	return Family{Name: "kwok", module: "sigs.k8s.io/kwok"}
}

// Helm is the helm command.
func Helm() Family {
	return Family{Name: "helm", module: "helm.sh/helm/v3"}
}

// Istioctl is the istioctl command.
func Istioctl() Family {
	return Family{Name: "istioctl", module: "istio.io/istio"}
}

// Istio is istiod, the agent of its proxies, and the CNI agent and plugin of that release, for
// which there is a module, such as 1.29.1. Compiling it for the first time takes minutes.
func Istio(version string) Family {
	return Family{
		Name: "istio-" + minorOf(version), module: "istio.io/istio",
		stamp: func(string) map[string]string {
			return map[string]string{"istio.io/istio/pkg/version.buildVersion": version}
		},
	}
}

// minorOf is 1.29 for 1.29.1.
func minorOf(version string) string { return version[:max(0, strings.LastIndexByte(version, '.'))] }

// Registry is a registry of OCI artifacts.
func Registry() Family {
	return Family{Name: "registry", module: "github.com/distribution/distribution/v3"}
}

// Families lists what a cluster of a minor version of Kubernetes consists of, the one that takes
// longest first. Empty: the newest.
func Families(kubernetes string) []Family {
	return []Family{Kubernetes(kubernetes), Kwok(), Etcd()}
}

// NodeFamilies lists what real nodes of it need besides.
func NodeFamilies(kubernetes string) []Family {
	return []Family{KubernetesNode(kubernetes), CoreDNS(), Containerd()}
}

// Peers lists what tests put to use besides: the other tools that install Istio, and a registry.
func Peers() []Family {
	return []Family{Istioctl(), Helm(), Registry()}
}

// kubernetesVersion is needed because the server calls itself v0.0.0 otherwise, and Helm charts
// check the version.
func kubernetesVersion(version string) map[string]string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return nil
	}
	settings := map[string]string{}
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		settings[pkg+".gitVersion"] = version
		settings[pkg+".gitMajor"] = parts[0]
		settings[pkg+".gitMinor"] = parts[1]
	}
	return settings
}

// Version is the one that the family's module pins, such as "v1.37.2".
func (f Family) Version() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	src, err := f.read(root)
	return src.version, err
}

// source is what a family's module says.
type source struct {
	dir      string
	version  string
	packages []string
	sums     []byte
}

var toolDirective = regexp.MustCompile(`(?m)^(?:tool\s+|\t)([\w./~-]+)\s*$`)

func (f Family) read(root string) (source, error) {
	dir := filepath.Join(root, "hack", "tools", cmp.Or(f.directory, f.Name))
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return source{}, fmt.Errorf("reading the tools of family %s: %w", f.Name, err)
	}
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return source{}, fmt.Errorf("reading the tools of family %s: %w", f.Name, err)
	}
	required := regexp.MustCompile(`(?m)^(?:require\s+|\t)` + regexp.QuoteMeta(f.module) + `\s+(v\S+)`)
	match := required.FindSubmatch(mod)
	if match == nil {
		return source{}, fmt.Errorf("%s/go.mod does not require %s", dir, f.module)
	}
	src := source{dir: dir, version: string(match[1]), sums: append(mod, sum...)}
	if src.sums, err = appendPrograms(src.sums, dir); err != nil {
		return source{}, fmt.Errorf("reading the tools of family %s: %w", f.Name, err)
	}
	for _, tool := range toolDirective.FindAllSubmatch(mod, -1) {
		if pkg := string(tool[1]); len(f.only) == 0 || slices.Contains(f.only, f.program(pkg)) {
			src.packages = append(src.packages, pkg)
		}
	}
	if len(src.packages) == 0 {
		return source{}, fmt.Errorf("%s/go.mod has no tool directive", dir)
	}
	return src, nil
}

// appendPrograms adds the source of programs that are in the module itself.
func appendPrograms(sums []byte, dir string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sums = append(sums, data...)
	}
	return sums, nil
}

// program is the file name that a package's program gets.
func (f Family) program(pkg string) string {
	if name, ok := f.rename[pkg]; ok {
		return name
	}
	return path.Base(pkg)
}

var errNoRoot = errors.New("hack/tools not found: run inside the repository")

// Root finds the repository: from where this file was compiled, or, in a binary built with
// -trimpath, from the working directory upwards.
func Root() (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		if root, err := rootAbove(filepath.Dir(file), newestKubernetes); err == nil {
			return root, nil
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return rootAbove(dir, newestKubernetes)
}

// rootAbove is the directory at or above dir that has the tools of a family.
func rootAbove(dir, family string) (string, error) {
	for {
		if _, err := os.Stat(filepath.Join(dir, "hack", "tools", family, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errNoRoot
		}
		dir = filepath.Dir(dir)
	}
}

// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"

	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// machine describes where the benchmark runs.
func machine() string {
	GinkgoHelper()
	var info unix.Sysinfo_t
	Expect(unix.Sysinfo(&info)).To(Succeed())
	return fmt.Sprintf("%d cores (%s) with %d GiB of memory, Linux %s",
		runtime.NumCPU(), processor(), info.Totalram*uint64(info.Unit)>>30, strings.TrimSpace(read("/proc/sys/kernel/osrelease")))
}

// processor is what the machine calls its first one.
func processor() string {
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// versions are those of all that takes part. istioctl is one for both works, as it is
// when users upgrade with the new one.
func versions() map[string]string {
	GinkgoHelper()
	all := map[string]string{"Go": strings.TrimPrefix(runtime.Version(), "go"), "Istio": before + " and " + version, "istioctl": version}
	for name, family := range map[string]toolchain.Family{
		"Kubernetes": toolchain.Kubernetes(""), "Helm": toolchain.Helm(), "kwok": toolchain.Kwok(), "etcd": toolchain.Etcd(),
	} {
		used, err := family.Version()
		Expect(err).NotTo(HaveOccurred())
		all[name] = strings.TrimPrefix(used, "v")
	}
	return all
}

// weigh adds up what a node downloads of this machine's architecture.
func weigh() {
	GinkgoHelper()
	var top, images ocispec.Index
	decode(filepath.Join(*image, ocispec.ImageIndexFile), &top)
	decode(blob(top.Manifests[0].Digest), &images)
	for _, one := range images.Manifests {
		if one.Platform == nil || one.Platform.Architecture != runtime.GOARCH {
			continue
		}
		var manifest ocispec.Manifest
		decode(blob(one.Digest), &manifest)
		size := manifest.Config.Size
		for _, layer := range manifest.Layers {
			size += layer.Size
		}
		imageSize.add(float64(size) / 1e6)
	}
	Expect(imageSize.values).To(HaveLen(1))
}

func blob(d digest.Digest) string {
	return filepath.Join(*image, ocispec.ImageBlobsDir, d.Algorithm().String(), d.Encoded())
}

func decode(file string, into any) {
	GinkgoHelper()
	Expect(json.Unmarshal([]byte(read(file)), into)).To(Succeed())
}

func read(file string) string {
	GinkgoHelper()
	content, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}

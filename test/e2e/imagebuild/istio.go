// SPDX-License-Identifier: Apache-2.0

package imagebuild

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gloo-operator/gloo-operator/hack/image/pack"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// ZtunnelVariable is the environment variable that names an archive with the real ztunnel,
// in which VERSION stands for Istio's version. Without, its stand-in is built.
const ZtunnelVariable = "E2E_ZTUNNEL_IMAGE"

// certificates are those that istiod trusts when it fetches keys of token issuers.
const certificates = "/etc/ssl/certs/ca-certificates.crt"

// cniPath is the PATH of Istio's own image of the CNI agent, from cni/deployments/kubernetes.
const cniPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/cni/bin"

// variant is the suffix of the images' tags that the profile ambient asks for.
const variant = "-distroless"

// Versions are those of Istio that Build has a module for, the oldest first.
func Versions() ([]string, error) {
	root, err := toolchain.Root()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(istio.Versions(), func(version string) bool {
		_, err := os.Stat(filepath.Join(root, "hack", "tools", toolchain.Istio(version).Name, "go.mod"))
		return err != nil
	}), nil
}

// release lists what makes the images of a release.
func (b *builder) release(release istio.Release) []func(context.Context) error {
	name := func(image string) string { return release.Hub + "/" + image + ":" + release.Version + variant }
	return []func(context.Context) error{
		func(ctx context.Context) error { return b.istiod(ctx, name("pilot"), release.Version) },
		func(ctx context.Context) error { return b.installCNI(ctx, name("install-cni"), release.Version) },
		func(ctx context.Context) error { return b.ztunnel(ctx, name("ztunnel"), release.Version) },
		func(ctx context.Context) error { return b.proxy(ctx, name("proxyv2"), release.Version) },
	}
}

// istiod makes the image that the chart istiod asks for. User and paths are those of
// Istio's own, from pilot/docker.
func (b *builder) istiod(ctx context.Context, name, version string) error {
	tools, err := toolchain.Build(ctx, toolchain.Istio(version), b.log)
	if err != nil {
		return err
	}
	const program = "usr/local/bin/pilot-discovery"
	return b.add(ctx, name, plain(ocispec.ImageConfig{User: "1337:1337", Entrypoint: []string{"/" + program}},
		pack.File{Name: certificates[1:], From: certificates, Mode: 0o644},
		pack.File{Name: program, From: tools.Path("pilot-discovery"), Mode: 0o755},
		pack.File{Name: "tmp", Mode: 0o1777},
	))
}

// installCNI makes the image that the chart istio-cni asks for: Istio's two programs, and
// those of Debian's that they run.
func (b *builder) installCNI(ctx context.Context, name, version string) error {
	tools, err := toolchain.Build(ctx, toolchain.Istio(version), b.log)
	if err != nil {
		return err
	}
	root, err := toolchain.RootFS(ctx, b.log, "iptables", "nftables")
	if err != nil {
		return err
	}
	files, err := debianFiles(root)
	if err != nil {
		return err
	}
	files = append(files, iptablesFiles()...)
	// The agent mounts over the first, and writes into the second.
	files = append(files,
		pack.File{Name: "etc/nsswitch.conf", From: os.DevNull, Mode: 0o644}, pack.File{Name: "run", Mode: 0o755},
		pack.File{Name: "opt/cni/bin/istio-cni", From: tools.Path("istio-cni"), Mode: 0o755},
		pack.File{Name: "usr/local/bin/install-cni", From: tools.Path("install-cni"), Mode: 0o755},
	)
	return b.add(ctx, name, plain(ocispec.ImageConfig{
		Env: []string{cniPath}, WorkingDir: "/opt/cni/bin", Cmd: []string{"/usr/local/bin/install-cni"},
	}, files...))
}

// ztunnel makes the image that the chart ztunnel asks for, or takes the one it is given.
func (b *builder) ztunnel(ctx context.Context, name, version string) error {
	if given := os.Getenv(ZtunnelVariable); given != "" {
		file := strings.ReplaceAll(given, "VERSION", version)
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("%s: %w", ZtunnelVariable, err)
		}
		b.made = append(b.made, Tarball{Name: name, Path: file})
		return nil
	}
	return b.standIn(ctx, name)
}

// standIn makes the image of test/e2e/ztunnelstandin, under any name.
func (b *builder) standIn(ctx context.Context, name string) error {
	program, err := b.compile(ctx, filepath.Join("test", "e2e", "ztunnelstandin"), ".")
	if err != nil {
		return err
	}
	return b.add(ctx, name, plain(ocispec.ImageConfig{Entrypoint: []string{"/ztunnel-stand-in"}},
		pack.File{Name: "ztunnel-stand-in", From: program, Mode: 0o755}))
}

// plain is an image for this machine, that runs and holds no more than what is given.
func plain(config ocispec.ImageConfig, files ...pack.File) pack.Image {
	return pack.Image{
		Platform: platform, Created: time.Unix(0, 0).UTC(), CreatedBy: "test/e2e/imagebuild",
		Config: config, Files: sorted(files),
	}
}

// sorted has a directory before what is in it, so that its permissions are those given.
func sorted(files []pack.File) []pack.File {
	return slices.SortedFunc(slices.Values(files), func(a, b pack.File) int { return cmp.Compare(a.Name, b.Name) })
}

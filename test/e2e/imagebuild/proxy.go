// SPDX-License-Identifier: Apache-2.0

package imagebuild

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gloo-operator/gloo-operator/hack/image/pack"
	"github.com/gloo-operator/gloo-operator/test/cluster/toolchain"
)

// proxy makes the image that istiod asks for where it creates waypoints and gateways: Istio's
// agent, which starts upstream's Envoy, and the C library that Envoy needs. User and paths are
// those of Istio's own, from pilot/docker.
func (b *builder) proxy(ctx context.Context, name, version string) error {
	tools, err := toolchain.Build(ctx, toolchain.Istio(version), b.log)
	if err != nil {
		return err
	}
	envoy, err := toolchain.Envoy(ctx, version, b.log)
	if err != nil {
		return err
	}
	root, err := toolchain.RootFS(ctx, b.log, "libc6")
	if err != nil {
		return err
	}
	files, err := debianFiles(root)
	if err != nil {
		return err
	}
	template, err := b.bootstrap(ctx, version)
	if err != nil {
		return fmt.Errorf("making the bootstrap template of Envoy for Istio %s: %w", version, err)
	}
	const agent = "usr/local/bin/pilot-agent"
	files = append(files,
		pack.File{Name: certificates[1:], From: certificates, Mode: 0o644},
		pack.File{Name: agent, From: tools.Path("pilot-agent"), Mode: 0o755},
		pack.File{Name: "usr/local/bin/envoy", From: envoy.Path("envoy"), Mode: 0o755},
		pack.File{Name: "var/lib/istio/envoy/envoy_bootstrap_tmpl.json", From: template, Mode: 0o644},
	)
	return b.add(ctx, name, plain(ocispec.ImageConfig{User: "1337:1337", Entrypoint: []string{"/" + agent}}, files...))
}

// bootstrap writes the template of Istio's module for a release, as upstream's Envoy can do with it.
func (b *builder) bootstrap(ctx context.Context, version string) (string, error) {
	module, err := b.moduleDirectory(ctx, filepath.Join("hack", "tools", toolchain.Istio(version).Name), "istio.io/istio")
	if err != nil {
		return "", err
	}
	template, err := os.ReadFile(filepath.Join(module, "tools", "packaging", "common", "envoy_bootstrap.json"))
	if err == nil {
		template, err = withoutDiscovery(template)
	}
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.scratch, "bootstrap-"+version+".json")
	return file, os.WriteFile(file, template, 0o600)
}

// withoutDiscovery leaves out the extension metadata_discovery, which Istio's agent asks for in
// every waypoint and only Istio's own Envoy has.
func withoutDiscovery(template []byte) ([]byte, error) {
	asked, never := []byte("{{- if .metadata_discovery }}"), []byte("{{- if false }}")
	if !bytes.Contains(template, asked) {
		return nil, errors.New("it does not mention metadata_discovery as expected")
	}
	return bytes.ReplaceAll(template, asked, never), nil
}

// moduleDirectory is where the source of a module is that the module in a directory of the
// repository requires.
func (b *builder) moduleDirectory(ctx context.Context, directory, module string) (string, error) {
	var found struct{ Dir string }
	out, err := b.output(ctx, directory, "mod", "download", "-json", module)
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	return found.Dir, err
}

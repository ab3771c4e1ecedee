// SPDX-License-Identifier: Apache-2.0

package imagebuild

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"sigs.k8s.io/yaml"

	"github.com/gloo-operator/gloo-operator/hack/image/pack"
)

// platform is this machine's.
var platform = ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH}

// operator makes the operator's image, as `make image` does, under the name that the
// chart asks for by default.
func (b *builder) operator(ctx context.Context) error {
	name, err := b.operatorName()
	if err != nil {
		return fmt.Errorf("reading the name of the operator's image in its chart: %w", err)
	}
	program, err := b.compile(ctx, ".", "./cmd/gloo-operator")
	if err != nil {
		return err
	}
	if err := b.probe(ctx, filepath.Dir(program)); err != nil {
		return err
	}
	directory := filepath.Join(b.scratch, "operator")
	if err := b.command(ctx, ".", "run", "./hack/image", "-version=e2e", "-output="+directory, program); err != nil {
		return fmt.Errorf("making image %s: %w", name, err)
	}
	return b.keep(name, directory)
}

// probe compiles the program that hack/image expects next to the operator.
func (b *builder) probe(ctx context.Context, directory string) error {
	program, err := b.compile(ctx, ".", "./cmd/gloo-operator-probe")
	if err != nil {
		return err
	}
	return os.Rename(program, filepath.Join(directory, "gloo-operator-probe"))
}

// operatorName is the image that the chart's default values ask for.
func (b *builder) operatorName() (string, error) {
	var chart struct {
		AppVersion string `json:"appVersion"`
	}
	var values struct {
		Manager struct {
			Image struct {
				Repository string `json:"repository"`
			} `json:"image"`
		} `json:"manager"`
	}
	for name, into := range map[string]any{"Chart.yaml": &chart, "values.yaml": &values} {
		content, err := os.ReadFile(filepath.Join(b.root, "charts", "gloo-operator", name))
		if err != nil {
			return "", err
		}
		if err := yaml.Unmarshal(content, into); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	return values.Manager.Image.Repository + ":" + chart.AppVersion, nil
}

// workload makes the image of test/e2e/workload.
func (b *builder) workload(ctx context.Context) error {
	program, err := b.compile(ctx, ".", "./test/e2e/workload")
	if err != nil {
		return err
	}
	return b.add(ctx, Workload, plain(ocispec.ImageConfig{User: "65532:65532", Entrypoint: []string{"/workload"}},
		pack.File{Name: "workload", From: program, Mode: 0o755}))
}

// compile builds a program of the module in that directory of the repository, statically.
// Go's own cache makes it quick the second time.
func (b *builder) compile(ctx context.Context, module, pkg string) (string, error) {
	program := filepath.Join(b.scratch, "program-"+strings.ReplaceAll(filepath.Join(module, pkg), "/", "-"))
	if err := b.command(ctx, module, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", program, pkg); err != nil {
		return "", fmt.Errorf("compiling %s: %w", filepath.Join(module, pkg), err)
	}
	return program, nil
}

// command runs go in a module of the repository.
func (b *builder) command(ctx context.Context, module string, arguments ...string) error {
	_, err := b.output(ctx, module, arguments...)
	return err
}

// output is what go then prints.
func (b *builder) output(ctx context.Context, module string, arguments ...string) ([]byte, error) {
	fmt.Fprintf(b.log, "images: go %s %s\n", arguments[0], arguments[len(arguments)-1])
	cmd := exec.CommandContext(ctx, "go", arguments...)
	cmd.Dir = filepath.Join(b.root, module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s%s", arguments[0], err, out, &problems)
	}
	return out, nil
}

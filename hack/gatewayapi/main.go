// SPDX-License-Identifier: Apache-2.0

// Command gatewayapi copies the Gateway API's standard-channel CRDs from the Go
// module cache into internal/gatewayapi/crds, which the operator embeds.
//
// The module has no embed of its own, and third-party text is not kept in this
// repository: so the copy is made at build time, from modules that go.sum checks.
// Run it in this directory: go run . ../../internal/gatewayapi/crds
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// crdFiles is where the standard channel's CRDs stand in the module, one file
// each.
const crdFiles = "config/crd/standard/gateway.networking.k8s.io_*.yaml"

// isCRD distinguishes the CRDs from the policy beside them (vap_safeupgrades), which is a
// cluster admin's choice and is left out.
var isCRD = regexp.MustCompile(`(?m)^kind: CustomResourceDefinition$`)

type module struct {
	Path    string
	Replace *struct{ Version, Dir string }
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gatewayapi:", err)
		os.Exit(1)
	}
}

func run(target string) error {
	modules, err := downloaded()
	if err != nil {
		return err
	}
	for _, m := range modules {
		if err := copyCRDs(m.Replace.Dir, filepath.Join(target, m.Replace.Version)); err != nil {
			return fmt.Errorf("copying the CRDs of %s: %w", m.Path, err)
		}
	}
	return nil
}

// downloaded makes sure that the aliased modules are in the module cache and
// lists them.
func downloaded() ([]module, error) {
	if out, err := exec.Command("go", "mod", "download").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go mod download: %w\n%s", err, out)
	}
	out, err := exec.Command("go", "list", "-m", "-json", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var modules []module
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var m module
		switch err := decoder.Decode(&m); {
		case errors.Is(err, io.EOF):
			return modules, nil
		case err != nil:
			return nil, fmt.Errorf("reading go list: %w", err)
		case strings.HasPrefix(m.Path, "gatewayapi.local/"):
			modules = append(modules, m)
		}
	}
}

// copyCRDs writes each CRD as JSON: the operator reads it much faster than YAML.
func copyCRDs(source, target string) error {
	files, err := filepath.Glob(filepath.Join(source, crdFiles))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no file matches %s (%v)", filepath.Join(source, crdFiles), err)
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !isCRD.Match(content) {
			continue
		}
		if content, err = yaml.YAMLToJSON(content); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".yaml") + ".json"
		if err := os.WriteFile(filepath.Join(target, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
